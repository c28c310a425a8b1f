"""Makes sure that a data set is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zs_methods.datasets import shapes_generator
from zs_methods.datasets.files import image_list, list_pairs
from zs_methods.datasets.spec import DatasetSpec


def ensure(spec: DatasetSpec, root: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """Generates an embedded data set on first use; others must be there when a `Task` is made.

    Args:
        spec (DatasetSpec): its description.
        root (Path): its folder.
        progress (Callable, optional): called with (images done, images in all).

    Returns:
        str: SHA-256 of the pixels of an embedded data set, '' for others.
    """
    return shapes_generator.generate(root, progress) if spec.embedded else ''


def counts(spec: DatasetSpec, root: Path, training_list: str = '') -> dict[str, dict[str, int | None]]:
    """Images that are there and images of the published subset, by subset; the latter None where nothing is known."""
    found = {}
    for subset, part in spec.subsets.items():
        listed = image_list(spec, subset, training_list)
        found[subset] = {'images': len(list_pairs(spec, root, subset, training_list)),
                         'published': listed.count if listed else part.count}
    return found
