"""Mean, spread and 95% t-interval of a few repeated measurements."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import t

#: Two-sided confidence of every interval in a report.
CONFIDENCE = 0.95


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
    sd = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (n - 1))
    return Summary(n, mean, sd, float(t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * sd / math.sqrt(n))


def paired(first: Sequence[float], second: Sequence[float]) -> Summary:
    """Summarises the differences ``first - second`` of measurements that belong together pair by pair.

    Raises:
        ValueError: the two are of different length or empty.
    """
    return summarise(a - b for a, b in zip(first, second, strict=True))
