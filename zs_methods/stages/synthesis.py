"""The generator inside the interleaved loop: it fills a batch's layout with features, and takes its own steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import StageContext
from zs_methods.registry import MODELS
from zs_methods.stages.graph import Graph
from zs_methods.stages.layouts import Layout
from zs_methods.stages.parts import class_vectors

STEPS = ('each', 'batched')


class Synthesis:
    """A generator with its optimiser, class vectors and streams.

    Args:
        ctx (StageContext): the context.
        name (str): names the random streams.
        model (dict): generator config; ``vector_dim`` and ``feature_dim`` are filled in.
        loss (dict): MMD loss config.
        vectors (dict): see `TrainGenerator`.
        feature_dim (int): d.
        optimizer (dict): ``type`` in torch.optim, and its settings.
        samples (int): pixels per image and class in the MMD.
        steps (str): ``each``: one optimiser step per image and class, as in the published code; ``batched``: one per
            batch, on the mean of these losses.
    """

    def __init__(self, ctx: StageContext, name: str, model: dict, loss: dict, vectors: dict, feature_dim: int,
                 optimizer: dict, samples: int = 128, steps: str = 'each') -> None:
        if steps not in STEPS:
            raise ValueError(f'steps must be one of {STEPS}, got {steps!r}')
        self.vectors = class_vectors(ctx, vectors)
        self.config = {**model, 'vector_dim': self.vectors.shape[1], 'feature_dim': feature_dim}
        torch.manual_seed(ctx.seed_for(f'initialisation/{name}'))
        self.generator: nn.Module = MODELS.build(self.config).to(ctx.device)
        settings = dict(optimizer)
        self.optimizer = getattr(torch.optim, settings.pop('type'))(self.generator.parameters(), **settings)
        self.criterion = MODELS.build(loss)
        self.samples, self.each = samples, steps == 'each'
        self.noise, self.order = ctx.stream(f'noise/{name}'), ctx.stream(f'order/{name}')
        self.steps_done, self.last_loss = 0, None

    def save(self, folder: Path) -> None:
        """Writes ``generator.pth``, see `load_generator`."""
        torch.save({'config': self.config, 'state_dict': self.generator.state_dict(), 'vectors': self.vectors.cpu()},
                   folder / 'generator.pth')

    def state_dict(self) -> dict[str, Any]:
        """What training changes, for a `Checkpoint`."""
        return {'generator': self.generator.state_dict(), 'optimizer': self.optimizer.state_dict(),
                'noise': self.noise.get_state(), 'order': self.order.get_state(),
                'steps_done': self.steps_done, 'last_loss': self.last_loss}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.generator.load_state_dict(state['generator'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.noise.set_state(state['noise'])
        self.order.set_state(state['order'])
        self.steps_done, self.last_loss = state['steps_done'], state['last_loss']

    def step(self, loss: Tensor) -> None:
        """One optimiser step."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.steps_done, self.last_loss = self.steps_done + 1, loss.detach()

    def generate(self, labels: Tensor, pixels: Tensor, graph: Graph | None) -> Tensor:
        """Features of pixels with these labels, shape (n, d); each has noise of its own."""
        return self.generator(self.vectors[labels], self.noise)

    def fill(self, features: Tensor, layout: Layout, graph: Graph | None = None) -> Tensor:
        """Trains on the batch's seen-only images, and generates a feature for every pixel.

        A feature is generated before the step that its image and class take part in.

        Args:
            features (Tensor): real ones, shape (N, d, h, w).
            layout (Layout): of the batch.
            graph (Graph, optional): of ``layout.labels``.

        Returns:
            Tensor: shape (N, d, h, w), without gradient; zero where the label is 255.
        """
        real, labels = features.permute(0, 2, 3, 1).flatten(0, 2), layout.labels.reshape(-1)
        fake = torch.zeros_like(real)
        image = torch.arange(len(features), device=real.device).repeat_interleave(len(real) // len(features))
        key = image * (IGNORE + 1) + labels
        order = key.argsort(stable=True)
        order = order[labels[order] != IGNORE]
        group, count = torch.unique_consecutive(key[order], return_counts=True)
        learns = ~layout.synthetic[group // (IGNORE + 1)]
        starts = count.cumsum(0) - count
        bounds, learning = [*starts.tolist(), len(order)], learns.tolist()  # here the CPU waits, and not in every group
        for part in [slice(i, i + 1) for i in range(len(group))] if self.each else [slice(0, len(group))]:
            pixels = order[bounds[part.start]:bounds[part.stop]]
            made = self.generate(labels[pixels], pixels, graph)
            start, size = starts[part] - bounds[part.start], count[part]
            if not all(learning[part]):
                start, size = start[learns[part]], size[learns[part]]
            if len(size):
                at = torch.rand(len(size), self.samples, generator=self.order, device=real.device)
                at = start[:, None] + (at * size[:, None]).long()
                self.step(self.criterion(made[at], real[pixels][at]))
            fake[pixels] = made.detach()
        return fake.view(len(features), *features.shape[2:], -1).permute(0, 3, 1, 2)


class ComponentSynthesis(Synthesis):
    """Every pixel of a component gets one and the same feature, from a `GraphGenerator`.

    The paper of ZS3Net-GC puts graph convolutions in the place of the generator's linear layers. ASSUMPTIONS: its MMD
    is that of ZS3Net, on pixels; ignored regions are nodes with class 0's vector, as in the code.
    """

    def generate(self, labels: Tensor, pixels: Tensor, graph: Graph) -> Tensor:
        """As in `Synthesis`; all nodes of the batch are generated, since they depend on each other."""
        return self.generator(node_vectors(self.vectors, graph), self.noise, graph.adjacency)[
            graph.nodes.reshape(-1)[pixels]]


class NodeSynthesis(Synthesis):
    """The auxiliary branch of ZS3Net-GC's code: one feature per component of the images with more than one.

    The MMD takes all nodes of a seen-only image together, whatever their class. ASSUMPTION: all of them, not a sample.
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
