"""A score of all seeds of a record's settings, from the records beside it."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable
from pathlib import Path

from benchmark.records.files import RecordHead, Status, load_head
from benchmark.records.schema import Metrics


def hiou(metrics: Metrics) -> float | None:
    """The score that methods are compared by."""
    return metrics.hiou


def seeds_of(record: RecordHead, path: Path,
             score: Callable[[Metrics], float | None] = hiou) -> dict[int, float]:
    """A score of all finished records beside one that differ from it in nothing but the seed, by seed."""
    pattern, one = re.subn(r'_seed\d+(?=_|$)', '_seed*', glob.escape(path.stem))
    heads = [load_head(other) for other in sorted(path.parent.glob(f'{pattern}.json'))] if one else []
    found = {head.cell.seed: score(head.metrics) for head in heads
             if head.status is Status.DONE and head.settings == record.settings}
    found[record.cell.seed] = score(record.metrics)
    return {seed: value for seed, value in sorted(found.items()) if value is not None}
