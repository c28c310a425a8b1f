"""CaGNet's contextual module and the generator that takes its latent in place of noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zs_methods.registry import MODELS


@MODELS.register_module()
class ContextualModule(nn.Module):
    """Pixel features to a Gaussian latent per pixel, from the context of three scales.

    Dilated 3x3 convolutions follow each other, from the sigmoid of the features on; every scale's map is multiplied by
    its gate at the pixel, in [0.5, 1), and the maps side by side give mean and logarithm of the variance. No
    convolution has a bias.

    Args:
        feature_dim (int): channels d of the features, and length of the latent.
        channels (int): of every scale.
        dilations (Sequence[int]): one convolution each.

    Source: CaGNet's code (bcmi/CaGNet 249305b), where a feature and a latent have 600 values.
    """

    def __init__(self, feature_dim: int, channels: int = 256, dilations: Sequence[int] = (1, 2, 5)) -> None:
        super().__init__()
        together = channels * len(dilations)
        self.scales = nn.ModuleList(
            nn.Sequential(_conv3x3(channels if i else feature_dim, channels, d), nn.ReLU())
            for i, d in enumerate(dilations))
        self.gate = nn.Sequential(_conv3x3(together, len(dilations)), nn.ReLU(), nn.Sigmoid())
        self.pool = nn.Sequential(nn.Conv2d(together, feature_dim, 1, bias=False), nn.ReLU())
        self.mean = _conv3x3(feature_dim, feature_dim)
        self.log_variance = nn.Sequential(_conv3x3(feature_dim, feature_dim), nn.ReLU())

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, d, H, W) to mean and logarithm of the variance, 0 or more, of the same shape each."""
        maps = [features.sigmoid()]
        for scale in self.scales:
            maps.append(scale(maps[-1]))
        together = torch.cat(maps[1:], dim=1)
        gates = self.gate(together).repeat_interleave(maps[1].shape[1], dim=1)
        pooled = self.pool(together * gates)
        return self.mean(pooled), self.log_variance(pooled)


def _conv3x3(before: int, after: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=dilation, dilation=dilation, bias=False)


def kl_to_unit(mean: Tensor, log_variance: Tensor, labelled: Tensor) -> Tensor:
    """KL( N(mean, variance) || N(0, 1) ), its mean over channels and labelled pixels; 0 for a unit Gaussian.

    Args:
        mean (Tensor): shape (N, d, H, W).
        log_variance (Tensor): of the same shape.
        labelled (Tensor): which pixels count, shape (N, H, W), bool; 0 is returned if none does.
    """
    pixels = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=1)
    return (pixels * labelled).sum() / labelled.sum().clamp(min=1)


@MODELS.register_module()
class ContextualGenerator(nn.Module):
    """Maps a class vector and a latent to a feature in (0, 1)^d: leaky ReLUs with dropout, and a sigmoid at the end.

    Args:
        vector_dim (int): length of a class vector a.
        feature_dim (int): length d of a feature and of the latent z.
        hidden_dims (Sequence[int]): widths of the hidden layers.
        dropouts (Sequence[float]): rate after each of them.

    Raises:
        ValueError: there is not one rate for every hidden layer.

    Source: CaGNet's code (bcmi/CaGNet 249305b), slope 0.2; from 600 + 600 to 600 values it has 4,720,088 parameters.
    """

    def __init__(self, vector_dim: int, feature_dim: int, hidden_dims: Sequence[int] = (1024, 960, 864, 784, 720),
                 dropouts: Sequence[float] = (0.1, 0.1, 0.3, 0.5, 0.5)) -> None:
        super().__init__()
        if len(hidden_dims) != len(dropouts):
            raise ValueError(f'{len(hidden_dims)} hidden_dims need as many dropouts, got {len(dropouts)}')
        before, layers = vector_dim + feature_dim, []
        for width, rate in zip(hidden_dims, dropouts, strict=True):
            layers += [nn.Linear(before, width), nn.LeakyReLU(0.2), nn.Dropout(rate)]
            before = width
        self.layers = nn.Sequential(*layers, nn.Linear(before, feature_dim), nn.Sigmoid())

    def forward(self, vectors: Tensor, latents: Tensor) -> Tensor:
        """Class vectors (..., vector_dim) and latents (..., d) to features (..., d)."""
        return self.layers(torch.cat([vectors, latents], dim=-1))
