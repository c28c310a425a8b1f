"""JoEm's head: a class is the nearest prototype in a space that pixels and class vectors share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn
from torch.nn import functional as F

from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead
from zs_methods.registry import MODELS

#: Channels of features that are at the size of the image together.
CHANNELS = 32


@MODELS.register_module()
class JoEmHead(DeepLabV3PlusHead):
    """DeepLabV3+ head with a linear semantic encoder mu(a): vector_dim -> d.

    Training: L = CE(conv_seg(x), y) + L_BAR + alpha L_SC, all on x behind the dropout. Prediction: features are
    interpolated to the size of the image; of squared distances d_c = ||x - mu(a_c)||^2 there, the two nearest classes
    of all are taken, and the nearer one of them after d_c of unseen classes is multiplied by sigma. The classifier
    `conv_seg` serves the training only. mu begins with Xavier's weights and a bias of 0.01.

    Args:
        vector_dim (int): length of a class vector.
        unseen (Sequence[int]): ids whose distances are multiplied.
        ignored (Sequence[int]): ids that are never predicted.
        background (int, optional): id that takes no part in L_SC; it is a prototype like any other otherwise.
        sigma (float): factor, in (0, 1]; 1 predicts the nearest prototype.
        loss_bar (dict): config of `BARLoss`.
        loss_sc (dict): config of `SemanticConsistencyLoss`.
        **kwargs: see `DeepLabV3PlusHead`.

    The class vectors are the buffer ``vectors``, shape (num_classes, vector_dim), which the training stage fills.

    Raises:
        ValueError: sigma outside (0, 1], or a calibration, whose place sigma takes.

    Source: JoEm (Baek, Oh, Ham, ICCV 2021), code cvlab-yonsei/JoEm 06ee1fc.
    """

    def __init__(self, vector_dim: int, unseen: Sequence[int], ignored: Sequence[int] = (),
                 background: int | None = None, sigma: float = 0.5, loss_bar: dict | None = None,
                 loss_sc: dict | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < sigma <= 1:
            raise ValueError(f'sigma must be in (0, 1], got {sigma}')
        if self.calibration:
            raise ValueError('JoEmHead takes no calibration: sigma is in its place')
        self.semantic_encoder = nn.Linear(vector_dim, self.channels)
        nn.init.xavier_uniform_(self.semantic_encoder.weight)
        nn.init.constant_(self.semantic_encoder.bias, 0.01)
        self.register_buffer('vectors', torch.zeros(self.num_classes, vector_dim))
        self.unseen, self.ignored, self.sigma = list(unseen), list(ignored), sigma
        apart = {*unseen, *ignored, background}
        self.related = [c for c in range(self.num_classes) if c not in apart]
        self.loss_bar = MODELS.build({'type': 'zs_methods.BARLoss', **(loss_bar or {})})
        self.loss_sc = MODELS.build({'type': 'zs_methods.SemanticConsistencyLoss', **(loss_sc or {})})

    def loss(self, inputs: tuple[Tensor, ...], batch_data_samples: SampleList, train_cfg: dict) -> dict[str, Tensor]:
        """The three losses of a batch, as mmseg's training asks for them."""
        features = self.dropout(self.forward_features(inputs))
        losses = self.loss_by_feat(self.conv_seg(features), batch_data_samples)
        prototypes = self.semantic_encoder(F.pad(self.vectors, (0, 0, 0, 1)))  # the last one is mu(0)
        labels = self._stack_batch_gt(batch_data_samples)[:, 0]
        losses['loss_bar'] = self.loss_bar(features, labels, prototypes)
        losses['loss_sc'] = self.loss_sc(self.vectors[self.related], prototypes[self.related])
        return losses

    def cls_seg(self, feat: Tensor) -> Tensor:
        """Features (N, d, H, W) to scores (N, C, H, W): logits in training, negative squared distances otherwise."""
        if self.training:
            return super().cls_seg(feat)
        feat, prototypes = feat.float(), self.semantic_encoder(self.vectors).float()
        products = F.conv2d(feat, prototypes[:, :, None, None])
        squares = feat.square().sum(dim=1, keepdim=True) + prototypes.square().sum(dim=1)[:, None, None]
        return (2 * products - squares).clamp(max=0)

    def predict(self, inputs: tuple[Tensor, ...], batch_img_metas: list[dict], test_cfg: dict) -> Tensor:
        """Scores at the size of the input, whose argmax is the decision between the two nearest classes.

        The distance of an interpolated feature is the interpolated distance, less what interpolation takes of the
        squared norms, which is the same for all classes. So neither features nor their products with prototypes are
        needed at the size of the image, but for a few channels at a time.
        """
        features, size = self.forward_features(inputs).float(), _input_size(batch_img_metas[0])
        scores = _interpolated(self.cls_seg(features), size)
        for channels in features.split(CHANNELS, dim=1):
            scores += _interpolated(channels.square().sum(dim=1, keepdim=True), size)
            scores -= _interpolated(channels, size).square().sum(dim=1, keepdim=True)
        return self.decide(scores.clamp(max=0))

    def predict_by_feat(self, seg_logits: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """The decision where only scores are at hand, which are then interpolated themselves."""
        return self.decide(super().predict_by_feat(seg_logits, batch_img_metas))

    def decide(self, scores: Tensor) -> Tensor:
        """Multiplies the distances of unseen classes by sigma where they are among the two nearest.

        Both stay the two nearest, since sigma <= 1. An ignored class gets one less than the lowest score at its pixel,
        which no interpolation brings to the top.

        Args:
            scores (Tensor): negative squared distances, shape (N, C, H, W).

        Returns:
            Tensor: the same shape.
        """
        scores = scores.clone()
        scores[:, self.ignored] = -torch.inf
        factor = torch.ones(self.num_classes, device=scores.device)
        factor[self.unseen] = self.sigma
        values, classes = scores.topk(2, dim=1)
        scores = scores.scatter(1, classes, values * factor[classes])
        others = [c for c in range(self.num_classes) if c not in self.ignored]
        scores[:, self.ignored] = scores[:, others].amin(dim=1, keepdim=True) - 1
        return scores


def _interpolated(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, (N, C, h, w) -> (N, C, *size)."""
    return F.interpolate(maps, size=size, mode='bilinear', align_corners=False)


def _input_size(meta: dict) -> tuple[int, int]:
    """Height and width of what the network was given, as mmseg tells: a window, a padded image or an image."""
    shape = meta['img_shape']
    return tuple(shape if isinstance(shape, torch.Size) else meta.get('pad_shape', shape)[:2])
