"""A user's own records beside the committed ones of the same cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmark.records.files import Record, Status, load_record
from benchmark.reporting.statistics.repeats import Again, compare

#: What the verdicts of `Again` mean here.
WORDS = {'identical': 'identical', 'within': "within the reference's interval",
         'beyond': "beyond the reference's interval", 'not known': 'different; no interval is known'}


def beside(records: Iterable[tuple[str, Record]], reference: Path) -> list[Again]:
    """The finished ones of some records that have a finished record of the same cell in another folder.

    Args:
        records (Iterable): names of files and what they hold; the name tells the cell, its data and its network.
        reference (Path): folder of the other records.

    Raises:
        ValueError: a record of the reference is damaged; one line that names it.
    """
    found = []
    for name, record in records:
        path = reference / name
        if record.status is Status.DONE and path.is_file():
            other = load_record(path)
            if other.status is Status.DONE and other.protocol == record.protocol:
                found.append(compare(other, record, path))
    return found


def summary(cells: Iterable[Again], total: int) -> str:
    """How many cells are how far from the reference, in a line; '' without any."""
    count = Counter(one.verdict for one in cells)
    if not count:
        return ''
    told = ', '.join(f'{count[verdict]} {words}' for verdict, words in WORDS.items() if count[verdict])
    without = total - sum(count.values())
    return f'of {total} finished cells: {told}' + f', {without} without a record there' * bool(without)
