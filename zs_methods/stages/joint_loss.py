"""The classifier's loss in the interleaved loop."""

from __future__ import annotations

from collections.abc import Sequence

from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from torch import Tensor

from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy
from zs_methods.stages.network import classifier_of


class JointLoss:
    """Weighted mean cross entropy of the pixels, divided by the batch size, and of ZS3Net-GC's nodes.

    The nodes of a batch are one set, whose mean is not divided by the batch size: at batch 8 and weight 0.1, node and
    dense terms of equal means have gradients of 0.8 : 1 (valeoai/ZS3 6031f4a).

    Args:
        network (BaseSegmentor): whose classifier learns.
        unseen (Sequence[int]): ids of the unseen classes.
        unseen_weight (float): their weight, against 1 for seen ones.
        node_weight (float): factor of the node term.
    """

    def __init__(self, network: BaseSegmentor, unseen: Sequence[int], unseen_weight: float,
                 node_weight: float = 0.0) -> None:
        self.conv, self.align_corners, self.node_weight = classifier_of(network), network.align_corners, node_weight
        weights = dict.fromkeys(unseen, unseen_weight)
        self.dense, self.sparse = (WeightedCrossEntropy(weights, per_batch=per_batch) for per_batch in (True, False))

    def __call__(self, features: Tensor, targets: Tensor, nodes: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Loss of features (N, d, h, w) against targets (N, H, W), and of ``nodes``: features (n, d), labels (n,)."""
        scores = resize(self.conv(features), size=targets.shape[1:], mode='bilinear', align_corners=self.align_corners)
        loss = self.dense(scores, targets)
        if nodes is None or not len(nodes[0]):
            return loss
        scores = self.conv(nodes[0].T[None, :, :, None])
        return loss + self.node_weight * self.sparse(scores, nodes[1][None, :, None])
