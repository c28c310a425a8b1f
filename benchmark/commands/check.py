"""Checks that methods keep the contract of the benchmark, on data and trainings of seconds; see ``--help``."""

from __future__ import annotations

import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError, known
from benchmark.planning.words import items

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.checking.suite import Report

ABOUT = """examples:
  python -m benchmark check --methods all
  python -m benchmark check --methods mine --plugin path/to/mine.py
checks, on 60 tiny images and with at most two steps of everything that is repeated:
  builds     the config loads, the recipe is plain data, attributes have known values
  trains     all stages end at K=2; all tensors and all numbers of the summaries are finite
  gradients  what is given to an optimiser changes, and is left on disk; the rest of the network stays as it is
  saves      mmseg loads and runs the finished model; weights load with weights_only; no class is impossible
  resumes    every stage gives the same, bit for bit, in a fresh process that has nothing but the files before it
  repeats    the same seed gives the same, another seed another result
  labels     training reads no more of unseen labels than declared and than zs3-clean allows; exchanging the unseen
             classes in the masks changes nothing. Ceilings are exempt
  K=10       all stages end at K=10
  odd data   images of one class, of background only, without labels, of odd sizes; a class without any pixel
  empty      networks and classifiers that never predict an unseen class, so that nothing is pseudo-labelled
What makes a recipe short is the name of a setting: *iterations, *iters, *epochs, *steps become 2, *samples and
*per_class 8, *batch_size 4 in a data loader and 64 elsewhere; see benchmark/checking/shrink.py.
exit codes: 0 all pass, 1 some fail, 2 wrong call, 130 interrupted. A plugin is code: check only those you trust."""


def add_arguments(parser: Parser) -> None:
    """Adds what to check, and where."""
    parser.add_argument('--methods', default='all', metavar='NAMES', help='comma separated, or all (default)')
    parser.add_argument('--plugin', type=Path, action='append', default=[], metavar='FILE',
                        help='Python file with a method of yours')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--workers', type=int, default=min(os.cpu_count() or 1, 4), metavar='N',
                        help='processes at a time')


def run(args: Namespace) -> int:
    """Checks; returns 1 if a check fails."""
    from benchmark.planning.methods import load_plugins
    from benchmark.running.devices import select_device

    if args.workers < 1:
        raise UsageError(f'--workers takes a number from 1, got {args.workers}')
    device = select_device(args.device)
    load_plugins(args.plugin)
    return _check(chosen(args.methods), device, args.workers)


# Methods under test may warn of anything, from many processes at once.
COMMAND = Command('check', 'Check that methods keep the contract of the benchmark, on data and trainings of seconds.',
                  ABOUT, add_arguments, run, unheard='')
main = COMMAND.main


def chosen(text: str) -> list[str]:
    """The requested methods; ``all`` are those that train something.

    Raises:
        UsageError: an unknown method.
    """
    import zs_methods.methods  # noqa: F401  registers the methods
    from zs_methods.registry import METHODS

    selectable = sorted(name for name, method in METHODS.module_dict.items() if method.role != 'imported')
    names = items(text)
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(selectable))
    return selectable if names == ['all'] else [known('method', name, selectable) for name in dict.fromkeys(names)]


def _check(names: Sequence[str], device: str, workers: int) -> int:
    import torch
    from rich.console import Console

    from benchmark.checking.suite import Suite

    torch.set_num_threads(1)  # children are forked, and share the cores
    console, started = terminal.console(130), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix='check') as folder, Console(stderr=True).status('checking') as status:
        suite = Suite(Path(folder), torch.device(device), workers,
                      lambda done, total: status.update(f'checking: {done} of {total} jobs'))
        reports = suite.run(names)
    show(reports, console)
    failures = sum(len(report.failures) for report in reports.values())
    console.print(f'{len(reports)} methods, {failures or "no"} failures, {time.perf_counter() - started:.0f} s',
                  highlight=False)
    return 1 if failures else 0


def show(reports: dict[str, Report], console: Console) -> None:
    """Prints the table, then the failures and the reasons of what was skipped, a line each."""
    from rich.table import Table
    from rich.text import Text

    from benchmark.checking.suite import CHECKS

    table = Table('method', *CHECKS)
    styles = {'FAIL': 'bold red', 'pass': 'green'}
    for name, report in reports.items():
        states = [report.state(check) for check in CHECKS]
        table.add_row(Text(name), *(Text(state, style=styles.get(state, '')) for state in states))
    console.print(table)
    for name, report in reports.items():
        lines = [f'{name} {check}: {report.failures[check]}' for check in CHECKS if check in report.failures]
        for line in [*lines, *([f'{name} skipped: {report.skip}'] if report.skip else [])]:
            console.print(Text(line), soft_wrap=True)
