"""The first images of the embedded data set, for runs of seconds: tests, and the checks of a method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from zs_methods.datasets import shapes_generator


def write_micro(root: Path, counts: Mapping[str, int]) -> Path:
    """Writes the first images of every subset in the layout of the whole data set.

    Args:
        root (Path): the data set's folder.
        counts (Mapping[str, int]): subset -> images.

    Returns:
        Path: `root`.
    """
    for subset, count in counts.items():
        for index in range(count):
            for folder, array in zip(('img_dir', 'ann_dir'), shapes_generator.render(subset, index), strict=True):
                path = root / folder / subset / f'{index:05d}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(path)
    (root / 'shapes.json').write_text(json.dumps({'version': shapes_generator.VERSION, 'sha256': 'micro'}),
                                       encoding='utf-8')
    return root
