"""The latest candidates of every unseen class, while classifier and generator change from batch to batch."""

from __future__ import annotations

import torch
from torch import Tensor


class Queues:
    """A queue of features with weights for every class: what is new takes the place of what is oldest.

    Args:
        classes (int): number of queues.
        size (int): places in each; empty ones have weight 0.
        feature_dim (int): d.
        device (torch.device): where they are.

    Attributes:
        features (Tensor): shape (classes, size, d).
        weights (Tensor): w, shape (classes, size).
        added (Tensor): features that each has ever got, shape (classes,), int64.
    """

    def __init__(self, classes: int, size: int, feature_dim: int, device: torch.device) -> None:
        self.features = torch.zeros(classes, size, feature_dim, device=device)
        self.weights = torch.zeros(classes, size, device=device)
        self.added = torch.zeros(classes, dtype=torch.int64, device=device)

    def add(self, queue: Tensor, features: Tensor, weights: Tensor) -> None:
        """Adds features (n, d) with weights (n,), each to one of the queues (n,); at most `size` to any of them."""
        order = queue.argsort(stable=True)
        queue, count = queue[order], torch.bincount(queue, minlength=len(self.added))
        rank = torch.arange(len(queue), device=queue.device) - (count.cumsum(0) - count)[queue]
        place = (self.added[queue] + rank) % self.weights.shape[1]
        self.features[queue, place], self.weights[queue, place] = features[order], weights[order]
        self.added += count

    def state_dict(self) -> dict[str, Tensor]:
        """All of it, for a `Checkpoint`."""
        return {'features': self.features, 'weights': self.weights, 'added': self.added}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restores what `state_dict` returned."""
        for name, value in self.state_dict().items():
            value.copy_(state[name])
