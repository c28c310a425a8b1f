"""Which cells of a plan are finished, and which have no record, without reading all of every record."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmark.planning.plan import Cell
from benchmark.records.files import RecordHead, Status, load_head
from benchmark.store.artifacts import ArtifactStore
from zs_methods.evaluation import LAST


def finished(cell: Cell, records: Path, store: ArtifactStore) -> RecordHead | None:
    """The head of a cell's record if the cell is done with these settings and its artifact is still there.

    The checksum of the whole record is compared; the artifact is opened by whoever uses it.

    Args:
        cell (Cell): what is asked for; one to be skipped is never finished.
        records (Path): folder of the records.
        store (ArtifactStore): artifacts.

    Raises:
        ValueError: there is a record and it is damaged; one line that names it.
    """
    path = records / cell.file_name
    if cell.skip or not path.is_file() or not store.exists(LAST, cell.key):
        return None
    head = load_head(path)
    same = (head.key, head.network, head.protocol, head.method) == (
        cell.key, cell.network, cell.protocol.model_dump(), cell.card)
    return head if same and head.status is Status.DONE else None


def other_data(cells: Sequence[Cell], records: Path) -> list[str]:
    """Other data of which there are records under the name of the cells' data set: their fingerprints.

    Damaged records are left out; whoever reads them says so.
    """
    own, first = {cell.file_name for cell in cells}, cells[0].id
    found = set()
    for path in records.glob(f'{glob.escape(first.dataset)}_*.json'):
        if path.name not in own:
            with contextlib.suppress(OSError, ValueError):
                cell = load_head(path).cell
                found.add((cell.dataset, cell.data))
    return sorted(data for dataset, data in found if dataset == first.dataset and data != first.data)


def without_record(cells: Iterable[Cell], records: Path) -> list[Cell]:
    """The cells that have no record at all, not even of earlier settings or of a failure, in their order."""
    there = {path.name for path in records.glob('*.json')}
    return [cell for cell in cells if cell.file_name not in there]
