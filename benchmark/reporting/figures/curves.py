"""The figure of hIoU against K."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style as styles
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reporting.figures.drawing import MAX_WIDTH, ROLE_STYLE, clipped, heading, save, text
from benchmark.reporting.tables.rows import Row, Section, Unit
from benchmark.stats import Summary

#: Up to so many lines share one panel; more get a panel each.
LINES_PER_PANEL = 6
#: More variants of a method than that are not drawn: they are points of an ablation, not lines.
MOST_VARIANTS = 3
_MARKERS = 'osD^vP*X'
_COLUMNS = 3


@styles.context('default')
def hiou_against_k(section: Section, path: Path) -> Path | None:
    """Draws one line per method, with gaps where it has no hIoU; None without any.

    Error bars are 95% t-intervals, cut at 0 and 100. Of many methods each has a panel of its own, the best on average
    first, with few variants dotted and all others in grey with their names, the baseline darker.
    """
    rows = [row for row in section.rows if row.scored]
    if not rows:
        return None
    labels = [label for label in section.labels if any(row.label == label for row in rows)]
    lines = [_Line([row for row in rows if row.label == label]) for label in labels]
    place = _places(section)
    figure = _together(lines, place) if sum(not line.bound for line in lines) <= LINES_PER_PANEL else \
        _side_by_side(lines, place, section.baseline)
    figure.suptitle(heading(section, 'hIoU against the number of unseen classes'), fontsize=9)
    return save(figure, path)


def _together(lines: Sequence[_Line], place: dict[Unit, int]) -> Figure:
    """All lines in one panel, side by side, so that error bars do not hide each other."""
    figure = Figure(figsize=(7, 4), layout='constrained')
    axes = figure.subplots()
    step = 0.15 * min(np.diff(sorted(place.values())), default=1) / len(lines)
    plain = [line for line in lines if not line.bound]
    for index, line in enumerate(lines):
        style = line.bound or {'color': f'C{plain.index(line) % 10}',
                               'marker': _MARKERS[plain.index(line) % len(_MARKERS)]}
        line.draw(axes, place, step * (index - (len(lines) - 1) / 2), label=text(line.label), **style)
    _label_axes(axes, place)
    axes.set_xlabel('K, number of unseen classes')
    axes.set_ylabel('hIoU, %')
    figure.legend(loc='outside right upper', fontsize=8, frameon=False)
    return figure


def _side_by_side(lines: Sequence[_Line], place: dict[Unit, int], baseline: str) -> Figure:
    """A panel for each line that is no bound, and no variant of another one, by their means."""
    plain = [line for line in lines if not line.bound]
    of_main = {line.method for line in plain if line.main}
    own = sorted((line for line in plain if line.main or line.method not in of_main), key=lambda line: -line.mean)
    figure = Figure(figsize=(MAX_WIDTH, 2.3 * -(-len(own) // _COLUMNS) + 0.6), layout='constrained')
    grid = figure.subplots(-(-len(own) // _COLUMNS), _COLUMNS, sharex=True, sharey=True, squeeze=False).reshape(-1)
    for axes, line in zip(grid, own, strict=False):
        for other in own:
            other.draw(axes, place, color='0.4' if other.label == baseline else '0.8', bars=False, linewidth=0.7)
        for bound in [bound for bound in lines if bound.bound]:
            bound.draw(axes, place, bars=False, **{**bound.bound, 'linewidth': 0.9})
        variants = [other for other in plain if other not in own and other.method == line.method]
        for variant in variants if len(variants) <= MOST_VARIANTS else ():
            variant.draw(axes, place, color='C1', bars=False, linestyle=':', marker='.')
        line.draw(axes, place, color='C0', marker='o')
        _label_axes(axes, place)
        _name_lines(axes, [other for other in lines if other is not line and (other.bound or other in own)], place,
                    baseline)
        axes.set_title(text(line.label, 30), fontsize=8)
    for axes in grid[len(own):]:
        axes.set_visible(False)
    figure.supxlabel('K, number of unseen classes', fontsize=8)
    figure.supylabel('hIoU, %', fontsize=8)
    return figure


def _name_lines(axes: Axes, lines: Sequence[_Line], place: dict[Unit, int], baseline: str) -> None:
    """Writes the names of lines to the right of the last K, at their ends as far as that leaves them apart."""
    unit, right = list(place)[-1], max(place.values())
    span = max(right - min(place.values()), 1)
    ends = sorted((end, line.label) for line in lines if not np.isnan(end := line.at(unit)))
    gap = min(5.2, 100 / max(len(ends), 1))
    heights = [end for end, _ in ends]
    for index in range(1, len(heights)):
        heights[index] = max(heights[index], heights[index - 1] + gap)
    over = max((heights or [0])[-1] - 100, 0)
    for index in reversed(range(len(heights))):
        heights[index] = min(heights[index], 100 - gap * (len(heights) - 1 - index)) if over else heights[index]
    for height, (end, name) in zip(heights, ends, strict=True):
        axes.annotate(text(name, 16), (right, end), (right + 0.12 * span, height), fontsize=5.5, va='center',
                      color='0.15' if name == baseline else '0.45', annotation_clip=False,
                      arrowprops={'arrowstyle': '-', 'color': '0.8', 'linewidth': 0.4, 'shrinkA': 0, 'shrinkB': 1})
    axes.set_xlim(min(place.values()) - 0.06 * span, right + 0.55 * span)


class _Line:
    """The rows of one label, by unit."""

    def __init__(self, rows: Sequence[Row]) -> None:
        first = rows[0]
        self.label, self.method, self.main = first.label, first.method, first.main
        self.bound = ROLE_STYLE.get(first.card.role)
        self._summaries = {row.unit: row.summary('hiou') for row in rows}

    def draw(self, axes: Axes, place: dict[Unit, int], shift: float = 0.0, bars: bool = True, **style: Any) -> None:
        """Draws the means over seeds, with error bars if asked."""
        found = [self._summaries.get(unit, Summary(0, float('nan'))) for unit in place]
        style = {'linewidth': 1.3, 'markersize': 4.5 if bars else 3, **style}
        axes.errorbar([x + shift for x in place.values()], [summary.mean for summary in found],
                      yerr=np.transpose([clipped(summary) for summary in found]) if bars else None,
                      capsize=2, elinewidth=0.9, **style)

    def at(self, unit: Unit) -> float:
        """The mean of one unit, NaN without."""
        summary = self._summaries.get(unit)
        return summary.mean if summary else float('nan')

    @property
    def mean(self) -> float:
        """Over the units that have one."""
        found = [summary.mean for summary in self._summaries.values()]
        return sum(found) / len(found)


def _places(section: Section) -> dict[Unit, int]:
    """Where units stand on the axis: at their K, or side by side where several have the same."""
    units = section.units
    distinct = len({unit.k for unit in units}) == len(units)
    return {unit: unit.k if distinct else index for index, unit in enumerate(units)}


def _label_axes(axes: Axes, place: dict[Unit, int]) -> None:
    axes.set_xticks(list(place.values()), [text(unit.label) for unit in place])
    axes.set_ylim(-3, 103)  # the same for all panels, and nothing lies outside
    axes.grid(alpha=0.3)
