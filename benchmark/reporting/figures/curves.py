"""The figure of hIoU against K."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style as styles
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.reporting.figures.drawing import ROLE_STYLE, save, text
from benchmark.reporting.tables.rows import Row, Section, Unit
from benchmark.stats import Summary

#: Up to so many lines share one panel; more get a panel each.
LINES_PER_PANEL = 6
#: More variants of a method than that are not drawn: they are points of an ablation, not lines.
MOST_VARIANTS = 3
_MARKERS = 'osD^vP*X'


@styles.context('default')
def hiou_against_k(section: Section, path: Path) -> Path | None:
    """Draws one line per method, with gaps where it has no hIoU; error bars are 95% t-intervals. None without any hIoU.

    Of many methods each has a panel of its own, with few variants dotted and all others in grey, the baseline darker.
    """
    rows = [row for row in section.rows if row.scored]
    if not rows:
        return None
    labels = [label for label in section.labels if any(row.label == label for row in rows)]
    lines = [_Line([row for row in rows if row.label == label]) for label in labels]
    place = _places(section)
    return save(_together(lines, place) if sum(not line.bound for line in lines) <= LINES_PER_PANEL else
                _side_by_side(lines, place, section.baseline), path)


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
    """A panel for each line that is no bound, and no variant of another one."""
    plain = [line for line in lines if not line.bound]
    of_main = {line.method for line in plain if line.main}
    own = [line for line in plain if line.main or line.method not in of_main]
    figure = Figure(figsize=(9, 1.9 * -(-len(own) // 4) + 0.5), layout='constrained')
    grid = figure.subplots(-(-len(own) // 4), 4, sharex=True, sharey=True, squeeze=False).reshape(-1)
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
        axes.set_title(text(line.label, 30), fontsize=8)
    for axes in grid[len(own):]:
        axes.set_visible(False)
    figure.supxlabel('K, number of unseen classes', fontsize=8)
    figure.supylabel('hIoU, %', fontsize=8)
    return figure


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
                      yerr=[summary.half_width or 0 for summary in found] if bars else None,
                      capsize=2, elinewidth=0.9, **style)


def _places(section: Section) -> dict[Unit, int]:
    """Where units stand on the axis: at their K, or side by side where several have the same."""
    units = section.units
    distinct = len({unit.k for unit in units}) == len(units)
    return {unit: unit.k if distinct else index for index, unit in enumerate(units)}


def _label_axes(axes: Axes, place: dict[Unit, int]) -> None:
    axes.set_xticks(list(place.values()), [text(unit.label) for unit in place])
    axes.set_ylim(bottom=min(-1, axes.get_ylim()[0]))
    axes.grid(alpha=0.3)
