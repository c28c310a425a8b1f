"""Label maps as graphs: connected components of equal label, and which of them touch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zs_methods.stages.components import components


class Graph(NamedTuple):
    """The components of a batch of n_images label maps, n nodes in all.

    Attributes:
        nodes (Tensor): id 0..n-1 of every pixel's component, shape (N, H, W), int64; ids follow the raster order of
            the components' first pixels, image after image.
        labels (Tensor): label of every component, shape (n,); 255 regions are components too.
        images (Tensor): its image, shape (n,).
        first (Tensor): position of its first pixel in raster order in ``nodes.reshape(-1)``, shape (n,).
        adjacency (Tensor): A, shape (n, n), float32: 1 where two components touch, the diagonal 0.
    """

    nodes: Tensor
    labels: Tensor
    images: Tensor
    first: Tensor
    adjacency: Tensor

    @property
    def connected(self) -> Tensor:
        """Which images have more than one component, shape (N,), bool."""
        return torch.bincount(self.images, minlength=len(self.nodes)) > 1


def build_graph(labels: Tensor) -> Graph:
    """The graph of a batch of label maps; no edge joins two images.

    Args:
        labels (Tensor): shape (N, H, W), int64.

    Source: ZS3Net-GC's code (valeoai/ZS3 6031f4a): 8-connectivity, 8-neighbour adjacency, binary, symmetric, without
    self-loops and normalisation; background and ignored regions are nodes.
    """
    nodes, first, pairs = components(labels)
    adjacency = torch.zeros(len(first), len(first), device=labels.device)
    i, j = torch.from_numpy(pairs).to(labels.device).T
    adjacency[i, j] = adjacency[j, i] = 1.0
    return Graph(nodes, labels.reshape(-1)[first], first // labels[0].numel(), first, adjacency)
