"""The few lines of a reading that stand on the page of a data set."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.reporting.reading.extent import best, decided, wide
from benchmark.reporting.reading.section import findings
from benchmark.reporting.reading.words import Told, average
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables.rows import Section

#: Contrasts of a line, those with the largest difference.
MOST = 6


def short(section: Section, comparisons: Sequence[Comparison]) -> list[str]:
    """What is decided, who is best, and what the contrasts and controls show on average over K; ten lines at most.

    None without two methods that have finished cells.
    """
    comparisons = [one for one in comparisons if one.rows]
    if not any(one.pairs for one in comparisons):
        return []
    found = findings(comparisons)
    groups = {'Inductive methods': found.inductive, 'Transductive methods': found.transductive,
              'What unlabelled images add (no ranking)': found.across,
              'What a term of the loss adds (methods against their controls)': found.controls}
    over = 'mean over K' if len(comparisons) > 1 else 'at the only K'
    return [*best(comparisons), *(
        f'{name}, {over}: {text}.' for name, told in groups.items() if (text := _largest(told, len(comparisons)))),
        decided(comparisons), *wide(comparisons, [])]


def _largest(told: Sequence[Told], units: int) -> str:
    """The contrasts with the largest differences, those that say what they show before the others."""
    known = [(one, pair) for one in told if (pair := one.mean or (one.pairs[0] if units == 1 else None))]
    known.sort(key=lambda item: (not item[0].shows, -abs(item[1].over_seeds.mean)))
    left = len(known) - MOST
    return '; '.join(average(one, pair) for one, pair in known[:MOST]) + (
        f'; {left} more in the reading' if left > 0 else '')
