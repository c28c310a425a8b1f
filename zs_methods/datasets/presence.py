"""Which classes occur in which mask."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from zs_methods.datasets import cache
from zs_methods.datasets.spec import IGNORE
from zs_methods.datasets.transforms import read_labels


def class_presence(masks: Sequence[Path], lookup: np.ndarray, n_classes: int) -> np.ndarray:
    """Reads every mask once; the result is remembered, see `cache.per_file`.

    Args:
        masks (Sequence[Path]): mask files.
        lookup (ndarray): value -> class id, see `DatasetSpec.lookup`.
        n_classes (int): number of classes.

    Returns:
        ndarray: shape (masks, n_classes), bool.

    Raises:
        ValueError: a mask holds an id that is no class; one line that names the file.
    """
    return _presence(tuple(masks), lookup.tobytes(), n_classes)


@lru_cache(maxsize=8)
def _presence(masks: tuple[Path, ...], lookup: bytes, n_classes: int) -> np.ndarray:
    table = np.frombuffer(lookup, np.uint8)

    def of(mask: Path) -> np.ndarray:
        present = np.zeros(IGNORE + 1, dtype=bool)
        present[read_labels(mask, table)] = True
        return present[:n_classes]

    return cache.per_file(f'presence-{hashlib.sha256(lookup).hexdigest()[:12]}-{n_classes}', masks, of)
