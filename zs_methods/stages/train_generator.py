"""Stage ``generator``: learns to turn class vectors into pixel features of seen classes."""

from __future__ import annotations

from typing import Any

import torch

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import MODELS, STAGES
from zs_methods.stages.extract_features import Bank, PerClassSampler
from zs_methods.stages.feedback import Feedback, check_source
from zs_methods.stages.parts import class_vectors, load_generator

LOG_EVERY = 50


@STAGES.register_module()
class TrainGenerator(Stage):
    """Minimises the MMD between generated and real features, all seen classes in one batched step.

    With ``feedback`` the ZS-MMD loss on the unseen classes is added, against features that the previous classifier is
    confident about: L_G = L_MMD + weight * L_ZSMMD (see `Feedback`).

    Args:
        model (dict): generator config; ``vector_dim`` and ``feature_dim`` are filled in.
        loss (dict): MMD loss config.
        optimizer (dict): ``type`` in torch.optim, and its settings.
        iterations (int): optimiser steps.
        samples (int): features per class and step, real and generated alike.
        vectors (dict): ``sha256`` of the word-vector file, ``aliases`` and ``normalise`` (see `load_class_vectors`).
        feedback (dict, optional): settings of `Feedback`.
        warm_start (str, optional): name of the generator stage to start from; fresh weights by default.
        bank (str): name of the stage with the seen features.

    Artifact: ``generator.pth`` with the generator's config, weights and the class vectors (C, vector_dim).

    Source: step 1 of ZS3Net. Deviation from its code: there every image and class has a step of its own; here a
    step sees `samples` pixels of every seen class, drawn over all images.
    """

    def __init__(self, model: dict, loss: dict, optimizer: dict, iterations: int, vectors: dict, samples: int = 128,
                 feedback: dict | None = None, warm_start: str | None = None, bank: str = 'features') -> None:
        self.model, self.loss, self.optimizer, self.vectors = model, loss, optimizer, vectors
        self.iterations, self.samples, self.feedback, self.warm_start = iterations, samples, feedback, warm_start
        self.bank = bank
        if feedback:
            check_source(feedback['source'])

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains with the ``initialisation``, ``order`` and ``noise`` streams; feedback has one of its own."""
        sampler = PerClassSampler(Bank.load(ctx.inputs[self.bank], ctx.device), ctx.stream('order/generator'))
        vectors = class_vectors(ctx, self.vectors)
        config = {**self.model, 'vector_dim': vectors.shape[1], 'feature_dim': sampler.features.shape[1]}
        torch.manual_seed(ctx.seed_for('initialisation/generator'))
        generator = MODELS.build(config).to(ctx.device)
        if self.warm_start:
            generator.load_state_dict(load_generator(ctx.inputs[self.warm_start], ctx.device)[0].state_dict())
        criterion = MODELS.build(self.loss)
        feedback = Feedback(ctx, vectors, self.feedback) if self.feedback else None
        settings = dict(self.optimizer)
        optimizer = getattr(torch.optim, settings.pop('type'))(generator.parameters(), **settings)
        noise = ctx.stream('noise/generator')
        seen_vectors = vectors[sampler.classes]
        history = []
        streams = {'order': sampler.stream, 'noise': noise, **({'feedback': feedback.stream} if feedback else {})}
        parts = {'generator': generator, 'optimizer': optimizer}
        for step in Checkpoint(ctx).steps(self.iterations, parts, streams, {'history': history}):
            loss = criterion(generator.sample(seen_vectors, self.samples, noise), sampler.draw(self.samples))
            if feedback:
                loss = loss + feedback(generator)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step % LOG_EVERY == 0 or step + 1 == self.iterations:
                if not torch.isfinite(loss):
                    raise FloatingPointError(f'the generator loss is {loss.item()} at iteration {step}')
                history.append([step, loss.item()])
                ctx.progress(step + 1, self.iterations)
        torch.save({'config': config, 'state_dict': generator.state_dict(), 'vectors': vectors.cpu()},
                   ctx.out / 'generator.pth')
        summary = {'iterations': self.iterations, 'seen_classes': len(sampler.classes), 'loss': history}
        return {**summary, 'feedback': feedback.summary()} if feedback else summary
