"""Pseudo-features that a recursion of ZS-MMD feeds back to the generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zs_methods.engine.stage import StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.registry import MODELS
from zs_methods.stages.parts import load_classifier

from .candidates import SOURCES, Candidates
from .sources import check_source


class Feedback:
    """The ZS-MMD term of one recursion: lambda * L_ZSMMD, see `ZSMMDLoss`.

    The candidates are gathered and gated once, with the classifier of the recursion before; every step draws as many
    of them as it generates, with a probability in proportion to their weight.

    Args:
        ctx (StageContext): the context.
        vectors (Tensor): class vectors, shape (classes, vector_dim).
        config (Mapping): ``loss``; ``weight``, lambda; ``samples``, features per class and step, N; ``source``, one of
            `SOURCES`; ``classifier``, and ``generator`` or ``bank``, names of the stages to take them from; ``pool``,
            features that the source ``synthetic`` generates for every class.

    Raises:
        ValueError: unknown source.
    """

    def __init__(self, ctx: StageContext, vectors: Tensor, config: Mapping[str, Any]) -> None:
        check_source(config['source'])
        self.criterion, self.weight, self.samples = MODELS.build(config['loss']), config['weight'], config['samples']
        classifier = load_classifier(ctx.inputs[config['classifier']], ctx.device)
        pool = SOURCES[config['source']](ctx, config)
        self.candidates = Candidates.collect(pool, classifier, self.criterion, ctx.task.unseen)
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
        """Per unseen class, |C_u| and its share of the features considered; and the classes that took part, U'."""
        counts = self.candidates.counts
        shares = counts / self.candidates.considered.clamp(min=1)
        return {'candidates': dict(zip(self.names, counts.tolist(), strict=True)),
                'accepted_share': dict(zip(self.names, shares.tolist(), strict=True)),
                'used': [self.names[at] for at in self.used.tolist()]}
