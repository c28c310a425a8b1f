"""Stage ``generator``: learns to turn class vectors into pixel features of seen classes."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.registry import MODELS, STAGES
from zs_methods.stages.extract_features import Bank, PerClassSampler
from zs_methods.stages.parts import class_vectors

LOG_EVERY = 50


class Term(Protocol):
    """What a method adds to the loss of a generator.

    Attributes:
        stream (torch.Generator): what it draws from; checkpoints keep its state.
    """

    stream: torch.Generator

    def __call__(self, generator: FeatureGenerator) -> Tensor:
        """The term for the generator as it is now, weighted; a scalar."""

    def summary(self) -> dict[str, Any]:
        """What the record says of it once the training has ended."""


@STAGES.register_module()
class TrainGenerator(Stage):
    """Minimises the MMD between generated and real features, all seen classes in one batched step.

    A method that adds terms to this loss registers a stage of its own that overrides `terms`.

    Args:
        model (dict): config of a `FeatureGenerator`; ``vector_dim`` and ``feature_dim`` are filled in.
        loss (dict): MMD loss config.
        optimizer (dict): ``type`` in torch.optim, and its settings.
        iterations (int): optimiser steps.
        samples (int): features per class and step, real and generated alike.
        vectors (dict): ``sha256`` of the word-vector file, ``aliases`` and ``normalise`` (see `load_class_vectors`).
        warm_start (str, optional): name of the generator stage to start from; fresh weights by default.
        bank (str): name of the stage with the seen features.

    Artifact: ``generator.pth``, see `FeatureGenerator`.

    Source: step 1 of ZS3Net. Deviation from its code: there every image and class has a step of its own; here a
    step sees `samples` pixels of every seen class, drawn over all images.
    """

    def __init__(self, model: dict, loss: dict, optimizer: dict, iterations: int, vectors: dict, samples: int = 128,
                 warm_start: str | None = None, bank: str = 'features') -> None:
        self.model, self.loss, self.optimizer, self.vectors = model, loss, optimizer, vectors
        self.iterations, self.samples, self.warm_start, self.bank = iterations, samples, warm_start, bank

    def terms(self, ctx: StageContext, vectors: Tensor) -> dict[str, Term]:
        """Further terms of the loss by name, under which the summary tells of them; none here.

        Args:
            ctx (StageContext): the context.
            vectors (Tensor): class vectors, shape (classes, vector_dim).
        """
        return {}

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains with the ``initialisation``, ``order`` and ``noise`` streams; further terms have their own."""
        sampler = PerClassSampler(Bank.load(ctx.inputs[self.bank], ctx.device), ctx.stream('order/generator'))
        vectors = class_vectors(ctx, self.vectors)
        torch.manual_seed(ctx.seed_for('initialisation/generator'))
        generator = FeatureGenerator.build(self.model, vectors, sampler.features.shape[1])
        if self.warm_start:
            before = FeatureGenerator.load(ctx.inputs[self.warm_start], ctx.device)
            generator.load_state_dict(before.state_dict())
        criterion, terms = MODELS.build(self.loss), self.terms(ctx, vectors)
        optimiser = Optimiser(generator.parameters(), self.optimizer)
        noise = ctx.stream('noise/generator')
        seen_vectors = vectors[sampler.classes]
        history = []
        streams = {'order': sampler.stream, 'noise': noise, **{name: term.stream for name, term in terms.items()}}
        parts = {'generator': generator, 'optimiser': optimiser}
        for step in Checkpoint(ctx).steps(self.iterations, parts, streams, {'history': history}):
            loss = criterion(generator.sample(seen_vectors, self.samples, noise), sampler.draw(self.samples))
            for term in terms.values():
                loss = loss + term(generator)
            optimiser.step(loss)
            if step % LOG_EVERY == 0 or step + 1 == self.iterations:
                if not torch.isfinite(loss):
                    raise FloatingPointError(f'the generator loss is {loss.item()} at iteration {step}')
                history.append([step, loss.item()])
                ctx.progress(step + 1, self.iterations)
                ctx.watch(step + 1, loss=loss)
        generator.save(ctx.out)
        return {'iterations': self.iterations, 'seen_classes': len(sampler.classes), 'loss': history,
                **{name: term.summary() for name, term in terms.items()}}
