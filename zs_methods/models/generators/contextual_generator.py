"""CaGNet's contextual module and the generator that takes its latent in place of noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zs_methods.registry import MODELS


@MODELS.register_module()
class ContextualModule(nn.Module):
    """Pixel features to a Gaussian latent per pixel, from the context of three scales.

    Dilated 3x3 convolutions follow each other; every scale's map is multiplied by its weight at the pixel, a softmax
    over the scales, and the weighted maps side by side give mean and logarithm of the variance.

    Args:
        feature_dim (int): channels d of the features, and length of the latent.
        channels (int): of every scale.
        dilations (Sequence[int]): one convolution each.

    Source: CaGNet (Gu et al., ACM MM 2020), code bcmi/CaGNet 249305b: dilations 1/2/5, 256 channels, scale selector,
    latent as long as a feature (600). ASSUMPTION: the convolutions are in sequence with ReLU and without
    normalisation; selector and Gaussian are 1x1 convolutions.
    """

    def __init__(self, feature_dim: int, channels: int = 256, dilations: Sequence[int] = (1, 2, 5)) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels if i else feature_dim, channels, 3, padding=d, dilation=d), nn.ReLU())
            for i, d in enumerate(dilations))
        self.selector = nn.Conv2d(channels * len(dilations), len(dilations), 1)
        self.gaussian = nn.Conv2d(channels * len(dilations), 2 * feature_dim, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, d, H, W) to mean and logarithm of the variance, of the same shape each."""
        maps = []
        for scale in self.scales:
            maps.append(scale(maps[-1] if maps else features))
        weights = self.selector(torch.cat(maps, dim=1)).softmax(dim=1)
        weighted = [scale * weights[:, i:i + 1] for i, scale in enumerate(maps)]
        mean, log_variance = self.gaussian(torch.cat(weighted, dim=1)).chunk(2, dim=1)
        return mean, log_variance


def kl_to_unit(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL( N(mean, variance) || N(0, 1) ), its mean over all elements; 0 for a unit Gaussian."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


@MODELS.register_module()
class ContextualGenerator(nn.Module):
    """Maps a class vector and a latent to a feature: W2 dropout(lrelu(W1 [a; z])).

    Args:
        vector_dim (int): length of a class vector a.
        feature_dim (int): length d of a feature and of the latent z.
        hidden_dim (int): width of the hidden layer.
        dropout (float): rate after the hidden layer.

    Source: CaGNet's code (bcmi/CaGNet 249305b): [embedding 600; latent 600] -> 600. ASSUMPTION: layers, slope and
    dropout are those of ZS3Net's generator.
    """

    def __init__(self, vector_dim: int, feature_dim: int, hidden_dim: int = 256, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(vector_dim + feature_dim, hidden_dim), nn.LeakyReLU(0.2),
                                    nn.Dropout(dropout), nn.Linear(hidden_dim, feature_dim))

    def forward(self, vectors: Tensor, latents: Tensor) -> Tensor:
        """Class vectors (..., vector_dim) and latents (..., d) to features (..., d)."""
        return self.layers(torch.cat([vectors, latents], dim=-1))
