"""Measures speed against a stated baseline; see ``--help``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import DATA, REFERENCE
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command

ABOUT = """measurements:
  generator  a batched training step of the generator, against the published loop over images and classes
  plan       expanding a plan and finding its finished cells, against one seed at a time
  report     rendering many records, against rendering few
  launchers  the main sweep with two workers, against one cell at a time
  gpu        training and evaluation on a GPU, against the published code in plain torch
The last line is "ratio <x>": how many times faster than the baseline; with gpu there is one after every figure.
exit codes: 0 measured, 2 wrong call, or no such device, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds what to measure, and how much of it."""
    parser.add_argument('what', choices=tuple(MEASUREMENTS), metavar='MEASUREMENT', help=', '.join(MEASUREMENTS))
    parser.add_argument('--repeats', type=int, default=15, metavar='N', help='of the generator')
    parser.add_argument('--number', type=int, default=10_000, metavar='N',
                        help='of the cells of a plan, or records of a report')
    parser.add_argument('--records', type=Path, default=REFERENCE / 'records', metavar='DIR',
                        help='records to multiply (default: those of this repository)')
    parser.add_argument('--data-root', type=Path, default=DATA, metavar='DIR', help='data of the launchers')
    parser.add_argument('--device', default='cuda', help='of gpu: cuda, or cpu to see that the program runs')
    parser.add_argument('--quick', action='store_true', help='of gpu: tiny sizes, whose figures mean nothing')


def run(args: Namespace) -> int:
    """Prints the measurement."""
    ratio = MEASUREMENTS[args.what](args)
    if ratio is not None:
        print(f'ratio {ratio:.2f}')
    return 0


def _generator(args: Namespace) -> float:
    from benchmark.commands.perf_generator import generator
    return generator(args.repeats)


def _plan(args: Namespace) -> float:
    from benchmark.commands.perf_scale import plan
    return plan(args.number, args.records)


def _report(args: Namespace) -> float:
    from benchmark.commands.perf_scale import report
    return report(args.number, args.records)


def _launchers(args: Namespace) -> float:
    from benchmark.commands.perf_launchers import launchers
    return launchers(args.data_root)


def _gpu(args: Namespace) -> None:
    from benchmark.commands.perf_gpu import gpu
    gpu(args.device, args.quick)


MEASUREMENTS = {'generator': _generator, 'plan': _plan, 'report': _report, 'launchers': _launchers, 'gpu': _gpu}
COMMAND = Command('perf', 'Measure speed against a stated baseline, in the same run.', ABOUT, add_arguments, run)
main = COMMAND.main
