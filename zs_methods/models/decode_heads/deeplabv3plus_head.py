"""The DeepLabV3+ decode head that every method shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.utils import SampleList
from torch import Tensor, nn

from zs_methods.registry import MODELS


class ASPP(BaseModule):
    """Atrous spatial pyramid pooling with plain convolutions.

    Args:
        in_channels (int): channels of the input.
        channels (int): channels of every branch and of the output.
        dilations (tuple[int, ...]): one branch each; dilation 1 is a 1x1 convolution.
        dropout (float): dropout rate of the output.
        align_corners (bool): interpolation of the pooled branch.
        **conv: ``norm_cfg`` and the like, passed to every ConvModule.

    Source: ZS3 code (valeoai/ZS3 6031f4a): a 1x1 and three 3x3 branches, global pooling with normalisation,
    1x1 projection, dropout 0.5.
    """

    def __init__(self, in_channels: int, channels: int, dilations: tuple[int, ...], dropout: float,
                 align_corners: bool, **conv: Any) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.branches = nn.ModuleList(
            ConvModule(in_channels, channels, 1 if d == 1 else 3, padding=0 if d == 1 else d, dilation=d, **conv)
            for d in dilations)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvModule(in_channels, channels, 1, **conv))
        self.project = ConvModule((len(dilations) + 1) * channels, channels, 1, **conv)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, in_channels, H, W) to (N, channels, H, W)."""
        pooled = resize(self.pool(x), size=x.shape[2:], mode='bilinear', align_corners=self.align_corners)
        x = torch.cat([*(branch(x) for branch in self.branches), pooled], dim=1)
        return self.dropout(self.project(x))


@MODELS.register_module()
class DeepLabV3PlusHead(BaseDecodeHead):
    """DeepLabV3+ head that exposes the features in front of its last 1x1 classifier.

    Zero-shot methods imitate exactly the input of `conv_seg`: `forward_features` returns it, `cls_seg` classifies
    it. In evaluation mode ``forward(x) == conv_seg(forward_features(x))``.

    Args:
        in_channels (Sequence[int]): channels of the low-level and of the high-level input.
        in_index (Sequence[int]): their positions among the backbone's outputs.
        low_channels (int): channels the low-level input is reduced to.
        dilations (Sequence[int]): ASPP branches.
        dropouts (Sequence[float]): rates after the ASPP and after the first decoder convolution; the rate in front
            of the classifier is ``dropout_ratio``.
        fan_in_init (bool): draw all convolutions, the classifier included, from N(0, 2 / fan-in), as the ZS3 code does;
            mmcv's and mmseg's initialisation by default.
        calibration (dict, optional): ``classes`` (list of ids) and ``gamma``: predictions are the softmax, less gamma
            for these classes (SPNet's calibration of seen classes). Training is not concerned.
        **kwargs: see mmseg's BaseDecodeHead; ``channels`` is the width d of the exposed features.

    Source: ZS3 code (valeoai/ZS3 6031f4a), decoder: low-level 1x1 -> 48, concatenation, 3x3, dropout 0.5, 3x3,
    dropout 0.1, 1x1 classifier. Element-wise dropout, not mmseg's channel-wise one.
    """

    def __init__(self, in_channels: Sequence[int], in_index: Sequence[int] = (0, 3), low_channels: int = 48,
                 dilations: Sequence[int] = (1, 6, 12, 18), dropouts: Sequence[float] = (0.5, 0.5),
                 fan_in_init: bool = False, calibration: dict | None = None, **kwargs: Any) -> None:
        super().__init__(in_channels=in_channels, in_index=in_index, input_transform='multiple_select', **kwargs)
        conv = dict(conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        low, high = in_channels
        self.aspp = ASPP(high, self.channels, tuple(dilations), dropouts[0], self.align_corners, **conv)
        self.low = ConvModule(low, low_channels, 1, **conv)
        self.decoder = nn.Sequential(
            ConvModule(self.channels + low_channels, self.channels, 3, padding=1, **conv), nn.Dropout(dropouts[1]),
            ConvModule(self.channels, self.channels, 3, padding=1, **conv))
        self.dropout = nn.Dropout(self.dropout_ratio)
        self.fan_in_init, self.calibration = fan_in_init, calibration

    def init_weights(self) -> None:
        """Called once by mmengine before training."""
        super().init_weights()
        if self.fan_in_init:
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight)

    def forward_features(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Pixel features in front of dropout and classifier.

        Args:
            inputs (tuple[Tensor, ...]): the backbone's outputs.

        Returns:
            Tensor: shape (N, channels, H, W) at the low-level input's stride; >= 0, being the output of a ReLU.
        """
        low, high = self._transform_inputs(inputs)
        low = self.low(low)
        high = resize(self.aspp(high), size=low.shape[2:], mode='bilinear', align_corners=self.align_corners)
        return self.decoder(torch.cat([high, low], dim=1))

    def bank_features(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """What `ExtractFeatures` keeps of a pixel, shape (N, values, H, W): its features."""
        return self.forward_features(inputs)

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Class scores, shape (N, num_classes, H, W)."""
        return self.cls_seg(self.forward_features(inputs))

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: SampleList) -> dict[str, Tensor]:
        """The losses and the accuracy that mmseg computes, without waiting for the GPU.

        mmseg's accuracy sorts the scores of every pixel and picks the labelled ones, whose number the CPU must know.
        """
        if self.sampler is not None:
            return super().loss_by_feat(seg_logits, batch_data_samples)
        labels = self._stack_batch_gt(batch_data_samples).squeeze(1)
        scores = resize(seg_logits, size=labels.shape[1:], mode='bilinear', align_corners=self.align_corners)
        criteria = self.loss_decode if isinstance(self.loss_decode, nn.ModuleList) else [self.loss_decode]
        losses: dict[str, Tensor] = {}
        for criterion in criteria:
            value = criterion(scores, labels, ignore_index=self.ignore_index)
            losses[criterion.loss_name] = losses.get(criterion.loss_name, 0) + value
        return {**losses, 'acc_seg': accuracy(scores.detach(), labels, self.ignore_index)}

    def predict_by_feat(self, seg_logits: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Scores at the size of the input: logits, or calibrated probabilities."""
        scores = super().predict_by_feat(seg_logits, batch_img_metas)
        if not self.calibration:
            return scores
        penalty = scores.new_zeros(scores.shape[1])
        penalty[list(self.calibration['classes'])] = self.calibration['gamma']
        return scores.softmax(dim=1) - penalty[:, None, None]


def accuracy(scores: Tensor, labels: Tensor, ignore_index: int) -> Tensor:
    """Share of the labelled pixels that are right, in percent, shape (1,); 100 where there is none, as in mmseg.

    Args:
        scores (Tensor): shape (N, C, ...).
        labels (Tensor): class ids, shape (N, ...).
        ignore_index (int): label of pixels that do not count.
    """
    eps = torch.finfo(torch.float32).eps
    labelled = labels != ignore_index
    right = ((scores.argmax(dim=1) == labels) & labelled).sum().float() + eps
    return (right * (100.0 / (labelled.sum().double() + eps)).float())[None]
