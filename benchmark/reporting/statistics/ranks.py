"""Ranks of the methods by hIoU, for every K and on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmark.reporting.statistics.bootstrap import SEED
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables.rows import Unit
from benchmark.stats import CONFIDENCE


@dataclass(frozen=True)
class Rank:
    """Mean rank over seeds, 1 is best, with the 95% percentile interval of its resamples, shape (B,)."""

    mean: float
    resamples: np.ndarray | None = field(default=None, repr=False)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Bounds of the interval, resamples without scores left out; None if there are no others."""
        if self.resamples is None or np.isnan(self.resamples).all():
            return None
        low, high = np.nanpercentile(self.resamples, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
        return float(low), float(high)


@dataclass(frozen=True)
class Ranking:
    """The ranks within one unit.

    Attributes:
        ranks: label -> rank among all methods of the unit.
        seeds: the seeds that all of them have; ranks of other seeds would be among fewer methods.
    """

    unit: Unit
    ranks: dict[str, Rank]
    seeds: tuple[int, ...]


def ranking(comparison: Comparison) -> Ranking | None:
    """Ranks the methods of a unit; None for fewer than two, or without a seed that all have.

    The interval varies images and seeds: a resample draws images (as in the tests of pairs) and, with replacement, as
    many seeds as there are. With one seed it varies images only.
    """
    rows = comparison.rows
    if len(rows) < 2:
        return None
    seeds = tuple(sorted(set.intersection(*({record.cell.seed for record in row.scored} for row in rows))))
    if not seeds:
        return None
    cells = [[record for record in row.scored if record.cell.seed in seeds] for row in rows]
    observed = _ranks(np.array([[record.metrics.hiou for record in row] for row in cells])).mean(axis=1)
    resampled: Sequence[np.ndarray | None] = [None] * len(rows)
    if all(record.key in comparison.samples for row in cells for record in row):
        sampled = _ranks(np.array([[comparison.samples[record.key] for record in row] for row in cells]))
        # The same seeds at every K, so that the average over K is one of the same trainings.
        drawn = np.random.RandomState(SEED + 1).randint(len(seeds), size=(1, *sampled.shape[1:]))
        resampled = np.take_along_axis(sampled, drawn, axis=1).mean(axis=1)
    return Ranking(comparison.unit, {row.label: Rank(float(mean), of_row)
                                     for row, mean, of_row in zip(rows, observed, resampled, strict=True)}, seeds)


def averages(rankings: Sequence[Ranking]) -> dict[str, Rank]:
    """Mean over K of the methods that are ranked at every K, best first."""
    labels = [label for label in (rankings[0].ranks if rankings else ()) if all(label in one.ranks for one in rankings)]
    found = {}
    for label in labels:
        ranks = [one.ranks[label] for one in rankings]
        resamples = None if any(rank.resamples is None for rank in ranks) else np.mean(
            [rank.resamples for rank in ranks], axis=0)
        found[label] = Rank(float(np.mean([rank.mean for rank in ranks])), resamples)
    return dict(sorted(found.items(), key=lambda item: item[1].mean))


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Ranks along the first axis, the highest score is 1, equal scores share the mean of their places; NaN without."""
    places = [(scores > one).sum(axis=0) + ((scores == one).sum(axis=0) + 1) / 2 for one in scores]
    return np.where(np.isnan(scores).any(axis=0), np.nan, places)
