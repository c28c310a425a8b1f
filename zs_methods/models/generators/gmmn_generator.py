"""The generative moment matching network of ZS3Net."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zs_methods.models.generators.base import FeatureGenerator
from zs_methods.registry import MODELS

NOISES = ('uniform', 'gaussian')


@MODELS.register_module()
class GMMNGenerator(FeatureGenerator):
    """Maps a class vector and noise to a synthetic pixel feature: G_w(a, z) = W2 dropout(lrelu(W1 [a; z])).

    Its randomness, dropout included, comes from a generator passed in, so that a sample is a pure function of
    parameters, class vectors and that stream. Dropout stays active when features are sampled for the classifier.

    Args:
        vector_dim (int): length of a class vector a.
        feature_dim (int): length d of a pixel feature.
        noise_dim (int): length of z.
        hidden_dim (int): width of the hidden layer.
        noise (str): ``uniform`` on [0, 1), as in the ZS3 code, or ``gaussian``, as in the paper.
        dropout (float): rate after the hidden layer.

    Raises:
        ValueError: unknown `noise`.

    Source: ZS3 code (valeoai/ZS3 6031f4a): 300 + 300 -> 256 -> 256, LeakyReLU 0.2, dropout 0.5, Xavier-uniform
    weights, bias 0.01, linear output; 219,648 parameters.
    """

    def __init__(self, vector_dim: int, feature_dim: int, noise_dim: int = 300, hidden_dim: int = 256,
                 noise: str = 'uniform', dropout: float = 0.5) -> None:
        super().__init__()
        if noise not in NOISES:
            raise ValueError(f'noise must be one of {NOISES}, got {noise!r}')
        self.noise_dim, self.noise, self.dropout = noise_dim, noise, dropout
        self.hidden = nn.Linear(vector_dim + noise_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, feature_dim)
        for layer in (self.hidden, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.constant_(layer.bias, 0.01)

    def forward(self, vectors: Tensor, stream: torch.Generator) -> Tensor:
        """Generates one feature per class vector.

        Args:
            vectors (Tensor): class vectors, shape (..., vector_dim).
            stream (torch.Generator): source of noise and dropout, on the device of `vectors`.

        Returns:
            Tensor: shape (..., feature_dim); may be negative.
        """
        return self.output(self.activate(self.hidden(self.with_noise(vectors, stream)), stream))

    def with_noise(self, vectors: Tensor, stream: torch.Generator) -> Tensor:
        """[a; z] with fresh noise: (..., vector_dim) -> (..., vector_dim + noise_dim)."""
        shape = (*vectors.shape[:-1], self.noise_dim)
        draw = torch.rand if self.noise == 'uniform' else torch.randn
        noise = draw(shape, generator=stream, device=vectors.device, dtype=vectors.dtype)
        return torch.cat([vectors, noise], dim=-1)

    def activate(self, hidden: Tensor, stream: torch.Generator) -> Tensor:
        """LeakyReLU and dropout of the hidden layer, shape kept."""
        hidden = nn.functional.leaky_relu(hidden, 0.2)
        keep = torch.rand(hidden.shape, generator=stream, device=hidden.device, dtype=hidden.dtype) >= self.dropout
        return hidden * keep / (1 - self.dropout)

    def sample(self, vectors: Tensor, count: int, stream: torch.Generator) -> Tensor:
        """As in `FeatureGenerator`; every feature has noise and dropout of its own."""
        return self(vectors[:, None].expand(-1, count, -1), stream)
