"""What commands that run cells have in common: the plan shown, the cells run, the pages written, the table printed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmark import REFERENCE
from benchmark.commands.estimates import estimate
from benchmark.errors import UsageError, check_writable, known
from benchmark.launchers.base import launcher_names
from benchmark.launchers.launch import launch
from benchmark.planning import data
from benchmark.planning.methods import load_plugins
from benchmark.planning.plan import Cell, trie_lines
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import READABLE, Status, foreign_records, load_record
from benchmark.reporting.refresh import reference_of, refresh
from benchmark.reporting.statistics.reference import beside, summary
from benchmark.reporting.tables.rows import data_text
from benchmark.reporting.tables.terminal import terminal_table
from benchmark.running.finished import other_data
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


def show_plan(cells: Sequence[Cell], options: RunOptions, console: Console) -> None:
    """Prints the trie of stages and what of it is there already."""
    store = ArtifactStore(options.artifacts)
    for line in trie_lines(cells, store, options.force):
        say(console, line)
    for cell in cells:
        if cell.skip:
            say(console, f'{cell.label}  skipped: {cell.skip}')
    say(console, f'{len(cells)} cells, {count_stages(cells, options)}')
    missing = {node.key: node for cell in cells if not cell.skip for node in cell.nodes
               if options.force or not store.exists(node.name, node.key)}
    if missing:
        told = estimate(cells, missing.values(), options.artifacts, {options.records, REFERENCE / 'records'})
        say(console, told.text)


def count_stages(cells: Sequence[Cell], options: RunOptions) -> str:
    """How many distinct stages there are, and how many of them need not run, in words."""
    store = ArtifactStore(options.artifacts)
    nodes = {node.key: node for cell in cells if not cell.skip for node in cell.nodes}
    reused = 0 if options.force else sum(store.exists(node.name, key) for key, node in nodes.items())
    return f'{len(nodes)} distinct stages: {reused} reused, {len(nodes) - reused} to run'


def run_cells(cells: Sequence[Cell], options: RunOptions, reports: Path, console: Console) -> int:
    """Runs planned cells, writes the reports and prints the table.

    Returns:
        int: the exit code: 0 if all cells are done or skipped with a reason, else 1.

    Raises:
        UsageError: data or launcher are not as they must be.
        OSError: a record or page cannot be written, or another record in the folder is damaged.
    """
    quieten()
    source = data.prepare_data(cells[0].task, console, {cell.task.split: cell.task.unseen for cell in cells})
    with Reporter(console, len(cells)) as reporter:
        records = launch(cells, options, reporter, source)
    try:
        refresh(reports, Path(cells[0].task.data_root))
    except UsageError as error:  # the cells are done, whatever else lies in the folder
        raise OSError(str(error)) from error
    terminal_table(records, console)
    missing = sum(record.status is Status.NOT_RUN for record in records)
    bad = [record for record in records if record.status in (Status.FAILED, Status.INTERRUPTED)]
    own = cells[0].id
    say(console, f'report: {reports / f"{own.dataset}.md"}')
    if (reference := reference_of(reports)) and (told := _beside(cells, options.records, reference / 'records')):
        say(console, f'beside the reference, {told}')
    if others := other_data(cells, options.records):
        say(console, f'{own.dataset} names other data there too, each in sections of its own: this run is on '
                     f'{own.data}, others on {", ".join(map(data_text, others))}')
    if bad or missing:
        say(console, f'{len(bad)} of {len(cells)} cells failed, {missing} not run')
    return 1 if bad or missing else 0


def _beside(cells: Sequence[Cell], records: Path, reference: Path) -> str:
    """How the cells compare with the committed ones, in a line; '' if none of them is there."""
    own = [(cell.file_name, load_record(records / cell.file_name)) for cell in cells
           if (reference / cell.file_name).is_file() and (records / cell.file_name).is_file()]
    return summary(beside(own, reference), sum(record.status is Status.DONE for _, record in own))


def quieten() -> None:
    """Keeps mmengine's own log out of what a command prints."""
    from mmengine.logging import MMLogger

    MMLogger.get_instance('mmengine', log_level=logging.WARNING)


def say(console: Console, line: str) -> None:
    """Prints a line as it is, whatever its length."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)

