"""The figure of example images: those that hold unseen classes, with ground truth and predictions."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib import style as styles
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image
from scipy.ndimage import distance_transform_edt

from benchmark.records.files import Example
from benchmark.reporting.figures.drawing import MAX_WIDTH, ROLE_STYLE, heading, save, text
from benchmark.reporting.figures.photographs import Photographs
from benchmark.reporting.tables.rows import Row, Section, Unit

EXAMPLES_PER_K = 2
THUMBNAIL = 128
#: Methods in the panel of examples, besides the bounds: as many as leave the figure narrower than 1,000 pixels.
MOST_EXAMPLES = 4
#: What most pixels are, and ignored ones.
_COMMON, _IGNORED = '#ededed', '#ffffff'
#: Each is as far as can be, in CIELAB, from all before it and the two above, for normal vision and for those without
#: long, middle or short-wave cones (simulated after Machado et al., IEEE TVCG 15, 2009), among 11 x 11 x 11 colours.
COLOURS = ('#000000', '#ff8000', '#9900ff', '#3380b3', '#663300', '#99ff99', '#808066', '#331a99', '#990066', '#ffb3ff',
           '#e64dff', '#80b366', '#e64d33', '#330033', '#334d33', '#ffe600', '#b3b3b3', '#330066', '#ff33cc', '#b3e666',
           '#004d99', '#00e699', '#9900cc', '#cc99ff')
#: Regions smaller than this share of an image carry no number.
_NUMBERED = 0.015


@dataclass
class Line:
    """An image at one K: photograph, ground truth, and predictions by label, maps of class ids; None without."""

    unit: Unit
    name: str
    classes: list[str]
    unseen: list[int]
    photo: np.ndarray | None
    truth: np.ndarray | None
    predictions: dict[str, np.ndarray]

    @property
    def maps(self) -> list[np.ndarray]:
        """All maps of class ids that are drawn."""
        return [*([] if self.truth is None else [self.truth]), *self.predictions.values()]

    def unseen_pixels(self, judge: str) -> int:
        """Pixels of unseen classes by the ground truth, without one by the predictions of `judge`."""
        ids = self.predictions.get(judge) if self.truth is None else self.truth
        return 0 if ids is None else int(np.isin(ids, self.unseen).sum())


@styles.context('default')
def example_panel(section: Section, path: Path, data_root: Path | None = None) -> Path | None:
    """Draws image, ground truth and predictions where images hold unseen classes; None without any example.

    They are of the smallest and of the largest K at which an example holds one: by the ground truth, or without it by
    the predictions of the ceiling. Where none does, the first examples are drawn.

    Records of a published data set hold the names of the images alone: these are drawn from data of the reader's own,
    below `data_root`, and stay blank without.
    """
    rows = [row for row in section.plain if any(record.examples for record in row.done)]
    if not rows:
        return None
    own = Photographs(section.records[0].cell.dataset, data_root)
    judge = judge_of(rows)
    lines = _telling([lines_of(unit, [row for row in rows if row.unit == unit], own)
                      for unit in sorted({row.unit for row in rows})], judge)
    units = {line.unit for line in lines}
    labels = _chosen(section, [row for row in rows if row.unit in units])
    for line in lines:
        line.predictions = {label: ids for label, ids in line.predictions.items() if label in labels}
    numbers, legend = _legend(lines)
    columns = ['image', 'ground truth', *labels]
    height = 1.05 * len(lines) + 0.75 + 0.17 * -(-len(legend) // 5)
    figure = Figure(figsize=(min(1.05 * len(columns) + 0.3, MAX_WIDTH), height), layout='constrained')
    for axes, line in zip(figure.subplots(len(lines), len(columns), squeeze=False), lines, strict=True):
        for ax, tile in zip(axes, [None, line.truth, *map(line.predictions.get, labels)], strict=True):
            ax.set(xticks=[], yticks=[])
            if tile is not None:
                _draw(ax, tile, line, numbers)
        axes[0].set_ylabel(f'K={text(line.unit.label)}', fontsize=8)
        if line.photo is None:
            axes[0].text(0.5, 0.5, text(line.name, 16), ha='center', va='center', fontsize=5,
                         transform=axes[0].transAxes)
        else:
            axes[0].imshow(line.photo, interpolation='nearest')
    for ax, column in zip(figure.axes, columns, strict=False):
        ax.set_title('\n'.join(textwrap.wrap(text(column, 60), 16)), fontsize=7)
    figure.suptitle(heading(section, 'examples; classes unseen at the K of a line are outlined'), fontsize=8)
    figure.legend(handles=legend, loc='outside lower center', ncols=5, fontsize=6, frameon=False)
    return save(figure, path)


def lines_of(unit: Unit, rows: Sequence[Row], own: Photographs) -> list[Line]:
    """The examples of a K: those of its first row, with the predictions of all rows for the same images."""
    record = next(record for row in rows for record in row.done if record.examples)
    found = {row.label: _examples(row) for row in rows}
    return [Line(unit, example.name, list(record.classes), list(record.unseen),
                 _decode(example.image, photo=True) if example.image else _thumbnail(own.image(example.name)),
                 _decode(example.truth) if example.truth else _thumbnail(own.truth(example.name)),
                 {label: ids for label, examples in found.items() if example.name in examples
                  and (ids := _decode(examples[example.name].prediction)) is not None})
            for example in record.examples]


def judge_of(rows: Sequence[Row]) -> str:
    """The label whose predictions tell where unseen classes are if no ground truth does: the ceiling's, if any."""
    return next((row.label for row in rows if row.card.role == 'ceiling'), rows[0].label)


