"""Trains the requested methods for every K and writes the tables to ``reports/``; see ``--help``."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from benchmark import terminal
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.planning.plan import Cell
    from benchmark.store.artifacts import ArtifactStore


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        int: 0 if all requested cells are done or skipped with a reason, 1 if some failed or are missing, 2 for a
        wrong call, 130 when interrupted.
    """
    warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg|PIL')
    try:
        from benchmark.planning.options import parse, select_device
        args = parse(argv)
        args.device = select_device(args.device)
        return _run(args)
    except UsageError as error:
        print(f'run.py: {error}', file=sys.stderr)
        return 2
    except ImportError as error:
        print(f'run.py: {error}', file=sys.stderr)
        return 2


def _run(args: Namespace) -> int:
    from benchmark.planning.plan import trie_lines
    from benchmark.planning.request import list_methods, plan_cells
    from benchmark.store.artifacts import ArtifactStore

    console = terminal.console(100)
    if args.list:
        for line in list_methods(args):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        return 0
    cells = plan_cells(args)
    store = ArtifactStore(args.work_dir / 'artifacts', warn=lambda line: console.print(line, markup=False))
    if args.dry_run:
        for line in trie_lines(cells, store, args.force):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        for cell in cells:
            if cell.skip:
                console.print(f'{cell.label}  skipped: {cell.skip}', highlight=False, markup=False, soft_wrap=True)
        nodes = {node.key: node for cell in cells if not cell.skip for node in cell.nodes}
        reused = 0 if args.force else sum(store.exists(node.name, key) for key, node in nodes.items())
        console.print(f'{len(cells)} cells, {len(nodes)} distinct stages: {reused} reused, '
                      f'{len(nodes) - reused} to run', highlight=False)
        return 0
    if args.verify:
        from benchmark.commands.rerun import verify
        return verify(args, cells, console)
    return run_cells(args, cells, store, console)


def run_cells(args: Namespace, cells: list[Cell], store: ArtifactStore, console: Console,
              program: str = 'run.py') -> int:
    """Runs planned cells, writes the reports and prints the table.

    Returns:
        int: the exit code, see `main`.
    """
    import logging

    from mmengine.logging import MMLogger

    from benchmark.launchers.launch import launch
    from benchmark.planning.request import prepare_data
    from benchmark.records.files import Status
    from benchmark.reporting.render import ReportError, render
    from benchmark.reporting.tables.rows import data_text
    from benchmark.reporting.tables.terminal import terminal_table
    from benchmark.running.finished import other_data
    from benchmark.running.progress import Reporter

    MMLogger.get_instance('mmengine', log_level=logging.WARNING)
    try:
        source = prepare_data(args, cells[0].task, console, {cell.task.split: cell.task.unseen for cell in cells})
        with Reporter(console, len(cells)) as reporter:
            store.warn = reporter.line
            records = launch(args, cells, store, args.reports / 'records', reporter, source)
        render(args.reports)
    except (OSError, ReportError) as error:
        print(f'{program}: {error}', file=sys.stderr)
        return 1
    terminal_table(records, console)
    missing = sum(record.status is Status.NOT_RUN for record in records)
    bad = [record for record in records if record.status in (Status.FAILED, Status.INTERRUPTED)]
    page = args.reports / f'{cells[0].id.dataset}.md'
    console.print(f'report: {page}', highlight=False, markup=False, soft_wrap=True)
    if others := other_data(cells, args.reports / 'records'):
        own = cells[0].id
        console.print(f'{own.dataset} names other data there too, each in sections of its own: this run is on '
                      f'{own.data}, others on {", ".join(map(data_text, others))}', highlight=False, markup=False,
                      soft_wrap=True)
    if bad or missing:
        console.print(f'{len(bad)} of {len(cells)} cells failed, {missing} not run', highlight=False)
    return 1 if bad or missing else 0
