"""Checks that methods keep the contract of the benchmark, on data and trainings of seconds; see ``--help``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark import terminal
from benchmark.errors import Parser, UsageError

if TYPE_CHECKING:
    from benchmark.checking.suite import Report

ABOUT = """checks, on 60 tiny images and with at most two steps of everything that is repeated:
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
exit codes: 0 all pass, 1 some fail, 2 wrong call. A plugin is code: check only those you trust."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parses the command line.

    Raises:
        UsageError: a wrong call, in one line.
    """
    parser = Parser(prog='check.py', description=__doc__.split(';')[0] + '.', epilog=ABOUT,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--methods', default='all', help='names, comma separated, or all')
    parser.add_argument('--plugin', type=Path, action='append', default=[], help='Python file with a method of yours')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--workers', type=int, default=min(os.cpu_count() or 1, 4), help='processes at a time')
    args = parser.parse_args(argv)
    if args.workers < 1:
        raise UsageError(f'--workers takes a number from 1, got {args.workers}')
    return args


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        int: 0 if all checks pass, 1 if some fail, 2 for a wrong call, 130 when interrupted.
    """
    warnings.filterwarnings('ignore')
    try:
        from benchmark.planning.options import load_plugin, select_device
        args = parse(argv)
        device = select_device(args.device)
        for plugin in args.plugin:
            load_plugin(plugin)
        return _run(chosen(args.methods), device, args.workers)
    except (UsageError, ImportError) as error:
        print(f'check.py: {error}', file=sys.stderr)
        return 2


def chosen(text: str) -> list[str]:
    """The requested methods; ``all`` are those that train something.

    Raises:
        UsageError: an unknown method.
    """
    import zs_methods.methods  # noqa: F401  registers the methods
    from benchmark.planning.options import known
    from zs_methods.registry import METHODS

    selectable = sorted(name for name, method in METHODS.module_dict.items() if method.role != 'imported')
    names = [name.strip() for name in text.split(',') if name.strip()]
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(selectable))
    return selectable if names == ['all'] else [known('method', name, selectable) for name in dict.fromkeys(names)]


def _run(names: Sequence[str], device: str, workers: int) -> int:
    import torch

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
