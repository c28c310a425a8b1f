"""How much there is to judge by, what of it is decided, and which methods come first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.records.values import number
from benchmark.reporting.reading.words import Told
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables.rows import Row


def extent(comparisons: Sequence[Comparison]) -> list[str]:
    """Methods, seeds, images and pairs."""
    seeds = {len(row.scored) for one in comparisons for row in one.rows}
    images = sorted({record.images for one in comparisons for row in one.rows for record in row.scored})
    lines = [f'Methods per K: {_range(len(one.rows) for one in comparisons)}; seeds per method and K: {_range(seeds)}; '
             f'validation images: {_range(images)}; pairs per K: {_range(one.count for one in comparisons)}.']
    if min(seeds) < 2:
        lines.append('Where a method has one seed, the noise over seeds is not known: no difference of it counts as '
                     'beyond noise.')
    if not any(pair.over_images for one in comparisons for pair in one.pairs.values()):
        lines.append('The records hold no confusion matrices of single images: the noise over images is not known.')
    return lines


def decided(comparisons: Sequence[Comparison]) -> str:
    """The number of pairs that differ beyond noise."""
    counts = [sum(pair.beyond == 'better' for pair in one.pairs.values()) for one in comparisons]
    return f'Pairs that differ beyond noise: {_of_all(counts, comparisons)}.'


def wide(comparisons: Sequence[Comparison], told: Sequence[Told]) -> list[str]:
    """The number of pairs whose interval over seeds is wider than the difference, and which of those told below are."""
    counts = [sum(pair.over_seeds.wide for pair in one.pairs.values()) // 2 for one in comparisons]
    lines = ['Pairs too wide to size, that is the t-interval over seeds is wider, from bound to bound, than the '
             f'difference: {_of_all(counts, comparisons)}.']
    found = {one.what: [pair.first.unit.label for pair in one.pairs if pair.over_seeds.wide] for one in told}
    if any(found.values()):
        lines.append(f'So it is in {sum(map(len, found.values()))} of the {sum(len(one.pairs) for one in told)} '
                     'comparisons told below, the size of whose difference is hardly known: ' + '; '.join(
                         f'{what} at K={", ".join(units)}' for what, units in found.items() if units) + '.')
    return lines


def best(comparisons: Sequence[Comparison]) -> list[str]:
    """Setting by setting, the method with the highest mean hIoU of every K, and how many others of it that beats."""
    settings = dict.fromkeys(sorted(row.card.setting for one in comparisons for row in one.rows))
    return [f'Highest mean hIoU of {setting} methods: ' + ', '.join(
        _first(one, rows) for one in comparisons
        if (rows := [row for row in one.rows if row.card.setting == setting])) + '.' for setting in settings]


def _first(comparison: Comparison, rows: Sequence[Row]) -> str:
    first = max(rows, key=lambda row: row.summary('hiou').mean)
    others = {row.label for row in rows} - {first.label}
    beaten = sum(pair.beyond == 'better' for (label, other), pair in comparison.pairs.items()
                 if label == first.label and other in others)
    text = f'{first.label} at K={comparison.unit.label} ({number(first.summary("hiou").mean)}'
    return text + (f', beats {beaten} of {len(others)} beyond noise)' if others else ', the only one)')


def _of_all(counts: Sequence[int], comparisons: Sequence[Comparison]) -> str:
    """Counts as parts of all pairs, and K by K where there are several."""
    text = f'{sum(counts)} of {sum(one.count for one in comparisons)}'
    parts = ', '.join(f'{count} of {one.count} at K={one.unit.label}'
                      for count, one in zip(counts, comparisons, strict=True))
    return f'{text} ({parts})'


def _range(values: Iterable[int]) -> str:
    values = sorted(set(values))
    return str(values[0]) if len(values) == 1 else f'{values[0]} to {values[-1]}'
