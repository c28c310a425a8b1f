"""What a round of ZS-MMD feeds back to the generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zs_methods.engine.stage import StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.registry import MODELS

from .candidates import Candidates, Predicted


class Feedback:
    """The ZS-MMD term of one round: lambda * L_ZSMMD, see `ZSMMDLoss`.

    The candidates are gated once; every step draws as many of them as it generates, with a probability in proportion
    to their weight.

    Args:
        ctx (StageContext): the context.
        vectors (Tensor): class vectors, shape (classes, vector_dim).
        config (Mapping): ``candidates``, name of the `GatherCandidates` stage; ``gate`` and ``power``, see
            `Candidates.collect`; ``loss``; ``weight``, lambda; ``samples``, features per class and step.
    """

    def __init__(self, ctx: StageContext, vectors: Tensor, config: Mapping[str, Any]) -> None:
        self.criterion, self.weight, self.samples = MODELS.build(config['loss']), config['weight'], config['samples']
        sample = Predicted.load(ctx.inputs[config['candidates']], ctx.device)
        self.candidates = Candidates.collect(sample, config['gate'], config['power'], ctx.task.unseen)
        self.used = self.criterion.used(self.candidates.counts).nonzero()[:, 0]
        self.vectors = vectors[list(ctx.task.unseen)][self.used]
        self.names = [ctx.task.spec.classes[c] for c in ctx.task.unseen]
        self.stream = ctx.stream('noise/feedback')

    def __call__(self, generator: FeatureGenerator) -> Tensor:
        """The weighted loss of the generator being trained; 0 if no class has enough candidates."""
        if not len(self.used):
            return torch.zeros((), device=self.vectors.device)
        drawn = self.candidates.draw(self.used, self.samples, self.stream)
        return self.weight * self.criterion(generator.sample(self.vectors, self.samples, self.stream), drawn)

    def summary(self) -> dict[str, Any]:
        """Per unseen class, |C_u| and its share of the pixels predicted as u; and the classes that took part, U'."""
        shares = self.candidates.pixels / self.candidates.predicted.clamp(min=1)
        return {'candidates': dict(zip(self.names, self.candidates.pixels.round().long().tolist(), strict=True)),
                'accepted_share': dict(zip(self.names, shares.tolist(), strict=True)),
                'used': [self.names[at] for at in self.used.tolist()]}
