"""Stage ``classifier``: retrains the last 1x1 convolution on real seen and synthetic unseen features."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.loss_share import share_of_weight, weight_of_share
from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.models.losses.weighted_cross_entropy import seen_unseen_weights
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank, PerClassSampler
from zs_methods.stages.network import classifier_of, exclude_classes, load_network
from zs_methods.stages.parts import running_sums, save_classifier

INITIAL = ('seen', 'uniform')


@STAGES.register_module()
class TrainClassifier(Stage):
    """Fine-tunes the classifier, the only part of the network that changes.

    Args:
        optimizer (dict): ``type`` in torch.optim, and its settings; the rate decays as (1 - t/T)^0.9.
        iterations (int): optimiser steps.
        batch_size (int): real seen features per step, drawn with the frequency of their pixels.
        unseen_samples (int): features of every unseen class per step.
        unseen_weight (float): weight of unseen classes in the cross entropy, against 1 for seen ones.
        unseen_share (float, optional): share of the weighted cross entropy that unseen classes hold in every step,
            between 0 and 1; it takes the place of `unseen_weight`, see `weight_of_share`.
        initial (str): start from the network's own classifier (``seen``), or from ``uniform`` U[0, 1) as the ZS3
            code does.
        generator (str, optional): name of the generator stage that provides unseen features.
        unseen_bank (str, optional): name of the stage with real unseen features instead (the oracle).
        network (str): name of the stage that provides the network.
        bank (str): name of the stage with the seen features.

    Artifact: ``classifier.pth`` with ``weight`` (C, d) and ``bias`` (C,).

    Source: step 2 of ZS3Net. Deviation from its code: features are drawn per pixel, real seen and synthetic unseen
    ones in the same batch; the code's images are entirely real or entirely synthetic.
    """

    def __init__(self, optimizer: dict, iterations: int, batch_size: int, unseen_samples: int, unseen_weight: float,
                 initial: str = 'seen', generator: str | None = None, unseen_bank: str | None = None,
                 network: str = 'seen', bank: str = 'features', unseen_share: float | None = None) -> None:
        if initial not in INITIAL:
            raise ValueError(f'initial must be one of {INITIAL}, got {initial!r}')
        if (generator is None) == (unseen_bank is None):
            raise ValueError('give either generator or unseen_bank')
        if unseen_share is not None:
            weight_of_share(unseen_share, unseen_samples, batch_size)  # refuses a share that no weight gives
        self.optimizer, self.iterations, self.batch_size = optimizer, iterations, batch_size
        self.unseen_samples, self.unseen_weight, self.unseen_share = unseen_samples, unseen_weight, unseen_share
        self.initial = initial
        self.generator, self.unseen_bank, self.network, self.bank = generator, unseen_bank, network, bank

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains with the ``initialisation``, ``order`` and ``noise`` streams."""
        bank = Bank.load(ctx.inputs[self.bank], ctx.device)
        linear = self._initial(ctx)
        optimiser = Optimiser(linear.parameters(), self.optimizer, self.iterations)
        order, noise = ctx.stream('order/classifier'), ctx.stream('noise/classifier')
        cumulative = running_sums(bank.weights)
        draw_unseen, unseen_labels = self._unseen_features(ctx, noise)
        weight, share = self._weight_and_share(len(unseen_labels))
        weights = seen_unseen_weights(linear.weight.T, ctx.task.unseen, weight)
        parts = {'classifier': linear, 'optimiser': optimiser}
        for step in Checkpoint(ctx).steps(self.iterations, parts, {'order': order, 'noise': noise}):
            at = torch.rand(self.batch_size, generator=order, device=ctx.device, dtype=torch.float64)
            rows = torch.searchsorted(cumulative, at * cumulative[-1], right=True).clamp(max=len(cumulative) - 1)
            with torch.no_grad():
                unseen = draw_unseen(self.unseen_samples).flatten(0, 1)
            scores = linear(torch.cat([bank.features[rows], unseen]))
            labels = torch.cat([bank.labels[rows], unseen_labels])
            loss = F.cross_entropy(scores, labels, weights)
            optimiser.step(loss)
            if step % 50 == 0 or step + 1 == self.iterations:
                ctx.progress(step + 1, self.iterations)
                ctx.watch(step + 1, loss=loss)
        if not torch.isfinite(loss):
            raise FloatingPointError(f'the classifier loss ended as {loss.item()}')
        save_classifier(ctx.out, linear)
        return {'iterations': self.iterations, 'final_loss': loss.item(),
                'unseen_weight': weight, 'unseen_share': share}

    def _weight_and_share(self, unseen: int) -> tuple[float, float]:
        """The weight of unseen classes and the share that they hold, of a step with so many of their features."""
        if self.unseen_share is None:
            return self.unseen_weight, share_of_weight(self.unseen_weight, unseen, self.batch_size)
        return weight_of_share(self.unseen_share, unseen, self.batch_size), self.unseen_share

    def _initial(self, ctx: StageContext) -> nn.Linear:
        conv = classifier_of(load_network(ctx.inputs[self.network], ctx.device))
        linear = nn.Linear(conv.in_channels, conv.out_channels, device=ctx.device)
        with torch.no_grad():
            if self.initial == 'seen':
                linear.weight.copy_(conv.weight.flatten(1))
                linear.bias.copy_(conv.bias)
            else:
                stream = ctx.stream('initialisation/classifier')
                linear.weight.uniform_(generator=stream)
                linear.bias.uniform_(generator=stream)
        exclude_classes(linear, ctx.task.ignored)
        return linear

    def _unseen_features(self, ctx: StageContext, stream: torch.Generator) -> tuple[Any, torch.Tensor]:
        """A function count -> features (classes, count, d), and the labels of its flattened result."""
        if self.unseen_bank:
            sampler = PerClassSampler(Bank.load(ctx.inputs[self.unseen_bank], ctx.device), stream)
            return sampler.draw, sampler.classes.repeat_interleave(self.unseen_samples)
        generator = FeatureGenerator.load(ctx.inputs[self.generator], ctx.device)
        unseen = torch.tensor(ctx.task.unseen, device=ctx.device)
        vectors = generator.vectors[unseen]
        return (lambda count: generator.sample(vectors, count, stream),
                unseen.repeat_interleave(self.unseen_samples))
