"""The generator of ZS3Net-GC: graph convolutions over the components of a label map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zs_methods.models.generators.gmmn_generator import GMMNGenerator
from zs_methods.registry import MODELS


@MODELS.register_module()
class GraphGenerator(GMMNGenerator):
    """One feature per node: x = A (dropout(lrelu(A ([a; z] W1) + b1)) W2) + b2.

    A is used as it is, without self-loops and normalisation: the first layer sees a node's neighbours only, and its
    own class vector comes back in the second. A node without neighbours gets b2, whatever its class.

    Args: as `GMMNGenerator`, which has the same parameters; with A = I it is that generator.

    Source: ZS3Net-GC (Bucher et al., NeurIPS 2019, section on graph context) and its code (valeoai/ZS3 6031f4a):
    GraphConvolution 600 -> 256, LeakyReLU 0.2, dropout 0.5, GraphConvolution 256 -> 256, layer A (X W) + b.
    """

    def forward(self, vectors: Tensor, stream: torch.Generator, adjacency: Tensor | None = None) -> Tensor:
        """Generates one feature per node.

        Args:
            vectors (Tensor): class vectors of the nodes, shape (n, vector_dim).
            stream (torch.Generator): source of noise and dropout, on the device of `vectors`.
            adjacency (Tensor, optional): A, shape (n, n); the identity by default, so that `sample` works for classes
                without a label map.

        Returns:
            Tensor: shape (n, feature_dim).
        """
        if adjacency is None:
            return super().forward(vectors, stream)

        def layer(linear: nn.Linear, x: Tensor) -> Tensor:
            return adjacency @ nn.functional.linear(x, linear.weight) + linear.bias

        hidden = layer(self.hidden, self.with_noise(vectors, stream))
        return layer(self.output, self.activate(hidden, stream))
