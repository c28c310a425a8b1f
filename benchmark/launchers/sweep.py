"""A whole run, as commands and the library ask for it: checked, planned in words, trained, its pages written."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmark.errors import UsageError, check_writable, known
from benchmark.launchers.base import launcher_names
from benchmark.launchers.launch import launch
from benchmark.planning import data
from benchmark.planning.methods import load_plugins
from benchmark.planning.plan import Cell, trie_lines
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import READABLE, RecordHead, foreign_records
from benchmark.reporting.refresh import refresh
from benchmark.running.progress import Reporter
from benchmark.store.artifacts import ArtifactStore


def check_options(request: Request, options: RunOptions, reports: Path) -> None:
    """Refuses what cannot be run, before anything is planned; imports the plugins, which may bring a launcher.

    Raises:
        UsageError: a plugin or launcher that is none, a folder that cannot be written to, or one with other records.
    """
    load_plugins(request.plugins)
    known('launcher', options.launcher, launcher_names())
    check_writable('--work-dir', options.work_dir)
    check_writable('--reports', reports)
    if foreign := foreign_records(options.records):
        raise UsageError(f'--reports {reports}: {len(foreign)} files are no records of schema {READABLE[0]} to '
                         f'{READABLE[-1]}, such as {foreign[0].name}; move them away, or choose another folder')


def plan_lines(cells: Sequence[Cell], options: RunOptions) -> list[str]:
    """The trie of stages and what of it is there already, cells that are skipped, and how many there are of all."""
    return [*trie_lines(cells, ArtifactStore(options.artifacts), options.force),
            *(f'{cell.label}  skipped: {cell.skip}' for cell in cells if cell.skip),
            f'{len(cells)} cells, {count_stages(cells, options)}']


def count_stages(cells: Sequence[Cell], options: RunOptions) -> str:
    """How many distinct stages there are, and how many of them need not run, in words."""
    store = ArtifactStore(options.artifacts)
    nodes = {node.key: node for cell in cells if not cell.skip for node in cell.nodes}
    reused = 0 if options.force else sum(store.exists(node.name, key) for key, node in nodes.items())
    return f'{len(nodes)} distinct stages: {reused} reused, {len(nodes) - reused} to run'


def sweep(cells: Sequence[Cell], options: RunOptions, reports: Path, console: Console,
          argv: Sequence[str] | None = None) -> list[RecordHead]:
    """Runs planned cells and writes the pages.

    Args:
        cells (Sequence[Cell]): the plan.
        options (RunOptions): how.
        reports (Path): folder of the pages.
        console (Console): hears of images, classes and progress.
        argv (Sequence[str], optional): what records keep as the call; that of this process by default.

    Returns:
        list[RecordHead]: one per cell, in their order.

    Raises:
        UsageError: data or launcher are not as they must be.
        OSError: a record or page cannot be written, or another record in the folder is damaged.
        KeyboardInterrupt: after all jobs have ended and every cell has its record.
    """
    quieten()
    source = data.prepare_data(cells[0].task, console, {cell.task.split: cell.task.unseen for cell in cells})
    if argv is not None:
        source['argv'] = [*argv]
    with Reporter(console, len(cells)) as reporter:
        records = launch(cells, options, reporter, source)
    try:
        refresh(reports, Path(cells[0].task.data_root))
    except UsageError as error:  # the cells are done, whatever else lies in the folder
        raise OSError(str(error)) from error
    return records


def quieten() -> None:
    """Keeps mmengine's own log out of what is printed."""
    from mmengine.logging import MMLogger

    MMLogger.get_instance('mmengine', log_level=logging.WARNING)
