"""JoEm's boundary-aware regression: pixel features follow class vectors that are blended where classes meet."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from zs_methods.datasets.spec import IGNORE
from zs_methods.models.pixels import resized_labels
from zs_methods.registry import MODELS


def blended_prototypes(prototypes: Tensor, labels: Tensor, size: tuple[int, int], ratio: float) -> Tensor:
    """The map that features shall follow: mu(up_bilinear(down_nearest_r(a_y))).

    mu is affine and the weights of the interpolation sum to one, so it is mu(a) that is interpolated here.

    Args:
        prototypes (Tensor): mu(a_c) of every class, and in the last row mu(0) for ignored pixels, shape (C + 1, d).
        labels (Tensor): class ids or 255, shape (N, H, W), int64.
        size (tuple[int, int]): of the feature map, (h, w).
        ratio (float): r; 1 makes the map constant on every class's region.

    Returns:
        Tensor: shape (N, d, h, w).

    Source: JoEm (cvlab-yonsei/JoEm 06ee1fc): labels are sampled from their own size, to the truncated share of `size`.
    """
    small = resized_labels(labels, tuple(max(1, int(side * ratio)) for side in size))
    rows = small.where(small != IGNORE, small.new_tensor(len(prototypes) - 1))
    return F.interpolate(prototypes[rows].permute(0, 3, 1, 2), size=size, mode='bilinear', align_corners=False)


@MODELS.register_module()
class BARLoss(nn.Module):
    """Mean over labelled pixels and channels of (mu(up_bilinear(down_nearest_r(a_y))) - x)^2.

    Ignored pixels carry a zero class vector, which blends into their neighbours, and are not averaged.

    Args:
        ratio (float): r.
        loss_weight (float): factor.

    Raises:
        ValueError: a ratio outside (0, 1].

    Source: JoEm (Baek, Oh, Ham, ICCV 2021), code cvlab-yonsei/JoEm 06ee1fc.
    """

    def __init__(self, ratio: float = 0.25, loss_weight: float = 1.0) -> None:
        super().__init__()
        if not 0 < ratio <= 1:
            raise ValueError(f'ratio must be in (0, 1], got {ratio}')
        self.ratio, self.loss_weight = ratio, loss_weight

    def forward(self, features: Tensor, labels: Tensor, prototypes: Tensor) -> Tensor:
        """Features (N, d, h, w), labels (N, H, W) and prototypes (C + 1, d), see `blended_prototypes`.

        Returns:
            Tensor: scalar; 0 where every pixel is ignored.
        """
        size = features.shape[2:]
        target = blended_prototypes(prototypes.float(), labels, size, self.ratio)
        labelled = resized_labels(labels, size) != IGNORE
        distance = (target - features.float()).square().mean(dim=1) * labelled
        return self.loss_weight * distance.sum() / labelled.sum().clamp(min=1)
