"""What a trained network says about unlabelled images, as pseudo-labels need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from torch import Tensor


class Teacher:
    """Labels and confidences of pixels; nothing here is random.

    Args:
        network (BaseSegmentor): in evaluation mode.
        unseen (Sequence[int]): ids of the unseen classes.
        calibration (Mapping, optional): ``classes`` and ``gamma``: the joint prediction is the largest softmax value,
            less gamma for these classes; confidences stay softmax values.
    """

    def __init__(self, network: BaseSegmentor, unseen: Sequence[int], calibration: Mapping[str, Any] | None) -> None:
        self.network, self.calibration = network, calibration
        device = next(network.parameters()).device
        self.unseen = torch.zeros(network.decode_head.num_classes, dtype=torch.bool, device=device)
        self.unseen[list(unseen)] = True

    def predict(self, inputs: Tensor, size: Sequence[int], unseen_at: Tensor | None = None, scale: float = 1.0,
                mirror: bool = False) -> tuple[Tensor, Tensor]:
        """One forward pass over whole images.

        Args:
            inputs (Tensor): preprocessed images, shape (N, 3, h, w).
            size (Sequence[int]): height H and width W of the result.
            unseen_at (Tensor, optional): where only unseen classes compete, shape (N, H, W), bool.
            scale (float): resizes the images first.
            mirror (bool): mirrors them before that, and the result back.

        Returns:
            tuple: class ids, shape (N, H, W), int64, and the softmax values of these classes among those that compete,
            same shape.
        """
        if mirror:
            inputs = inputs.flip(-1)
        if scale != 1:
            inputs = resize(inputs, scale_factor=scale, mode='bilinear', align_corners=False, warning=False)
        network = self.network
        scores = network.decode_head(network.extract_feat(inputs))
        scores = resize(scores, size=tuple(size), mode='bilinear', align_corners=network.align_corners, warning=False)
        if mirror:
            scores = scores.flip(-1)
        if unseen_at is not None:
            scores = scores.masked_fill(unseen_at[:, None] & ~self.unseen[:, None, None], float('-inf'))
        probability = scores.softmax(dim=1)
        decision = scores
        if self.calibration:
            penalty = scores.new_zeros(len(self.unseen))
            penalty[list(self.calibration['classes'])] = self.calibration['gamma']
            decision = probability - penalty[:, None, None]
        labels = decision.argmax(dim=1)
        return labels, probability.gather(1, labels[:, None])[:, 0]
