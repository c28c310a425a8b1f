"""The reference beside every number of a user's own run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.records.files import Record, Status
from benchmark.records.values import number
from benchmark.reporting.statistics.reference import WORDS, summary
from benchmark.reporting.statistics.repeats import Again
from benchmark.reporting.tables.markup import table

SCORES = ('seen', 'unseen', 'hIoU')
#: Columns that hold numbers.
NUMBERS = [name for score in SCORES for name in (score, f'{score}, reference')]


def told(cells: Sequence[Again], records: Sequence[Record]) -> dict[str, Any] | None:
    """What the page of some records says of the reference; nothing without cells that both have."""
    if not cells:
        return None
    done = sum(record.status is Status.DONE for record in records)
    return {'summary': summary(cells, done), 'table': table(table_of(cells), NUMBERS), 'differs': what_differs(cells),
            'beyond': intervals(cells)}


def table_of(cells: Sequence[Again]) -> pd.DataFrame:
    """One line per cell: own mIoUs and hIoU, those of the reference, and the verdict."""
    several = len({(one.other.cell.protocol, one.other.cell.model) for one in cells}) > 1
    rows = []
    for one in sorted(cells, key=lambda one: _place(one.other)):
        cell = one.other.cell
        rows.append({
            **({'card': cell.protocol, 'network': cell.model} if several else {}), 'K': str(cell.k),
            'method': cell.named, 'seed': str(cell.seed),
            **{name: number(value, 2) for score, values in zip(SCORES, zip(*map(_scores, (one.other, one.record)),
                                                                           strict=True), strict=True)
               for name, value in zip((score, f'{score}, reference'), values, strict=True)},
            'verdict': WORDS[one.verdict]})
    return pd.DataFrame(rows)


def what_differs(cells: Sequence[Again]) -> list[str]:
    """What runs that are not identical to the reference have changed, a line for each kind of change."""
    groups: dict[str, list[Again]] = defaultdict(list)
    for one in cells:
        if one.verdict != 'identical':
            groups[one.changed].append(one)
    return [f'{len(group)} {"cell" if len(group) == 1 else "cells"}: {changed}' for changed, group in groups.items()]


def intervals(cells: Sequence[Again]) -> list[str]:
    """Of cells beyond the interval, which it was."""
    return [f'K={one.other.cell.k} {one.other.cell.named} seed {one.other.cell.seed}: {one.interval}'
            for one in cells if one.verdict == 'beyond']


def _place(record: Record) -> tuple:
    cell = record.cell
    return cell.protocol, cell.model, cell.k, cell.split, cell.named, cell.seed


def _scores(record: Record) -> tuple[float | None, ...]:
    metrics = record.metrics
    return metrics.seen.miou, metrics.unseen.miou, metrics.hiou
