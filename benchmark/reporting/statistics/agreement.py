"""Whether data sets agree on which method is better: Kendall's tau of mean hIoU, and the pairs decided on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from benchmark.records.values import NONE
from benchmark.reporting.statistics import leaderboard
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables.rows import Dataset, Row
from benchmark.stats import CONFIDENCE

#: With fewer methods in common a rank correlation says nothing.
LEAST = 4
#: Drawn with replacement: methods, and seeds of each.
RESAMPLES = 2000


@dataclass(frozen=True)
class Agreement:
    """Two data sets at one K.

    Attributes:
        first, second (str): the data sets.
        label (str): the K or the name of the split.
        methods (tuple[str, ...]): those in common, with their own settings.
        tau (float): Kendall's tau-b of their mean hIoU (Kendall, Biometrika 33, 1945), -1 to 1.
        low, high (float): its 95% percentile interval over methods and seeds drawn anew.
        same (int): pairs that differ beyond noise on both data sets, in the same direction.
        opposite (tuple): pairs that do so in opposite directions; better and worse on the first data set.
    """

    first: str
    second: str
    label: str
    methods: tuple[str, ...]
    tau: float
    low: float
    high: float
    same: int
    opposite: tuple[tuple[str, str], ...]


def agreements(datasets: Sequence[Dataset], comparisons: Mapping[str, Sequence[Comparison]]) -> list[Agreement]:
    """Every two data sets at every K that both have, by their main card and network; in the order given.

    Args:
        datasets (Sequence[Dataset]): those that were run.
        comparisons (Mapping): slug of a section -> its comparisons.
    """
    found = []
    for first, second in combinations(datasets, 2):
        own, other = ({one.unit.label: one for one in comparisons[leaderboard.main_section(each.sections).slug]}
                      for each in (first, second))
        found += [agreement for label in own if label in other
                  if (agreement := _agreement(first.name, second.name, own[label], other[label]))]
    return found


def _agreement(first: str, second: str, own: Comparison, other: Comparison) -> Agreement | None:
    rows = [{row.label: row for row in one.rows} for one in (own, other)]
    methods = tuple(label for label in rows[0] if label in rows[1])
    if len(methods) < LEAST:
        return None
    scores = [[_hious(of[label]) for label in methods] for of in rows]
    means = [np.array([[np.mean(values) for values in each]]) for each in scores]
    tau = float(kendall(*means)[0])
    if np.isnan(tau):
        return None
    taus = _resampled(scores)
    low, high = np.nanpercentile(taus, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    decided = [(pair, mirror) for pair in combinations(methods, 2)
               if all(one.pairs[pair].beyond in ('better', 'worse') for one in (own, other))
               for mirror in [pair if own.pairs[pair].beyond == 'better' else pair[::-1]]]
    opposite = tuple(mirror for pair, mirror in decided if own.pairs[pair].beyond != other.pairs[pair].beyond)
    return Agreement(first, second, own.unit.label, methods, tau, float(low), float(high),
                     len(decided) - len(opposite), opposite)


def kendall(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of every row; NaN where all values of a row are equal.

    Args:
        first (ndarray): shape (N, M), M values each.
        second (ndarray): likewise.

    Returns:
        ndarray: shape (N,).
    """
    one, other = (np.sign(values[:, :, None] - values[:, None, :]) for values in (first, second))
    ties = np.sqrt((one ** 2).sum(axis=(1, 2)) * (other ** 2).sum(axis=(1, 2)))
    with np.errstate(invalid='ignore'):
        return (one * other).sum(axis=(1, 2)) / ties


def _resampled(scores: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Tau of every resample; the same draws in every call."""
    stream = np.random.default_rng(0)
    means = [np.stack([values[stream.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
                       for values in each], axis=1) for each in scores]
    drawn = stream.integers(len(scores[0]), size=(RESAMPLES, len(scores[0])))
    return kendall(*(np.take_along_axis(each, drawn, axis=1) for each in means))


def _hious(row: Row) -> np.ndarray:
    return np.array([record.metrics.hiou for record in row.scored if record.metrics])


def agreement_table(found: Sequence[Agreement]) -> pd.DataFrame:
    """One line per K and two data sets."""
    return pd.DataFrame([{
        'data sets': f'{one.first}, {one.second}', 'K': one.label, 'methods': str(len(one.methods)),
        "Kendall's tau": f'{one.tau:.2f} ({one.low:.2f} to {one.high:.2f})',
        'decided on both': str(one.same + len(one.opposite)), 'in the same direction': str(one.same),
        'in opposite ones': ', '.join(f'{better} > {worse} on {one.first} only' for better, worse in one.opposite)
        or NONE} for one in found])
