"""The figures of a report with pictures in them: IoU per class, example images."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib import style as styles
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

from benchmark.records.files import Example
from benchmark.reporting.figures.drawing import ROLE_STYLE, save, text
from benchmark.reporting.figures.photographs import Photographs
from benchmark.reporting.tables.rows import Row, Section, Unit

EXAMPLES_PER_K = 2
THUMBNAIL = 128
#: Methods in the panel of examples, besides the bounds.
MOST_EXAMPLES = 6
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
    figure = Figure(figsize=(min(3 + 0.3 * len(classes), 22), min(height, 40)), layout='constrained')
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=[len(p) for p in panels])[:, 0]
    colours = colormaps['viridis'].with_extremes(bad='white')
    size = 7 if len(classes) <= 60 else 4
    for ax, unit, panel in zip(axes, units, panels, strict=True):
        image = ax.imshow(np.ma.masked_invalid([_class_means(row, classes) for row in panel]),
                          cmap=colours, vmin=0, vmax=100, aspect='auto', interpolation='nearest')
        unseen = {record.classes[c] for row in panel for record in row.done for c in record.unseen}
        for column, name in enumerate(classes):
            if name in unseen:
                ax.text(column, -0.5, '*', ha='center', va='bottom', fontsize=10)
        ax.set_yticks(range(len(panel)), [text(row.label, 30) for row in panel], fontsize=7)
        ax.set_ylabel(f'K={text(unit.label)}', fontsize=8)
    axes[-1].set_xticks(range(len(classes)), [text(name, 30) for name in classes], rotation=90, fontsize=size)
    figure.colorbar(image, ax=list(axes), label='IoU, %', fraction=0.03, pad=0.01)
    return save(figure, path)


@styles.context('default')
def example_panel(section: Section, path: Path, data_root: Path | None = None) -> Path | None:
    """Draws image, ground truth and every method's prediction for the smallest and the largest K.

    Records of a published data set hold the names of the images alone: these are drawn from data of the reader's own,
    below `data_root`, and stay blank without.
    """
    with_examples = [row for row in section.plain if any(record.examples for record in row.done)]
    units = sorted({row.unit for row in with_examples})
    if not units:
        return None
    shown = [row for row in with_examples if row.unit in (units[0], units[-1])]
    labels = _chosen(section, shown)
    shown = [row for row in shown if row.label in labels]
    own = Photographs(section.records[0].cell.dataset, data_root)
    lines: list[tuple[Unit, str, list[np.ndarray | None]]] = []
    names: dict[str, list[int]] = {}
    for unit in dict.fromkeys((units[0], units[-1])):
        found = {row.label: _examples(row) for row in shown if row.unit == unit}
        palette = {row.label: _palette(row) for row in shown if row.unit == unit}
        first = next(iter(found))
        for name, example in list(found[first].items())[:EXAMPLES_PER_K]:
            truth = _decode(example.truth) if example.truth else _thumbnail(own.truth(name))
            predictions = {label: _decode(found[label][name].prediction)
                           for label in labels if name in found.get(label, {})}
            photo = _decode(example.image, photo=True) if example.image else _thumbnail(own.image(name))
            lines.append((unit, name, [photo, _coloured(truth, palette[first]), *(
                _coloured(predictions.get(label), palette.get(label)) for label in labels)]))
            classes = next(record.classes for row in shown if row.label == first for record in row.done)
            there = [truth] if truth is not None else [ids for ids in predictions.values() if ids is not None]
            for c in sorted({int(c) for ids in there for c in np.unique(ids)}):
                if c < len(classes):
                    names.setdefault(classes[c], (palette[first][c] / 255).tolist())
    columns = ['image', 'ground truth', *labels]
    legend_lines = -(-len(names) // 6)
    figure = Figure(figsize=(1.15 * len(columns) + 0.3, 1.2 * len(lines) + 0.5 + 0.18 * legend_lines),
                    layout='constrained')
    grid = figure.subplots(len(lines), len(columns), squeeze=False)
    for axes, (unit, name, tiles) in zip(grid, lines, strict=True):
        axes[0].set_ylabel(f'K={text(unit.label)}', fontsize=8)
        if tiles[0] is None:
            axes[0].text(0.5, 0.5, text(name, 16), ha='center', va='center', fontsize=5, transform=axes[0].transAxes)
        for ax, tile in zip(axes, tiles, strict=True):
            ax.set(xticks=[], yticks=[])
            if tile is not None:
                ax.imshow(tile, interpolation='nearest')
    for ax, column in zip(grid[0], columns, strict=True):
        ax.set_title('\n'.join(textwrap.wrap(text(column, 60), 16)), fontsize=7)
    handles = [Patch(facecolor=colour, edgecolor='0.5', linewidth=0.4, label=text(name, 24))
               for name, colour in sorted(names.items())]
    figure.legend(handles=handles, loc='outside lower center', ncols=6, fontsize=6, frameon=False)
    return save(figure, path)


def _chosen(section: Section, rows: Sequence[Row]) -> list[str]:
    """The labels to show: all, or of many the bounds, the baseline, and the methods with the highest mean hIoU."""
    labels = [label for label in section.labels if any(row.label == label for row in rows)]
    if len(labels) <= MOST_EXAMPLES + 2:
        return labels
    bounds = {row.label for row in rows if row.card.role in ROLE_STYLE}
    means: dict[str, list[float]] = {}
    for row in rows:
        if row.main:
            means.setdefault(row.label, []).extend([row.summary('hiou').mean] if row.scored else [])
    ranked = sorted(means, key=lambda label: (label != section.baseline, not means[label],
                                              -sum(means[label]) / max(len(means[label]), 1)))
    return [label for label in labels if label in bounds or label in ranked[:MOST_EXAMPLES]]


def _class_means(row: Row, classes: Sequence[str]) -> list[float]:
    """Mean IoU per class over the seeds that have it, NaN without any."""
    found: dict[str, list[float]] = {name: [] for name in classes}
    for record in row.done:
        for name, value in zip(record.classes, record.per_class_iou, strict=False):
            if value is not None:
                found[name].append(value)
    return [sum(values) / len(values) if values else float('nan') for values in found.values()]


def _examples(row: Row) -> dict[str, Example]:
    """The examples of the lowest seed that has any, by image name."""
    return next({example.name: example for example in record.examples} for record in row.done if record.examples)


def _palette(row: Row) -> np.ndarray:
    """Colours of all 256 ids, white for those without a class."""
    table = np.full((256, 3), 255, dtype=np.uint8)
    colours = next(record.palette for record in row.done if record.examples)[:255]
    if colours:
        table[:len(colours)] = colours
    return table


def _decode(text: str, photo: bool = False) -> np.ndarray | None:
    """Decodes a base64 picture at thumbnail size; None if it cannot be read."""
    try:
        image = Image.open(BytesIO(base64.b64decode(text)), formats=('PNG', 'JPEG'))
        return _thumbnail(image.convert('RGB' if photo else 'L'))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _thumbnail(picture: Image.Image | np.ndarray | None) -> np.ndarray | None:
    """A photograph or class ids at thumbnail size."""
    if picture is None:
        return None
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    scale = max(image.size) / THUMBNAIL
    if scale > 1:
        size = tuple(max(1, round(side / scale)) for side in image.size)
        image = image.resize(size, Image.Resampling.LANCZOS if image.mode == 'RGB' else Image.Resampling.NEAREST)
    return np.asarray(image)


def _coloured(ids: np.ndarray | None, palette: np.ndarray | None) -> np.ndarray | None:
    return None if ids is None else palette[ids]