def _telling(groups: Sequence[list[Line]], judge: str) -> list[Line]:
    """The lines to draw: of the first and last K that has some with unseen classes, those with the most of them."""
    with_unseen = [[line for line in lines if line.unseen_pixels(judge)] for lines in groups]
    kept = [lines for lines in with_unseen if lines] or list(groups)
    chosen = [kept[0], kept[-1]] if len(kept) > 1 else kept
    return [line for lines in chosen
            for line in sorted(lines, key=lambda line: -line.unseen_pixels(judge))[:EXAMPLES_PER_K]]


def numbered(lines: Sequence[Line]) -> dict[str, int]:
    """Numbers of all classes drawn, which choose their colours: unseen ones first, 0 for the most common."""
    pixels: dict[str, int] = {}
    for line in lines:
        for ids in line.maps:
            values, counts = np.unique(ids[ids < len(line.classes)], return_counts=True)
            for value, count in zip(values.tolist(), counts.tolist(), strict=True):
                pixels[line.classes[value]] = pixels.get(line.classes[value], 0) + count
    unseen = _unseen(lines)
    common = max(pixels, key=pixels.get, default='')
    order = sorted(pixels, key=lambda name: (name == common, name not in unseen, name))
    return {name: 0 if name == common else place for place, name in enumerate(order, start=1)}


def _legend(lines: Sequence[Line]) -> tuple[dict[str, int], list[Patch]]:
    """`numbered`, and the legend in that order, unseen classes with an asterisk."""
    numbers, unseen = numbered(lines), _unseen(lines)
    return numbers, [Patch(facecolor=colour_of(number), edgecolor='0.5', linewidth=0.4,
                           label=f'{number or ""} {text(name, 24)}{"*" if name in unseen else ""}'.strip())
                     for name, number in numbers.items()]


def _unseen(lines: Sequence[Line]) -> set[str]:
    return {line.classes[c] for line in lines for c in line.unseen}


def colour_of(number: int) -> str:
    """The colour of a numbered class."""
    return COLOURS[(number - 1) % len(COLOURS)] if number else _COMMON


def _draw(axes: Axes, ids: np.ndarray, line: Line, numbers: dict[str, int]) -> None:
    """Draws a map: a colour and a number for every class, and an outline around those that are unseen."""
    table = np.array([to_rgb(colour_of(numbers[name]) if name in numbers else _IGNORED) for name in line.classes]
                     + [to_rgb(_IGNORED)] * (256 - len(line.classes)))[:256]
    axes.imshow(table[ids], interpolation='nearest')
    marked = np.isin(ids, line.unseen)
    if marked.any() and not marked.all():
        for colour, width in (('white', 1.6), ('black', 0.7)):
            axes.contour(marked, levels=[0.5], colors=colour, linewidths=width)
    for value in np.unique(ids):
        name = line.classes[value] if value < len(line.classes) else ''
        region = ids == value
        if numbers.get(name) and region.mean() > _NUMBERED:
            y, x = np.unravel_index(np.argmax(distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]), region.shape)
            dark = np.dot(table[value], (0.299, 0.587, 0.114)) < 0.5
            axes.text(x, y, str(numbers[name]), ha='center', va='center', fontsize=5,
                      color='white' if dark else 'black')


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


def _examples(row: Row) -> dict[str, Example]:
    """The examples of the lowest seed that has any, by image name."""
    return next({example.name: example for example in record.examples} for record in row.done if record.examples)


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
