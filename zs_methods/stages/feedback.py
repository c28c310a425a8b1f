"""Pseudo-features that a recursion of ZS-MMD feeds back to the generator."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zs_methods.registry import MODELS
from zs_methods.stages.base import StageContext
from zs_methods.stages.parts import load_classifier, load_generator


class Feedback:
    """The ZS-MMD term of one recursion.

    Pseudo-features come from ``source='synthetic'``: fresh samples of the previous generator, weighted by the
    previous classifier's confidence. Inductive: no image takes part.
    """

    def __init__(self, ctx: StageContext, vectors: Tensor, samples: int, config: dict) -> None:
        if config['source'] != 'synthetic':
            raise ValueError(f"feedback source {config['source']!r} is not known; known: synthetic")
        self.criterion, self.weight, self.samples = MODELS.build(config['loss']), config['weight'], samples
        self.previous = load_generator(ctx.inputs[config['generator']], ctx.device)[0]
        self.classifier = load_classifier(ctx.inputs[config['classifier']], ctx.device)
        self.unseen, self.vectors = ctx.task.unseen, vectors[list(ctx.task.unseen)]
        self.names = [ctx.task.spec.classes[c] for c in self.unseen]
        self.stream = ctx.stream('noise/feedback')
        self.accepted = torch.zeros(len(self.unseen), dtype=torch.int64, device=ctx.device)
        self.drawn = 0

    def __call__(self, generator: nn.Module) -> Tensor:
        """The weighted loss of the generator being trained."""
        with torch.no_grad():
            candidates = self.previous.sample(self.vectors, self.samples, self.stream)
            weights = self.criterion.weights(self.classifier(candidates).softmax(dim=2), self.unseen)
            self.accepted += (weights > 0).sum(dim=1)
            self.drawn += self.samples
        fake = generator.sample(self.vectors, self.samples, self.stream)
        return self.weight * self.criterion(fake, candidates, weights)

    def summary(self) -> dict[str, Any]:
        """Share of candidates that passed the gate, per unseen class."""
        return {'accepted_share': {name: n / max(self.drawn, 1)
                                   for name, n in zip(self.names, self.accepted.tolist(), strict=True)}}
