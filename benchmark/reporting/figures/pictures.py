"""The figure of IoU per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib import style as styles
from matplotlib.figure import Figure

from benchmark.reporting.figures.drawing import MAX_WIDTH, heading, save, text
from benchmark.reporting.tables.rows import Row, Section

#: Lines of a heat map from which on they are drawn lower.
MANY_LINES = 8


@styles.context('default')
def class_heat_map(section: Section, path: Path) -> Path | None:
    """Draws the IoU of every class, a panel per K, averaged over seeds; blank where a class is absent. No variants."""
    rows = [row for row in section.plain if row.done]
    if not rows:
        return None
    units = [unit for unit in section.units if any(row.unit == unit for row in rows)]
    classes = list(dict.fromkeys(name for row in rows for record in row.done for name in record.classes))
    panels = [[row for row in rows if row.unit == unit] for unit in units]
    line = 0.16 if max(map(len, panels)) > MANY_LINES else 0.2
    height = sum(len(panel) + 1.2 for panel in panels) * line + 1.6
    figure = Figure(figsize=(min(3 + 0.3 * len(classes), MAX_WIDTH), min(height, 40)), layout='constrained')
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=[len(p) for p in panels])[:, 0]
    colours = colormaps['viridis'].with_extremes(bad='white')
    size = 7 if len(classes) <= 30 else 5 if len(classes) <= 60 else 2.5
    for ax, unit, panel in zip(axes, units, panels, strict=True):
        image = ax.imshow(np.ma.masked_invalid([_class_means(row, classes) for row in panel]),
                          cmap=colours, vmin=0, vmax=100, aspect='auto', interpolation='nearest')
        unseen = set().union(*(row.unseen for row in panel))
        for column, name in enumerate(classes):
            if name in unseen:
                ax.text(column, -0.5, '*', ha='center', va='bottom', fontsize=10)
        ax.set_yticks(range(len(panel)), [text(row.label, 30) for row in panel], fontsize=7)
        ax.set_ylabel(f'K={text(unit.label)}', fontsize=8)
    axes[-1].set_xticks(range(len(classes)), [text(name, 30) for name in classes], rotation=90, fontsize=size)
    figure.suptitle(heading(section, 'IoU of every class'), fontsize=9)
    figure.colorbar(image, ax=list(axes), label='IoU, %', fraction=0.03, pad=0.01)
    return save(figure, path)


def _class_means(row: Row, classes: Sequence[str]) -> list[float]:
    """Mean IoU per class over the seeds that have it, NaN without any."""
    means = row.class_iou()
    return [means.get(name, float('nan')) for name in classes]
