"""Which candidates for pseudo-labels are the most confident ones, within images or over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from zs_methods.datasets.spec import IGNORE


def top_share(group: Tensor, confidence: Tensor, p: float) -> Tensor:
    """Marks the most confident p % of every group, rounded up; of equals, the earlier ones.

    Args:
        group (Tensor): group ids, shape (n,), int64, >= 0.
        confidence (Tensor): shape (n,).
        p (float): per cent; 0 marks none, 100 all.

    Returns:
        Tensor: shape (n,), bool.
    """
    order = confidence.argsort(descending=True, stable=True)
    order = order[group[order].argsort(stable=True)]
    count = torch.bincount(group)
    rank = torch.arange(len(order), device=group.device) - (count.cumsum(0) - count)[group[order]]
    marked = torch.empty_like(group, dtype=torch.bool)
    marked[order] = 100 * rank < p * count[group[order]].double()
    return marked


def read_map(file: Path) -> np.ndarray:
    """Class ids of one map, shape (H, W), uint8."""
    with Image.open(file) as image:
        return np.asarray(image)


def thin_out(ranked: dict[Path, tuple[Tensor, Tensor]], unseen: Sequence[int], p: float) -> None:
    """Leaves, in maps with all candidates, the most confident p % of every class over all maps.

    Args:
        ranked (dict[Path, tuple[Tensor, Tensor]]): file -> class ids and confidences of its candidates in the order of
            the map's pixels, shape (n,) each. A file that does not exist competes all the same.
        unseen (Sequence[int]): ids of the unseen classes.
        p (float): per cent.
    """
    entries = sorted(ranked.items())
    classes, confidence = (torch.cat(column) for column in zip(*(entry for _, entry in entries), strict=True))
    kept = top_share(classes.long(), confidence, p).split([len(entry[0]) for _, entry in entries])
    for (file, _), own in zip(entries, kept, strict=True):
        if file.is_file() and not own.any():
            file.unlink()
        elif file.is_file():
            labels = read_map(file).copy()
            at = np.flatnonzero(np.isin(labels, unseen))
            labels.reshape(-1)[at[~own.numpy()]] = IGNORE
            Image.fromarray(labels).save(file)
