"""Methods compared with each other: differences in hIoU, over seeds and over resampled images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from benchmark.reporting.statistics import partners
from benchmark.reporting.statistics.bootstrap import resampled_hiou, resamples_for
from benchmark.reporting.tables.rows import Row, Section, Unit
from benchmark.stats import Resampled, Summary, holm, resampled, summarise

NOISE = 'no difference beyond noise'
UNKNOWN = 'not known'


@dataclass(frozen=True)
class Pair:
    """Two rows of a unit, over the seeds that both have.

    Attributes:
        seeds: the seeds in common, at least one.
        over_seeds: the differences first - second, with the 95% t-interval; no interval with one seed.
        over_images: their mean under resampled images, seeds held fixed; None without image counts.
    """

    first: Row
    second: Row
    seeds: tuple[int, ...]
    over_seeds: Summary
    over_images: Resampled | None = None

    @property
    def beyond(self) -> str:
        """``better`` or ``worse`` only where images and seeds both say so."""
        seeds = self.over_seeds.verdict
        images = self.over_images.verdict if self.over_images else UNKNOWN
        if NOISE in (seeds, images):
            return NOISE
        if UNKNOWN in (seeds, images):
            return UNKNOWN
        return seeds if seeds == images else NOISE

    @property
    def of_images(self) -> str:
        """``better`` or ``worse`` if the resampled images say so, whatever the seeds say."""
        return self.over_images.verdict if self.over_images else UNKNOWN

    @property
    def verdict(self) -> str:
        """What can be said of the first of the pair, in words."""
        if self.beyond in ('better', 'worse') or self.of_images not in ('better', 'worse'):
            return self.beyond
        reason = 'the noise of seeds is not known' if self.beyond == UNKNOWN else 'within the noise of seeds'
        return f'{self.of_images} over images only, {reason}'

    def reverse(self) -> Pair:
        """The pair with the second row first."""
        seeds, images = self.over_seeds, self.over_images
        return Pair(self.second, self.first, self.seeds, replace(seeds, mean=-seeds.mean), images and replace(
            images, difference=-images.difference, low=-images.high, high=-images.low))


@dataclass(frozen=True)
class Comparison:
    """All pairs of a unit.

    Those of `variants`, `controls` and `transductive` that are none of `pairs` are a family of their own.

    Attributes:
        rows: the methods with their own settings that have a cell with an hIoU, by name.
        pairs: those of `rows`, one family of Holm's correction, by the labels of first and second, both ways round.
        variants: methods with their own settings against variants of them.
        controls: methods against their controls.
        transductive: transductive methods against each other, at equal access where some settings of theirs have it.
        resamples: number of resamples.
        samples: ``record.key`` -> hIoU of every resample, for the ranks; NaN where a resample has none.
    """

    unit: Unit
    rows: Sequence[Row]
    pairs: Mapping[tuple[str, str], Pair]
    variants: Sequence[Pair]
    controls: Sequence[Pair]
    transductive: Sequence[Pair]
    resamples: int
    samples: Mapping[str, np.ndarray] = field(repr=False)

    @property
    def count(self) -> int:
        """Number of pairs that were corrected together."""
        return len(self.pairs) // 2

    @property
    def without(self) -> int:
        """Number of resamples without an hIoU, since none of their images holds ground truth that it needs."""
        return max((int(np.isnan(values).sum()) for values in self.samples.values()), default=0)

    def between(self, first: str, second: str) -> Pair | None:
        """The pair of two methods, each of which has exactly one row here; None otherwise."""
        found = [[row for row in self.rows if row.method == name] for name in (first, second)]
        if any(len(rows) != 1 for rows in found):
            return None
        return self.pairs.get((found[0][0].label, found[1][0].label))


def compare(section: Section) -> list[Comparison]:
    """Compares the methods of a section, unit by unit; the number of resamples is the same in all."""
    methods = [[row for row in section.of(unit) if row.card.role == 'method' and row.scored] for unit in section.units]
    resamples = resamples_for(max((_largest_family(rows) for rows in methods), default=0))
    return [_compare(unit, rows, resamples) for unit, rows in zip(section.units, methods, strict=True)]


def across(first: Row, second: Row, family: int = 1) -> Pair | None:
    """Compares two rows of different sections, in a family of so many; None without a seed in common."""
    samples = resampled_hiou([*first.scored, *second.scored], resamples_for(family))
    return pair([(first, second)], samples)


def over_units(comparisons: Sequence[Comparison], pairs: Sequence[Pair]) -> Pair | None:
    """Compares two rows by the mean of hIoU over all units, not corrected yet; None if a unit lacks the pair."""
    if {one.first.unit for one in pairs} != {comparison.unit for comparison in comparisons}:
        return None
    samples = {key: values for comparison in comparisons for key, values in comparison.samples.items()}
    return pair([(one.first, one.second) for one in pairs], samples)


def pair(rows: Sequence[tuple[Row, Row]], samples: Mapping[str, np.ndarray]) -> Pair | None:
    """Compares two rows, or the means of several such pairs; None without a seed that all of them have."""
    cells = [[{record.cell.seed: record for record in row.scored} for row in both] for both in rows]
    seeds = tuple(sorted(set.intersection(*(set(one) for both in cells for one in both))))
    if not seeds:
        return None
    differences = [[one[seed].metrics.hiou - two[seed].metrics.hiou for one, two in cells] for seed in seeds]
    over_seeds, over_images = summarise(math.fsum(values) / len(values) for values in differences), None
    if all(one[seed].key in samples for both in cells for one in both for seed in seeds):
        over_images = resampled(over_seeds.mean, np.mean(
            [samples[one[seed].key] - samples[two[seed].key] for one, two in cells for seed in seeds], axis=0))
    return Pair(*rows[0], seeds, over_seeds, over_images)


def correct(family: Iterable[Pair | None]) -> list[Pair]:
    """Gives the pairs of a family, without the missing ones, their corrected p-values."""
    found = [one for one in family if one]
    known = [one for one in found if one.over_images]
    values = iter(holm([one.over_images.p for one in known]))
    return [replace(one, over_images=replace(one.over_images, holm=next(values))) if one.over_images else one
            for one in found]


def _compare(unit: Unit, methods: Sequence[Row], resamples: int) -> Comparison:
    samples = resampled_hiou([record for row in methods for record in row.scored], resamples)
    rows = [row for row in methods if row.main]
    found = correct(pair([(first, second)], samples) for first, second in combinations(rows, 2))
    pairs = _by_labels(one for other in found for one in (other, other.reverse()))
    known = {**_by_labels(correct(pair([both], samples) for both in partners.beside(methods))), **pairs}

    def of(wanted: Sequence[partners.Both]) -> list[Pair]:
        return [known[labels] for both in wanted if (labels := tuple(row.label for row in both)) in known]

    return Comparison(unit, rows, pairs, of(partners.variants(methods)), of(partners.controls(methods)),
                      of(partners.transductive(methods)), resamples, samples)


def _by_labels(pairs: Iterable[Pair]) -> dict[tuple[str, str], Pair]:
    return {(one.first.label, one.second.label): one for one in pairs}


def _largest_family(rows: Sequence[Row]) -> int:
    """Number of comparisons that are corrected together, at most: pairs of methods, or those beside them."""
    main = sum(row.main for row in rows)
    return max(main * (main - 1) // 2, len(partners.beside(rows)))
