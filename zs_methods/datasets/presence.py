"""Which classes occur in which mask."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from zs_methods.datasets import cache
from zs_methods.datasets.lookup import IGNORE, Lookup
from zs_methods.datasets.masks import read_labels


def class_presence(masks: Sequence[Path], lookup: Lookup, n_classes: int) -> np.ndarray:
    """Reads every mask once; the result is remembered, see `cache.per_file`.

    Args:
        masks (Sequence[Path]): mask files.
        lookup (Lookup): value -> class id, see `DatasetSpec.lookup`.
        n_classes (int): number of classes.

    Returns:
        ndarray: shape (masks, n_classes), bool.

    Raises:
        ValueError: a mask cannot be read exactly, or holds an id that is no class; one line that names the file.
    """
    return _presence(tuple(masks), lookup, n_classes)


@lru_cache(maxsize=8)
def _presence(masks: tuple[Path, ...], lookup: Lookup, n_classes: int) -> np.ndarray:
    def of(mask: Path) -> np.ndarray:
        present = np.zeros(IGNORE + 1, dtype=bool)
        present[read_labels(mask, lookup)] = True
        return present[:n_classes]

    table = hashlib.sha256(repr(lookup.pairs).encode()).hexdigest()[:12]
    return cache.per_file(f'presence-exact-{table}-{n_classes}', masks, of)
