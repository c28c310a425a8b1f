"""Cross entropy whose class weights and ignore index work together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.nn import functional as F

from zs_methods.registry import MODELS


@MODELS.register_module()
class WeightedCrossEntropy(nn.Module):
    """Mean cross entropy over pixels that are not ignored, weighted by class.

    mmseg's CrossEntropyLoss cannot be used with class weights here: it looks up the weight of class 255.

    Args:
        class_weight (dict[int, float], optional): class id -> weight; 1 for classes that are not named.
        per_batch (bool): divide once more by the batch size, as the ZS3 code does (valeoai/ZS3 6031f4a): with
            batch 16 the gradient is 16 times smaller than the written learning rate suggests. The batch is that of
            all processes that train together.
        loss_weight (float): factor.
        loss_name (str): name in the log.
    """

    def __init__(self, class_weight: dict[int, float] | None = None, per_batch: bool = False,
                 loss_weight: float = 1.0, loss_name: str = 'loss_ce') -> None:
        super().__init__()
        self.class_weight = {int(c): float(w) for c, w in (class_weight or {}).items()}
        self.per_batch, self.loss_weight, self.loss_name = per_batch, loss_weight, loss_name

    def forward(self, scores: Tensor, labels: Tensor, weight: Tensor | None = None, ignore_index: int = 255,
                **_: object) -> Tensor:
        """Scores (N, C, ...) against labels (N, ...); returns a scalar. ``weight`` is mmseg's sampler, unused.

        With several processes each takes the mean over its own pixels.
        """
        scores = scores.float()  # sums over pixels overflow float16
        weights = class_weights(scores, self.class_weight)
        # CUDA adds pixels up in an order that changes, unless the sum is an operation of its own.
        exact = scores.is_cuda and torch.are_deterministic_algorithms_enabled()
        total = F.cross_entropy(scores, labels, weights, ignore_index=ignore_index,
                                reduction='none' if exact else 'sum').sum()
        scored = labels != ignore_index
        # A mean that is 0, not NaN, where every pixel is ignored.
        loss = total / (weights[labels * scored] * scored).sum().clamp(min=torch.finfo(total.dtype).tiny)
        return loss * self.loss_weight / (len(scores) * get_world_size() if self.per_batch else 1)


def class_weights(scores: Tensor, weights: dict[int, float]) -> Tensor:
    """Weight vector of shape (C,) on the device of `scores`, whose dimension 1 counts the classes."""
    vector = torch.ones(scores.shape[1], dtype=scores.dtype)
    if weights:
        vector[list(weights)] = torch.tensor(list(weights.values()), dtype=scores.dtype)
    return vector.to(scores.device, non_blocking=True)  # one copy, for which nothing waits


def seen_unseen_weights(scores: Tensor, unseen: Sequence[int], unseen_weight: float) -> Tensor:
    """Weight vector with 1 for seen classes and `unseen_weight` for unseen ones."""
    return class_weights(scores, dict.fromkeys(unseen, unseen_weight))
