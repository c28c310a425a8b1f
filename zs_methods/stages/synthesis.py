"""The generator inside the interleaved loop: it fills a batch's layout with features, and takes its own steps."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.registry import MODELS
from zs_methods.stages.layouts import Layout
from zs_methods.stages.parts import class_vectors

STEPS = ('each', 'batched')


class Synthesis:
    """A generator with its optimiser, class vectors and streams.

    Args:
        ctx (StageContext): the context.
        name (str): names the random streams.
        model (dict): config of a `FeatureGenerator`; ``vector_dim`` and ``feature_dim`` are filled in.
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
        torch.manual_seed(ctx.seed_for(f'initialisation/{name}'))
        self.generator = FeatureGenerator.build(model, self.vectors, feature_dim)
        self.optimiser = Optimiser(self.generator.parameters(), optimizer)
        self.criterion = MODELS.build(loss)
        self.samples, self.each = samples, steps == 'each'
        self.noise, self.order = ctx.stream(f'noise/{name}'), ctx.stream(f'order/{name}')
        self.steps_done, self.last_loss = 0, None

    def state_dict(self) -> dict[str, Any]:
        """What training changes, for a `Checkpoint`."""
        return {'generator': self.generator.state_dict(), 'optimiser': self.optimiser.state_dict(),
                'noise': self.noise.get_state(), 'order': self.order.get_state(),
                'steps_done': self.steps_done, 'last_loss': self.last_loss}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.generator.load_state_dict(state['generator'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.noise.set_state(state['noise'])
        self.order.set_state(state['order'])
        self.steps_done, self.last_loss = state['steps_done'], state['last_loss']

    def step(self, loss: Tensor) -> None:
        """One optimiser step."""
        self.optimiser.step(loss)
        self.steps_done, self.last_loss = self.steps_done + 1, loss.detach()

    def generate(self, labels: Tensor, pixels: Tensor) -> Tensor:
        """Features (n, d) of pixels with these labels, at these places of the batch; each has noise of its own."""
        return self.generator(self.vectors[labels], self.noise)

    def fill(self, features: Tensor, layout: Layout) -> Tensor:
        """Trains on the batch's seen-only images, and generates a feature for every pixel.

        A feature is generated before the step that its image and class take part in.

        Args:
            features (Tensor): real ones, shape (N, d, h, w).
            layout (Layout): of the batch.

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
            made = self.generate(labels[pixels], pixels)
            start, size = starts[part] - bounds[part.start], count[part]
            if not all(learning[part]):
                start, size = start[learns[part]], size[learns[part]]
            if len(size):
                at = torch.rand(len(size), self.samples, generator=self.order, device=real.device)
                at = start[:, None] + (at * size[:, None]).long()
                self.step(self.criterion(made[at], real[pixels][at]))
            fake[pixels] = made.detach()
        return fake.view(len(features), *features.shape[2:], -1).permute(0, 3, 1, 2)
