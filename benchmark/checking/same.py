"""Reading artifacts: whether two are the same, and whether all numbers in one are finite."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark.store.artifacts import MANIFEST

#: Folder of an artifact that may hold anything, such as times.
LOG = 'log'


def files(folder: Path) -> list[str]:
    """What counts of an artifact: everything but its manifest and the folder `LOG`."""
    names = (path.relative_to(folder) for path in folder.rglob('*') if path.is_file())
    return sorted(str(name) for name in names if name.parts[0] != LOG and str(name) != MANIFEST)


def read(file: Path) -> Any:
    """The content of a file: tensors, arrays or plain data by its suffix, otherwise bytes."""
    if file.suffix in ('.pth', '.pt'):
        return torch.load(file, map_location='cpu', weights_only=True)
    if file.suffix in ('.npz', '.npy'):
        content = np.load(file, allow_pickle=False)
        return dict(content) if file.suffix == '.npz' else content
    return json.loads(file.read_text(encoding='utf-8')) if file.suffix == '.json' else file.read_bytes()


def difference(first: Path, second: Path, tolerance: float = 0.0) -> str:
    """The first file, and what in it, that differs between two artifacts; '' if nothing does.

    Args:
        first (Path): folder.
        second (Path): folder.
        tolerance (float): largest difference of numbers that passes, relative to the largest one of a tensor.
    """
    if files(first) != files(second):
        return f'file {min(set(files(first)) ^ set(files(second)))}'
    for name in files(first):
        where = _difference(read(first / name), read(second / name), tolerance)
        if where is not None:
            return f'{name}: {where}' if where else name
    return ''


def not_finite(content: Any) -> str:
    """Where the first NaN or infinity in nested data is; '' if there is none."""
    for where, leaf in leaves(content):
        if isinstance(leaf, torch.Tensor | np.ndarray):
            array = torch.as_tensor(leaf) if _numeric(leaf) else torch.zeros(0)
            bad = 0 if not (array.is_floating_point() or array.is_complex()) else int((~torch.isfinite(array)).sum())
            if bad:
                return f'{where}: {bad} of {array.numel()} values are NaN or infinite'
        elif isinstance(leaf, float) and not math.isfinite(leaf):
            return f'{where}: {leaf}'
    return ''


def _numeric(value: torch.Tensor | np.ndarray) -> bool:
    return isinstance(value, torch.Tensor) or value.dtype.kind in 'biufc'


def leaves(content: Any, where: str = '') -> Iterator[tuple[str, Any]]:
    """Everything in nested data that is no container, with its place."""
    items = content.items() if isinstance(content, Mapping) else (
        enumerate(content) if isinstance(content, list | tuple) else None)
    if items is None:
        yield where, content
        return
    for key, value in items:
        yield from leaves(value, f'{where}.{key}' if where else str(key))


def _difference(first: Any, second: Any, tolerance: float) -> str | None:
    mine, other = dict(leaves(first)), dict(leaves(second))
    if mine.keys() != other.keys():
        return min(mine.keys() ^ other.keys())
    return next((where for where, value in mine.items() if not _equal(value, other[where], tolerance)), None)


def _equal(first: Any, second: Any, tolerance: float) -> bool:
    if isinstance(first, np.ndarray) and _numeric(first):
        first, second = torch.as_tensor(first), torch.as_tensor(np.asarray(second))
    if not isinstance(first, torch.Tensor):
        if isinstance(first, float) and isinstance(second, float):
            first, second = torch.tensor(first), torch.tensor(second)
        else:
            return bool(np.all(first == second))
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if not first.is_floating_point():
        return torch.equal(first, second)
    scale = float(first.nan_to_num().abs().max()) if tolerance and first.numel() else 0.0
    return torch.allclose(first, second, rtol=0, atol=tolerance * scale, equal_nan=True)
