"""Generators of ZS3Net-GC inside the interleaved loop: one feature per component of a label map."""

from __future__ import annotations

import torch
from torch import Tensor

from zs_methods.datasets.spec import IGNORE
from zs_methods.stages.layouts import Layout
from zs_methods.stages.synthesis import Synthesis

from .graph import Graph


class ComponentSynthesis(Synthesis):
    """Every pixel of a component gets one and the same feature, from a `GraphGenerator`.

    The paper of ZS3Net-GC puts graph convolutions in the place of the generator's linear layers. ASSUMPTIONS: its MMD
    is that of ZS3Net, on pixels; ignored regions are nodes with class 0's vector, as in the code.

    Attributes:
        graph (Graph): of the batch's labels; to be set before every `fill`.
    """

    graph: Graph

    def generate(self, labels: Tensor, pixels: Tensor) -> Tensor:
        """As in `Synthesis`; all nodes of the batch are generated, since they depend on each other."""
        graph = self.graph
        return self.generator(node_vectors(self.vectors, graph), self.noise, graph.adjacency)[
            graph.nodes.reshape(-1)[pixels]]


class NodeSynthesis(Synthesis):
    """The auxiliary branch of ZS3Net-GC's code: one feature per component of the images with more than one.

    The MMD takes all nodes of a seen-only image together, whatever their class, as in the code (valeoai/ZS3 6031f4a).
    """

    def nodes(self, features: Tensor, layout: Layout, graph: Graph) -> tuple[Tensor, Tensor]:
        """Trains on seen-only images.

        Returns:
            tuple: features of nodes, shape (n, d): real ones, those of the components' first pixels, in seen-only
            images, and generated ones, made before the step, in the others; and their labels, shape (n,).
        """
        real = features.permute(0, 2, 3, 1).flatten(0, 2)[graph.first]
        mixed, used = real.clone(), graph.connected[graph.images]
        images = graph.images[used].unique()
        for batch in images.split(1 if self.each else max(1, len(images))):
            mask = torch.isin(graph.images, batch)
            made = self.generator(node_vectors(self.vectors, graph)[mask], self.noise, graph.adjacency[mask][:, mask])
            learning = [(graph.images[mask] == i).nonzero()[:, 0] for i in batch[~layout.synthetic[batch]]]
            if learning:  # images differ in their number of nodes
                self.step(torch.stack([self.criterion(made[i][None], real[mask][i][None]) for i in learning]).mean())
            mixed[mask] = torch.where(layout.synthetic[graph.images[mask]][:, None], made.detach(), real[mask])
        return mixed[used], graph.labels[used]


def node_vectors(vectors: Tensor, graph: Graph) -> Tensor:
    """Class vectors of all nodes, shape (n, vector_dim); ignored regions take that of class 0, as in the ZS3 code."""
    return vectors[torch.where(graph.labels == IGNORE, 0, graph.labels)]
