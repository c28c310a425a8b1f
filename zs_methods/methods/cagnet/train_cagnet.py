"""Step 2 of CaGNet: classifier and generator train on labelled pixels and on random maps of all classes in turn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models.decode_heads.cagnet_head import CaGNetHead, Encoded
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank, PerClassSampler
from zs_methods.stages.network import CONFIG, exclude_classes, load_network, save_network
from zs_methods.stages.parts import running_sums

LOG_EVERY = 50


@STAGES.register_module()
class TrainCaGNet(Stage):
    """Trains generator, discriminator and classifier of a `CaGNetHead`; all in front of them stays as it is.

    `period` steps on labelled pixels (the losses of step 1, without KL) and `period` steps on random maps take turns.
    A map has a class drawn for every pixel and a latent from N(0, I); what is generated for it trains the classifier,
    and the generator through it and through the discriminator. No layout of an unseen object is read.

    Args:
        optimizer (dict): ``type`` in torch.optim, and its settings.
        iterations (int): steps of both kinds together.
        period (int): see above.
        batch_size (int): labelled pixels per step for the classifier, drawn with their frequency.
        pixels (int): pixels of a step's random maps together.
        odds (float): unseen : seen among those pixels.
        network (str): name of the stage with the network of step 1.
        bank (str): name of the stage with that network's `CaGNetHead.bank_features` of seen pixels.

    Artifact: ``config.py`` and ``model.pth`` of an mmseg model.

    Source: CaGNet (Gu et al., ACM MM 2020), code bcmi/CaGNet 249305b: 100 and 100 in turn, odds 10 : 1 (VOC).
    ASSUMPTION: odds are those of the groups, with equal chances inside each; images come first; the contextual module
    is frozen like the backbone, with latents drawn as in step 1; the discriminator rests while maps are trained on.
    Deviation: what is frozen is computed once for a sample of pixels, without augmentation, since all that trains works
    on single pixels; the code passes batches of images through the network.
    """

    def __init__(self, optimizer: dict, iterations: int, period: int, batch_size: int, pixels: int, odds: float,
                 network: str, bank: str) -> None:
        if odds < 0:
            raise ValueError(f'odds must be at least 0, got {odds}')
        self.optimizer, self.iterations, self.period = optimizer, iterations, period
        self.batch_size, self.pixels, self.odds = batch_size, pixels, odds
        self.network, self.bank = network, bank

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains with the ``order`` stream, and one seed of ``noise`` for latents, maps and dropout."""
        network = load_network(ctx.inputs[self.network], ctx.device).requires_grad_(False)
        head = network.decode_head
        trained = [head.generator, head.shared, head.conv_seg, head.realness]
        for part in trained:
            part.requires_grad_(True).train()  # dropout; nothing else in the network leaves evaluation mode
        optimiser = Optimiser(itertools.chain(*(part.parameters() for part in trained)), self.optimizer)
        pixels = _SeenPixels(Bank.load(ctx.inputs[self.bank], ctx.device), ctx.stream('order/cagnet'))
        torch.manual_seed(ctx.seed_for('noise/cagnet'))
        history: dict[str, list] = {'seen': [], 'random': []}
        parts = {'head': head, 'optimiser': optimiser}
        for step in Checkpoint(ctx).steps(self.iterations, parts, {'order': pixels.stream}, history):
            kind = 'random' if step // self.period % 2 else 'seen'
            loss = self._random_loss(ctx, head) if kind == 'random' else pixels.loss(head, self.batch_size)
            optimiser.step(loss)
            exclude_classes(head.conv_seg, ctx.task.ignored)  # weight decay moves their bias
            if step % LOG_EVERY == 0 or step + 1 == self.iterations:
                if not torch.isfinite(loss):
                    raise FloatingPointError(f'the loss is {loss.item()} at iteration {step}')
                history[kind].append([step, loss.item()])
                ctx.progress(step + 1, self.iterations)
        config = Config.fromfile(str(ctx.inputs[self.network] / CONFIG)).to_dict()
        save_network(ctx.out, config, network.state_dict(), ctx.task)
        return {'iterations': self.iterations, 'loss': history}

    def _random_loss(self, ctx: StageContext, head: CaGNetHead) -> Tensor:
        labels = random_labels(self.pixels, ctx.task.seen, ctx.task.unseen, self.odds).to(ctx.device)
        fake = head.generator(head.vectors[labels], torch.randn(self.pixels, head.channels, device=ctx.device))
        return head.loss_decode(head.classify(fake), labels) + head.adversarial_loss(fake)


class _SeenPixels:
    """Draws labelled pixels from a bank: with their frequency for the classifier, class by class for the generator."""

    def __init__(self, bank: Bank, stream: torch.Generator) -> None:
        self.bank, self.stream = bank, stream
        self.cumulative = running_sums(bank.weights)
        self.per_class = PerClassSampler(bank, stream)

    def loss(self, head: CaGNetHead, count: int) -> Tensor:
        """All losses of step 1 but KL, whose parameters are frozen."""
        at = torch.rand(count, generator=self.stream, device=self.stream.device, dtype=torch.float64)
        rows = torch.searchsorted(self.cumulative, at * self.cumulative[-1], right=True)
        rows = rows.clamp(max=len(self.cumulative) - 1)
        features, _ = _features(self.bank.features[rows])
        real, latents = _features(self.per_class.draw(head.samples))
        losses = head.generative_losses(self.per_class.classes, real, latents)
        return head.loss_decode(head.classify(features), self.bank.labels[rows]) + sum(losses.values())


def _features(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Bank rows (..., 3 d) to features in front of the shared layer, with a fresh latent; (..., d) each."""
    encoded = Encoded(*rows.chunk(3, dim=-1))
    latents = encoded.draw()
    return encoded.weighted(latents), latents


def random_labels(count: int, seen: Sequence[int], unseen: Sequence[int], odds: float) -> Tensor:
    """Draws class ids, shape (count,), int64: unseen : seen is `odds` : 1, classes of one group are equally likely."""
    chances = torch.tensor([1 / len(seen)] * len(seen) + [odds / len(unseen)] * len(unseen))
    return torch.tensor([*seen, *unseen])[torch.multinomial(chances, count, replacement=True)]
