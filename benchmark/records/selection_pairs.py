"""Whether a selection says what the real splits say: for two settings, the sign of their difference in both."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.records.selections import Selection
from benchmark.stats import Summary, paired


@dataclass(frozen=True)
class Pair:
    """Two settings: paired differences in hIoU, first minus second, by the selection and by the real splits.

    Attributes:
        first, second (int): places in the selection's candidates.
        selected (Summary): over draws and seeds.
        real (Summary): over splits and seeds that have a record of either.
    """

    first: int
    second: int
    selected: Summary
    real: Summary

    @property
    def same(self) -> bool:
        """Whether both have the same sign."""
        return (self.selected.mean > 0) == (self.real.mean > 0) and (self.selected.mean < 0) == (self.real.mean < 0)

    @property
    def beyond_noise(self) -> bool:
        """Whether both say that the settings differ; otherwise a sign may be chance."""
        return all(one.half_width is not None and abs(one.mean) > one.half_width for one in (self.selected, self.real))


def pairs(selection: Selection, real: list[dict[tuple[str, int], float]]) -> list[Pair]:
    """All pairs of settings that both have been measured.

    Args:
        selection (Selection): finished.
        real (list[dict]): for each of its candidates hIoU by split and seed on the real splits.
    """
    found = []
    for first, second in itertools.combinations(range(len(selection.candidates)), 2):
        scores = [(one.values('hiou') if one.complete else {}, real[place])
                  for place in (first, second) for one in [selection.candidates[place]]]
        both = [_paired(*each) for each in zip(*scores, strict=True)]
        if all(both):
            found.append(Pair(first, second, *both))
    return found


def _paired(one: Mapping, other: Mapping) -> Summary | None:
    common = [place for place in one if place in other]
    return paired([one[place] for place in common], [other[place] for place in common]) if common else None
