"""Labels at the size of a feature map, and pixels drawn from it class by class."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from zs_methods.datasets.spec import IGNORE


def resized_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels (N, H, W), int64, at another size, by nearest neighbour."""
    return F.interpolate(labels[:, None].float(), size=tuple(size), mode='nearest')[:, 0].long()


def draw_per_class(labels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Draws pixels of every class in a batch, with replacement, from the global random stream.

    Args:
        labels (Tensor): class ids, or 255 for pixels that are not drawn, shape (n,), int64.
        count (int): pixels of every class.

    Returns:
        tuple: ids of the classes there are, ascending, shape (classes,), and positions in `labels`, shape
        (classes, count); both may be empty.
    """
    labelled = (labels != IGNORE).nonzero()[:, 0]
    order = labelled[labels[labelled].argsort(stable=True)]
    classes, counts = torch.unique_consecutive(labels[order], return_counts=True)
    starts = counts.cumsum(0) - counts
    at = torch.rand(len(classes), count, device=labels.device)
    return classes, order[starts[:, None] + (at * counts[:, None]).long()]
