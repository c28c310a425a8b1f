"""Example images with ground truth and predictions, as runs of class ids that a browser colours."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.reporting.figures.examples import Line, colour_of, judge_of, lines_of, numbered
from benchmark.reporting.figures.photographs import Photographs
from benchmark.reporting.tables.markup import visible
from benchmark.reporting.tables.rows import Section
from zs_methods.datasets.spec import available, load_spec

#: Images of a K, those with the most pixels of unseen classes first.
PER_K = 3


def gallery(section: Section, classes: Sequence[str]) -> dict[str, Any]:
    """The examples of every K with the predictions of all methods but variants, and the colours of the classes.

    Images are shown of generated data sets only: photographs belong to their owners, and the page is passed on.

    Args:
        section (Section): the rows.
        classes (Sequence[str]): names of the classes; the ids of the page are places in it.
    """
    rows = [row for row in section.plain if any(record.examples for record in row.done)]
    name = section.records[0].cell.dataset
    chosen: list[Line] = []
    for unit in section.units:
        if of_unit := [row for row in rows if row.unit == unit]:
            judge = judge_of(of_unit)
            lines = lines_of(unit, of_unit, Photographs(name, None))
            chosen += sorted(lines, key=lambda line: -line.unseen_pixels(judge))[:PER_K]
    generated = name in available() and load_spec(name).embedded
    images = {example.name: example.image for row in rows for record in row.done for example in record.examples}
    shown = {line.name for line in chosen} if generated else set()
    numbers = numbered(chosen)
    return {'images': {visible(name): image for name, image in sorted(images.items()) if image and name in shown},
            'colours': [colour_of(numbers[name]) if name in numbers else '' for name in classes],
            'lines': [{'unit': section.units.index(line.unit), 'name': visible(line.name),
                       'truth': None if line.truth is None else _map(line.truth, line, classes),
                       'predictions': [[visible(label), _map(ids, line, classes)]
                                       for label, ids in line.predictions.items()]} for line in chosen]}


def _map(ids: np.ndarray, line: Line, classes: Sequence[str]) -> list[Any]:
    """Width, and `runs` of the page's class ids."""
    table = np.full(256, 255, np.uint8)
    table[:len(line.classes)] = [classes.index(name) for name in line.classes[:256]]
    return [ids.shape[1], runs(table[ids])]


def runs(ids: np.ndarray) -> str:
    """Run-length code of class ids, row after row: base64 of pairs of id and length, up to 255 pixels a run.

    A compressed picture would be as small, but other versions of its library write other bytes.
    """
    flat = ids.ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat.astype(int))) + 1, [flat.size]])
    pairs = bytearray()
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        for first in range(start, end, 255):
            pairs += bytes((int(flat[start]), min(255, end - first)))
    return base64.b64encode(pairs).decode()
