"""The reference beside every number of a user's own run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.records.files import Record, Status
from benchmark.records.values import number
from benchmark.reporting.statistics.reference import summary
from benchmark.reporting.statistics.repeats import SCORES as JUDGED
from benchmark.reporting.statistics.repeats import Again
from benchmark.reporting.tables.markup import table

SCORES = ('seen', 'unseen', 'hIoU')
#: Columns that hold numbers.
NUMBERS = [name for score in SCORES for name in (score, f'{score}, ref.')]


def told(cells: Sequence[Again], records: Sequence[Record]) -> dict[str, Any] | None:
    """What the pages of some records say of the reference; nothing without cells that both have."""
    if not cells:
        return None
    cells = sorted(cells, key=lambda one: _place(one.other))
    done, frame = sum(record.status is Status.DONE for record in records), table_of(cells)
    return {'summary': summary(cells, done), 'table': table(frame, NUMBERS, keys=list(frame).index(SCORES[0])),
            'differs': what_differs(cells), 'beyond': beyond(cells)}


def table_of(cells: Sequence[Again]) -> pd.DataFrame:
    """One line per cell: own mIoUs and hIoU, those of the reference, and the verdict."""
    several, rows = _several(cells), []
    for one in cells:
        cell = one.other.cell
        rows.append({
            **({'card': cell.protocol, 'network': cell.model} if several else {}), 'K': str(cell.k),
            'method': cell.named, 'seed': str(cell.seed),
            **{name: number(value, 2) for score, values in zip(SCORES, zip(*map(_scores, (one.other, one.record)),
                                                                           strict=True), strict=True)
               for name, value in zip((score, f'{score}, ref.'), values, strict=True)},
            'verdict': one.verdict})
    return pd.DataFrame(rows)


def what_differs(cells: Sequence[Again]) -> list[str]:
    """What runs that are not identical to the reference have changed, a line for each kind of change."""
    groups: dict[str, list[Again]] = defaultdict(list)
    for one in cells:
        if one.verdict != 'identical':
            groups[one.changed].append(one)
    return [f'{len(group)} {"cell" if len(group) == 1 else "cells"}: {changed}' for changed, group in groups.items()]


def beyond(cells: Sequence[Again]) -> list[str]:
    """Cells beyond the interval of the reference, a line for the seeds of each: their score, and which it was."""
    several, groups = _several(cells), defaultdict(list)
    for one in cells:
        if one.verdict == 'beyond':
            groups[(*_place(one.other)[:-1], one.score, one.interval)].append(one.other)
    lines = []
    for (protocol, model, k, _, method, score, interval), records in groups.items():
        seeds = f'{"seed" if len(records) == 1 else "seeds"} {", ".join(str(one.cell.seed) for one in records)}'
        values = ', '.join(number(JUDGED[score](one.metrics), 2) for one in records)
        lines.append(f'{protocol}, {model}, ' * several
                     + f'K={k} {method} {seeds}: {score} {values} (reference: {interval})')
    return lines


def _several(cells: Sequence[Again]) -> bool:
    """Whether lines have to say of which card and network they are."""
    return len({(one.other.cell.protocol, one.other.cell.model) for one in cells}) > 1


def _place(record: Record) -> tuple:
    cell = record.cell
    return cell.protocol, cell.model, cell.k, cell.split, cell.named, cell.seed


def _scores(record: Record) -> tuple[float | None, ...]:
    metrics = record.metrics
    return metrics.seen.miou, metrics.unseen.miou, metrics.hiou
