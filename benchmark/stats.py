"""Mean, spread and 95% t-interval of a few repeated measurements; p-values of resampled differences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

#: Two-sided confidence of every interval in a report.
CONFIDENCE = 0.95
#: A p-value below this counts.
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Summary:
    """What is known about a quantity after ``n`` measurements.

    Attributes:
        n: number of measurements.
        mean: their mean.
        sd: sample standard deviation (n - 1 in the denominator); None with fewer than two measurements.
        half_width: half the width of the 95% t-interval of the mean; None with fewer than two measurements.
    """

    n: int
    mean: float
    sd: float | None = None
    half_width: float | None = None

    @property
    def wide(self) -> bool:
        """Whether the interval is wider, from bound to bound, than the number that it is about; not with one number."""
        return self.half_width is not None and 2 * self.half_width > abs(self.mean)

    @property
    def half_width_of_one(self) -> float | None:
        """Half the width of the 95% interval around the mean in which one more measurement lies.

        It adds the spread of one measurement, t sd sqrt(1 + 1/n), to that of the mean, t sd sqrt(1/n); None with fewer
        than two measurements.
        """
        return None if self.half_width is None else self.half_width * math.sqrt(self.n + 1)

    @property
    def verdict(self) -> str:
        """Reads the summary of paired differences as one word on the first of the pair."""
        if self.half_width is None or not math.isfinite(self.mean):
            return 'not known'
        if abs(self.mean) <= self.half_width:
            return 'no difference beyond noise'
        return 'better' if self.mean > 0 else 'worse'


def summarise(values: Iterable[float]) -> Summary:
    """Summarises measurements.

    Args:
        values: at least one number.

    Returns:
        Summary: without spread and interval if there is only one number.

    Raises:
        ValueError: there are no numbers.
    """
    numbers = [float(value) for value in values]
    n = len(numbers)
    if n == 0:
        raise ValueError('nothing to summarise')
    mean = math.fsum(numbers) / n
    if n == 1:
        return Summary(n, mean)
    from scipy.special import stdtrit  # as scipy.stats does, which takes a second to import

    sd = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (n - 1))
    return Summary(n, mean, sd, float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * sd / math.sqrt(n))


def paired(first: Sequence[float], second: Sequence[float]) -> Summary:
    """Summarises the differences ``first - second`` of measurements that belong together pair by pair.

    Raises:
        ValueError: the two are of different length or empty.
    """
    return summarise(a - b for a, b in zip(first, second, strict=True))


@dataclass(frozen=True)
class Resampled:
    """A difference and what resampling makes of it.

    Attributes:
        difference: as observed.
        low, high: 95% percentile interval of the resampled differences.
        p: two-sided, not corrected.
        holm: the same, corrected for the family of comparisons it belongs to; None before `holm` was asked.
    """

    difference: float
    low: float
    high: float
    p: float
    holm: float | None = None

    @property
    def verdict(self) -> str:
        """Reads the corrected p-value, the plain one without it, as one word on the first of the pair."""
        if (self.p if self.holm is None else self.holm) >= SIGNIFICANCE or not self.difference:
            return 'no difference beyond noise'
        return 'better' if self.difference > 0 else 'worse'


def resampled(difference: float, differences: np.ndarray) -> Resampled | None:
    """Summarises resampled differences; None if there are none.

    Twice the smaller share of resamples on either side of 0, ties counted on both, the observed one added to each, so
    that the smallest value with B resamples is 2 / (B + 1) (Davison and Hinkley, "Bootstrap Methods and their
    Application", 1997, section 4.2).

    Args:
        difference: the observed one.
        differences: shape (B,); NaN of a resample that has none, which takes no part.
    """
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return None
    low, high = np.percentile(differences, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    tail = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return Resampled(difference, float(low), float(high), min(1.0, 2 * (tail + 1) / (len(differences) + 1)))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down correction of p-values (Scandinavian Journal of Statistics 6, 1979), in the given order.

    The i-th smallest of m values (i = 0, 1, ...) is multiplied by m - i; none may become smaller than the one before.
    """
    corrected, largest = [0.0] * len(values), 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=lambda i: values[i])):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = largest
    return corrected
