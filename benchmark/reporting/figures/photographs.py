"""Photographs and masks of published data sets, from the reader's own data; records keep their names only."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets.files import locate, scan
from zs_methods.datasets.masks import read_labels
from zs_methods.datasets.spec import available, load_spec


class Photographs:
    """Looks validation images up by name.

    Args:
        dataset (str): name of the data set; of one that does not come with the package, nothing is found.
        data_root (Path, optional): folder that holds data sets, or this one; without it, nothing is found.
    """

    def __init__(self, dataset: str, data_root: Path | None) -> None:
        self.spec = load_spec(dataset) if data_root and dataset in available() else None
        self.root = locate(self.spec, data_root) if self.spec else None

    def image(self, name: str) -> Image.Image | None:
        """The photograph, None if it is not there or cannot be read."""
        file = self._find(name, 'images')
        try:
            return Image.open(file).convert('RGB') if file else None
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    def truth(self, name: str) -> np.ndarray | None:
        """Its class ids, shape (H, W), uint8, 255 = ignore; None if there is no mask or it cannot be read."""
        file = self._find(name, 'masks')
        try:
            return read_labels(file, self.spec.lookup()).astype(np.uint8) if file else None
        except (OSError, ValueError):
            return None

    def _find(self, name: str, kind: str) -> Path | None:
        found = (folder.get(name) for folder in (self._folders[kind] if self.spec else ()))
        return next(filter(None, found), None)

    @cached_property
    def _folders(self) -> dict[str, list]:
        part = self.spec.subsets['val']
        wanted = {'images': ([part.images], self.spec.image_suffix), 'masks': (part.masks, self.spec.mask_suffix)}
        return {kind: [scan(self.root / folder, suffix) for folder in folders if (self.root / folder).is_dir()]
                for kind, (folders, suffix) in wanted.items()}
