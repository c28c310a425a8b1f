"""Step 2 of CaGNet: classifier and generator train on labelled pixels and on random maps of all classes in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models.decode_heads.cagnet_head import CaGNetHead, Encoded, scaled_gradient
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.network import CONFIG, exclude_classes, load_network, save_network
from zs_methods.stages.parts import running_sums

LOG_EVERY = 50


@STAGES.register_module()
class TrainCaGNet(Stage):
    """Trains generator, discriminator and classifier of a `CaGNetHead`; all in front of them stays as it is.

    `period` steps on labelled pixels (the losses of step 1, without KL) and `period` steps on random maps take turns,
    labelled pixels first. A map has a class drawn for every pixel and a latent from N(0, I); the cross entropy of what
    is generated for it trains the classifier. No layout of an unseen object is read.

    Args:
        optimizer (dict): ``type`` in torch.optim, and its settings; the generator's parameters do not decay.
        iterations (int): steps of both kinds together.
        period (int): see above.
        batch_size (int): labelled pixels per step for the classifier, drawn with their frequency.
        pixels (int): pixels of a step's random maps together.
        odds (float): chance of an unseen class among those pixels, that of a seen one being 1.
        weights (dict): factors of cross entropies: ``real`` and ``fake`` of the classifier on labelled pixels and on
            what is generated for them, ``random`` of the classifier on random maps, and ``generator`` of the generator
            on random maps, which rests there if that is 0.
        network (str): name of the stage with the network of step 1.
        bank (str): name of the stage with that network's `CaGNetHead.bank_features` of seen pixels.
        milestones (Sequence[int]): steps from which on the rate is lower.
        gamma (float): the factor of the rate at each of them.

    Artifact: ``config.py`` and ``model.pth`` of an mmseg model.

    Source: CaGNet (Gu et al., ACM MM 2020), code bcmi/CaGNet 249305b: 100 and 100 in turn, the odds of a class 10
    (VOC) and 60 (COCO-Stuff), latents drawn as in step 1, and a discriminator that rests while maps are trained on.
    Deviation: what is frozen is computed once for a sample of pixels, without augmentation, since all that trains works
    on single pixels; the code passes batches of images through the network.
    """

    def __init__(self, optimizer: dict, iterations: int, period: int, batch_size: int, pixels: int, odds: float,
                 weights: Mapping[str, float], network: str, bank: str, milestones: Sequence[int] = (),
                 gamma: float = 0.1) -> None:
        if odds < 0:
            raise ValueError(f'odds must be at least 0, got {odds}')
        if weights['random'] <= 0:
            raise ValueError(f"weights.random must be above 0, got {weights['random']}")
        self.optimizer, self.iterations, self.period = optimizer, iterations, period
        self.batch_size, self.pixels, self.odds, self.weights = batch_size, pixels, odds, dict(weights)
        self.network, self.bank = network, bank
        self.milestones, self.gamma = tuple(milestones), gamma

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains with the ``order`` stream, and one seed of ``noise`` for latents, maps and dropout."""
        network = load_network(ctx.inputs[self.network], ctx.device).requires_grad_(False)
        head = network.decode_head
        trained = [head.generator, head.shared, head.conv_seg, head.realness]
        for part in trained:
            part.requires_grad_(True).train()  # dropout; nothing else in the network leaves evaluation mode
        optimiser = Optimiser([{'params': list(head.generator.parameters()), 'weight_decay': 0.0},
                               *({'params': list(part.parameters())} for part in trained[1:])], self.optimizer)
        pixels = _SeenPixels(Bank.load(ctx.inputs[self.bank], ctx.device), ctx.stream('order/cagnet'))
        torch.manual_seed(ctx.seed_for('noise/cagnet'))
        history: dict[str, list] = {'seen': [], 'random': []}
        parts = {'head': head, 'optimiser': optimiser}
        for step in Checkpoint(ctx).steps(self.iterations, parts, {'order': pixels.stream}, history):
            for group in optimiser.optimizer.param_groups:
                group['lr'] = self.rate(step)
            kind = 'random' if step // self.period % 2 else 'seen'
            loss = self._random_loss(ctx, head) if kind == 'random' else self._seen_loss(pixels, head)
            optimiser.step(loss)
            exclude_classes(head.conv_seg, ctx.task.ignored)  # weight decay moves their bias
            if step % LOG_EVERY == 0 or step + 1 == self.iterations:
                if not torch.isfinite(loss):
                    raise FloatingPointError(f'the loss is {loss.item()} at iteration {step}')
                history[kind].append([step, loss.item()])
                ctx.progress(step + 1, self.iterations)
                ctx.watch(step + 1, **{f'loss_{kind}': loss})
        config = Config.fromfile(str(ctx.inputs[self.network] / CONFIG)).to_dict()
        save_network(ctx.out, config, network.state_dict(), ctx.task)
        return {'iterations': self.iterations, 'loss': history}

    def rate(self, step: int) -> float:
        """The rate of a step, counted from 0."""
        return self.optimizer['lr'] * self.gamma ** sum(step >= milestone for milestone in self.milestones)

    def _seen_loss(self, pixels: _SeenPixels, head: CaGNetHead) -> Tensor:
        """All losses of step 1 but KL, whose parameters are frozen, and the cross entropy of generated pixels."""
        features, labels = pixels.draw(self.batch_size)
        losses = head.generative_losses(*pixels.runs(head.runs, head.run_length), fake_weight=self.weights['fake'])
        return self.weights['real'] * head.loss_decode(head.classify(features), labels) + sum(losses.values())

    def _random_loss(self, ctx: StageContext, head: CaGNetHead) -> Tensor:
        labels = random_labels(self.pixels, ctx.task.seen, ctx.task.unseen, self.odds).to(ctx.device)
        latents = torch.randn(self.pixels, head.channels, device=ctx.device)
        factor = self.weights['generator'] / self.weights['random']
        with torch.set_grad_enabled(factor > 0):
            fake = head.generator(head.vectors[labels], latents)
        return self.weights['random'] * head.loss_decode(head.classify(scaled_gradient(fake, factor)), labels)


