"""What commands that run cells have in common: the plan shown, the cells run, the pages written, the table printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmark import REFERENCE
from benchmark.commands.estimates import estimate
from benchmark.launchers.sweep import plan_lines, sweep
from benchmark.planning.plan import Cell
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import Status, load_record
from benchmark.reporting.refresh import reference_of
from benchmark.reporting.statistics.reference import beside, summary
from benchmark.reporting.tables.rows import data_text
from benchmark.reporting.tables.terminal import terminal_table
from benchmark.running.finished import other_data
from benchmark.store.artifacts import ArtifactStore


def show_plan(cells: Sequence[Cell], options: RunOptions, console: Console) -> None:
    """Prints the plan and what it will take."""
    for line in plan_lines(cells, options):
        say(console, line)
    store = ArtifactStore(options.artifacts)
    missing = {node.key: node for cell in cells if not cell.skip for node in cell.nodes
               if options.force or not store.exists(node.name, node.key)}
    if missing:
        told = estimate(cells, missing.values(), options.artifacts, {options.records, REFERENCE / 'records'})
        say(console, told.text)


def run_cells(cells: Sequence[Cell], options: RunOptions, reports: Path, console: Console) -> int:
    """Runs planned cells, writes the reports and prints the table.

    Returns:
        int: the exit code: 0 if all cells are done or skipped with a reason, else 1.

    Raises:
        UsageError: data or launcher are not as they must be.
        OSError: a record or page cannot be written, or another record in the folder is damaged.
    """
    records = sweep(cells, options, reports, console)
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


def say(console: Console, line: str) -> None:
    """Prints a line as it is, whatever its length."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)
