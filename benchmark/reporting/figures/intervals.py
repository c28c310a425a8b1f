"""The figure of all methods at one K: mean hIoU with its interval, best first."""

from __future__ import annotations

from pathlib import Path

from matplotlib import style as styles
from matplotlib.figure import Figure

from benchmark.reporting.figures.drawing import ROLE_STYLE, clipped, heading, save, text
from benchmark.reporting.tables.rows import Row, Section, Unit

#: Setting -> colour and marker; blue and orange stay apart for every colour vision, and the markers without any.
_LOOKS = {'inductive': ('#0072B2', 'o'), 'transductive': ('#D55E00', 's')}
_OTHER = ('0.3', 'D')


def middle(section: Section) -> Unit | None:
    """The K in the middle of those with an hIoU; the larger of two."""
    units = [unit for unit in section.units if any(row.scored for row in section.of(unit))]
    return units[len(units) // 2] if units else None


@styles.context('default')
def at_one_k(section: Section, path: Path, unit: Unit | None = None) -> Path | None:
    """Draws every method of a K on a line of its own; None without any hIoU.

    Bars are 95% t-intervals over seeds, cut at 0 and 100, between which every score lies. Controls are hollow, floor
    and ceiling are dashed lines. Without a K asked for, it is the one in the middle.
    """
    unit = unit or middle(section)
    rows = [row for row in section.plain if row.unit == unit and row.scored]
    if not rows:
        return None
    methods = sorted((row for row in rows if row.card.role not in ROLE_STYLE), key=_mean)
    figure = Figure(figsize=(7.5, 0.27 * len(methods) + 1.5), layout='constrained')
    axes = figure.subplots()
    told = set()
    for place, row in enumerate(methods):
        colour, marker = _LOOKS.get(row.card.setting, _OTHER)
        label = f'control, {row.card.setting}' if row.card.controls else row.card.setting
        mean, (low, high) = _mean(row), clipped(row.summary('hiou'))
        axes.errorbar(mean, place, xerr=[[low], [high]], color=colour, marker=marker, capsize=3, elinewidth=1.2,
                      linestyle='', markerfacecolor='white' if row.card.controls else colour,
                      label=text(label) if label not in told else None)
        told.add(label)
    for row in rows:
        if row.card.role in ROLE_STYLE:
            style = {key: value for key, value in ROLE_STYLE[row.card.role].items() if key != 'marker'}
            axes.axvline(_mean(row), label=text(f'{row.label} ({row.card.role})'), **style)
    axes.set_yticks(range(len(methods)), [text(row.label) for row in methods], fontsize=8)
    axes.set_ylim(-0.7, max(len(methods), 1) - 0.3)
    axes.set_xlim(-2, 102)
    axes.set_xlabel('hIoU, %, with the 95% t-interval over seeds')
    axes.grid(axis='x', alpha=0.3)
    figure.suptitle(heading(section, f'hIoU at K={unit.label}'), fontsize=9)
    figure.legend(loc='outside lower center', ncols=5, fontsize=7, frameon=False)
    return save(figure, path)


def _mean(row: Row) -> float:
    return row.summary('hiou').mean