class _SeenPixels:
    """Draws labelled pixels from a bank with their frequency, single ones and runs."""

    def __init__(self, bank: Bank, stream: torch.Generator) -> None:
        self.bank, self.stream = bank, stream
        self.cumulative = running_sums(bank.weights)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Features in front of the shared layer (count, d), and labels (count,)."""
        rows = self._rows(count)
        return _features(self.bank.features[rows])[0], self.bank.labels[rows]

    def runs(self, count: int, length: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Runs of pixels that follow each other in the bank, which is in the order of images and classes.

        Returns:
            tuple: class ids (count,), features and latents (count, length, d), and which of them belong to the run.
        """
        starts = self._rows(count)
        at = starts[:, None] + torch.arange(length, device=starts.device)
        inside, at = at < len(self.bank.labels), at.clamp(max=len(self.bank.labels) - 1)
        labels = self.bank.labels[at]
        inside = (inside & (labels == labels[:, :1])).cumprod(dim=1).bool()
        return labels[:, 0], *_features(self.bank.features[at]), inside

    def _rows(self, count: int) -> Tensor:
        at = torch.rand(count, generator=self.stream, device=self.stream.device, dtype=torch.float64)
        rows = torch.searchsorted(self.cumulative, at * self.cumulative[-1], right=True)
        return rows.clamp(max=len(self.cumulative) - 1)


def _features(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Bank rows (..., 3 d) to features in front of the shared layer, with a fresh latent; (..., d) each."""
    encoded = Encoded(*rows.chunk(3, dim=-1))
    latents = encoded.draw()
    return encoded.contextual(latents), latents


def random_labels(count: int, seen: Sequence[int], unseen: Sequence[int], odds: float) -> Tensor:
    """Draws class ids, shape (count,), int64: an unseen class is `odds` times as likely as a seen one."""
    chances = torch.tensor([1.0] * len(seen) + [odds] * len(unseen))
    return torch.tensor([*seen, *unseen])[torch.multinomial(chances, count, replacement=True)]
