"""Labels at the size of a feature map, and runs of pixels drawn from it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from zs_methods.datasets.spec import IGNORE


def resized_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels (N, H, W), int64, at another size, by nearest neighbour."""
    return F.interpolate(labels[:, None].float(), size=tuple(size), mode='nearest')[:, 0].long()


def draw_runs(labels: Tensor, count: int, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draws runs of equal label, without replacement, from the global random stream.

    A run is as many labelled pixels after each other as have one label; what is longer than `length` is cut.

    Args:
        labels (Tensor): class ids in raster order, or 255 for pixels that are left out, shape (n,), int64.
        count (int): runs, all of them if there are fewer.
        length (int): pixels of a run at most.

    Returns:
        tuple: class ids, shape (runs,); positions in `labels`, shape (runs, length); and which of those belong to the
        run, of the same shape, bool. There may be no run.
    """
    labelled = (labels != IGNORE).nonzero()[:, 0]
    classes, sizes = torch.unique_consecutive(labels[labelled], return_counts=True)
    pieces = (sizes + length - 1) // length
    run = torch.arange(len(sizes), device=labels.device).repeat_interleave(pieces)
    piece = torch.arange(len(run), device=labels.device) - (pieces.cumsum(0) - pieces)[run]
    chosen = torch.randperm(len(run), device=labels.device)[:count]
    run, within = run[chosen], piece[chosen, None] * length + torch.arange(length, device=labels.device)
    inside = within < sizes[run, None]
    at = ((sizes.cumsum(0) - sizes)[run, None] + within).clamp(max=len(labelled) - 1)
    return classes[run], labelled[at], inside
