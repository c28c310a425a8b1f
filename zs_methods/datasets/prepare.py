"""Makes sure that a data set is there, and says which one it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zs_methods.datasets import shapes_generator
from zs_methods.datasets.spec import DatasetSpec


def identity(spec: DatasetSpec) -> str:
    """Names the content of a data set without reading it; part of every artifact's address."""
    return f'{spec.name}-v{shapes_generator.VERSION}' if spec.embedded else spec.name


def ensure(spec: DatasetSpec, root: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """Generates an embedded data set on first use.

    Args:
        spec (DatasetSpec): its description.
        root (Path): its folder.
        progress (Callable, optional): called with (images done, images in all).

    Returns:
        str: SHA-256 of the pixels.

    Raises:
        FileNotFoundError: the data set is not embedded and its folder is missing.
    """
    if spec.embedded:
        return shapes_generator.generate(root, progress)
    raise FileNotFoundError(f'{root}: folder of data set {spec.name!r} not found')
