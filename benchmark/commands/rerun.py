"""``run.py --verify N``: runs finished cells again from the beginning and compares every pixel count."""

from __future__ import annotations

import random
import re
import shutil
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.errors import UsageError
from benchmark.launchers.launch import launch
from benchmark.planning import data
from benchmark.planning.plan import Cell
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import Record, Status, load_record
from benchmark.records.values import number
from benchmark.reporting.statistics.repeats import Again, compare
from benchmark.running.progress import Reporter
from benchmark.store.locks import Lock, remove_abandoned

#: Folders of this program, and their locks.
_OWN = re.compile(r'verify-[0-9a-f]{8}(\.lock)?')


def verify(count: int, cells: Sequence[Cell], options: RunOptions, console: Console) -> int:
    """Draws so many cells among those with a record of these very settings, and runs them in a folder of its own.

    The records and artifacts there are stay as they are; nothing of them is used but what to compare with. Each cell
    runs with the number of threads that its record names, and ``--deterministic`` if it did.

    Returns:
        int: 0 if all are identical or within the interval of their seeds, 1 otherwise.

    Raises:
        UsageError: there are fewer such cells.
    """
    known = {cell.file_name: record for cell in cells if (record := _record(options.records, cell, console))}
    if len(known) < count:
        raise UsageError(f'--verify {count}: {len(known)} of the {len(cells)} requested cells have a record of '
                         'these settings')
    names = set(random.sample(sorted(known), count))
    drawn = [cell for cell in cells if cell.file_name in names]
    groups: dict[tuple[int, bool], list[Cell]] = defaultdict(list)
    for cell in drawn:
        record = known[cell.file_name]
        groups[_threads(record), record.provenance['hardware'].get('deterministic', False)].append(cell)
    source = data.prepare_data(cells[0].task, console)
    remove_abandoned(path for path in options.work_dir.glob('verify-*') if _OWN.fullmatch(path.name))
    folder = options.work_dir.absolute() / f'verify-{uuid.uuid4().hex[:8]}'
    again: dict[str, Record] = {}
    with Lock(folder.with_name(f'{folder.name}.lock')), _removed(folder):
        for (threads, deterministic), group in groups.items():
            own = replace(options, work_dir=folder, records=folder / 'records', threads=threads,
                          deterministic=deterministic, force=False)
            with Reporter(console, len(group)) as reporter:
                launch(group, own, reporter, source)
            again |= {cell.file_name: load_record(folder / 'records' / cell.file_name) for cell in group}
    cells_again = [compare(known[name], again[name], options.records / name)
                   for name in (cell.file_name for cell in drawn)]
    labels = [cell.label for cell in drawn]
    console.print(_table(labels, cells_again))
    for label, one in zip(labels, cells_again, strict=True):
        if one.verdict != 'identical':
            console.print(f'{label}: {one.why}', highlight=False, markup=False, soft_wrap=True)
    same, near = (sum(one.verdict == verdict for one in cells_again) for verdict in ('identical', 'within'))
    console.print(f'{same} of {len(drawn)} identical to the pixel' +
                  f", {near} within the seeds' interval" * bool(near), highlight=False)
    return int(same + near < len(drawn))


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    """Removes the folder at the end."""
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _record(records: Path, cell: Cell, console: Console) -> Record | None:
    path = records / cell.file_name
    if cell.skip or not path.is_file():
        return None
    try:
        record = load_record(path)
    except ValueError as error:
        console.print(f'{error}; not drawn', highlight=False, markup=False, soft_wrap=True)
        return None
    return record if record.status is Status.DONE and record.key == cell.key else None


def _threads(record: Record) -> int:
    named = {stage.threads for stage in record.stages if stage.threads}
    return max(named, default=record.provenance['hardware']['threads'])


def _table(labels: Sequence[str], cells: Sequence[Again]) -> Table:
    table = Table(title='Cells that were run again')
    for title in ('cell', 'hIoU then', 'hIoU now', 'pixels moved', 'verdict'):
        table.add_column(title, justify='left' if title in ('cell', 'verdict') else 'right')
    for label, one in zip(labels, cells, strict=True):
        then, now, moved = number(one.record.metrics.hiou, 4), '-', '-'
        if one.verdict != 'failed':
            now = number(one.other.metrics.hiou, 4)
            moved = sum(abs(a - b) for rows in zip(one.record.confusion, one.other.confusion, strict=True)
                        for a, b in zip(*rows, strict=True)) // 2
            moved = f'{moved:,}'
        table.add_row(Text(label), then, now, moved, one.verdict)
    return table
