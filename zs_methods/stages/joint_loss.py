"""The classifier's loss in the interleaved loop."""

from __future__ import annotations

from collections.abc import Sequence

from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from torch import Tensor

from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy
from zs_methods.stages.network import classifier_of


class JointLoss:
    """Weighted mean cross entropy of the pixels, divided by the batch size (valeoai/ZS3 6031f4a).

    Args:
        network (BaseSegmentor): whose classifier learns.
        unseen (Sequence[int]): ids of the unseen classes.
        unseen_weight (float): their weight, against 1 for seen ones.
    """

    def __init__(self, network: BaseSegmentor, unseen: Sequence[int], unseen_weight: float) -> None:
        self.conv, self.align_corners = classifier_of(network), network.align_corners
        self.criterion = WeightedCrossEntropy(dict.fromkeys(unseen, unseen_weight), per_batch=True)

    def __call__(self, features: Tensor, targets: Tensor) -> Tensor:
        """Loss of features (N, d, h, w) against targets (N, H, W)."""
        scores = resize(self.conv(features), size=targets.shape[1:], mode='bilinear', align_corners=self.align_corners)
        return self.criterion(scores, targets)
