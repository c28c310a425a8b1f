"""Stage ``joint_online``: the interleaved loop, in which images with unseen classes train the generator too."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor
from torch.nn import functional as F

from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import StageContext
from zs_methods.registry import MODELS, STAGES
from zs_methods.stages.extract_features import sample_per_group
from zs_methods.stages.joint_loop import JointLoop
from zs_methods.stages.layouts import Layout
from zs_methods.stages.projection import mask_of
from zs_methods.stages.train_jointly import TrainJointly

from .gate import passing
from .judge import Judge
from .queues import Queues


class OnlineLoop(JointLoop):
    """After the steps of the plain loop, the generator takes one with the ZS-MMD loss.

    In the published loop, images with an unseen class give the generator no step, although their real features are at
    hand. Here the classifier as it is now predicts their pixels; of those predicted as an unseen class, what the gate
    lets through of the batch joins the queue of that class, weighed by confidence. The loss is that of the whole
    queues. Labels say which images those are, and are counted for the record; none is a target of a real feature.
    """

    def __init__(self, stage: TrainZSMMDJointly, ctx: StageContext, network: BaseSegmentor) -> None:
        super().__init__(stage, ctx, network)
        self.settings, unseen = stage.feedback, ctx.task.unseen
        self.judge = Judge(lambda rows: F.linear(rows, self.conv.weight.flatten(1), self.conv.bias), unseen,
                           stage.unseen_weight if self.settings['calibrated'] else 1)
        self.criterion_online = MODELS.build(self.settings['loss'])
        self.queues = Queues(len(unseen), self.settings['queue'], self.conv.in_channels, ctx.device)
        self.wanted = mask_of(unseen, IGNORE + 1, ctx.device)
        self.place = self.wanted.long().cumsum(0) - 1  # of a class among the unseen ones
        self.vectors = self.synthesis.vectors[list(unseen)]
        self.stream = ctx.stream('noise/feedback')
        self.right = torch.zeros(len(unseen), dtype=torch.int64, device=ctx.device)
        self.done = [0]
        self.parts['queues'], self.streams['feedback'] = self.queues, self.stream
        self.state |= {'right': self.right, 'done': self.done}

    def loss(self, features: Tensor, layout: Layout) -> Tensor:
        """As in `JointLoop`, and the generator's further step."""
        loss = super().loss(features, layout)
        self.collect(features, layout)
        used = self.criterion_online.used((self.queues.weights > 0).sum(dim=1)).nonzero()[:, 0]
        if len(used):
            fake = self.synthesis.generator.sample(self.vectors[used], self.settings['samples'], self.stream)
            term = self.criterion_online(fake, self.queues.features[used], self.queues.weights[used])
            self.synthesis.optimiser.step(self.weight() * term)
        self.done[0] += 1
        return loss

    def weight(self) -> float:
        """Lambda of this iteration: it grows from 0 over a share ``ramp`` of them all."""
        return self.settings['weight'] * min(1.0, (self.done[0] + 1) / max(1.0, self.settings['ramp'] * self.total))

    @torch.no_grad()
    def collect(self, features: Tensor, layout: Layout) -> None:
        """Puts the candidates of a batch into the queues: real features (N, d, h, w) of images with unseen classes."""
        rows = features.permute(0, 2, 3, 1).flatten(0, 2)
        classes, confidence = self.judge(rows)
        unlabelled = layout.synthetic.repeat_interleave(len(rows) // len(features))
        at = (self.wanted[classes] & unlabelled).nonzero()[:, 0]
        at = at[passing(self.settings['gate'], classes[at], confidence[at], torch.ones_like(confidence[at]))]
        maps = torch.full_like(classes, IGNORE).index_copy_(0, at, classes[at]).view(layout.labels.shape)
        at, _ = sample_per_group(maps, self.wanted, self.settings['per_image'], self.stream)
        self.queues.add(self.place[classes[at]], rows[at], confidence[at].pow(self.settings['power']))
        right = layout.labels.flatten()[at] == classes[at]
        self.right += torch.bincount(self.place[classes[at]], right.double(), len(self.right)).long()

    def summary(self) -> dict[str, Any]:
        """As in `JointLoop`; per unseen class, the candidates that there were and the share that belongs to it."""
        names = [self.ctx.task.spec.classes[c] for c in self.ctx.task.unseen]
        counts, right = self.queues.added.tolist(), self.right.tolist()
        told = super().summary()
        lines = [{'class': name, 'pixels': count, 'of their class, %': 100 * true / count if count else None}
                 for name, count, true in zip(names, counts, right, strict=True)]
        tables = {**told['tables'], 'Candidates of ZS-MMD in the interleaved loop': lines}
        return {**told, 'tables': tables, 'feedback': {
            'candidates': dict(zip(names, counts, strict=True)),
            'purity': sum(right) / sum(counts) if sum(counts) else None}}


@STAGES.register_module()
class TrainZSMMDJointly(TrainJointly):
    """`TrainJointly` with the ZS-MMD loss on images with unseen classes, see `OnlineLoop`.

    Args:
        feedback (dict): ``calibrated``, whether the judge takes the unseen weight out of the classifier's scores, see
            `Judge`; ``gate`` and ``power``, see `Candidates.collect`; ``loss``; ``samples``, features of every class
            that are generated for it; ``weight``, lambda, which grows from 0 over a share ``ramp`` of the iterations;
            ``queue``, places for every class; ``per_image``, candidates of an image and class at most.
        **settings: see `TrainJointly`; the layout must be that of the ground truth.

    Artifact: as that of `TrainJointly`.

    Source: ZS-MMD, as reconstructed; that it ran in this loop is an ASSUMPTION.
    """

    def __init__(self, feedback: dict[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        if self.layout != 'ground-truth':
            raise ValueError(f"only layout 'ground-truth' shows images with unseen classes, not {self.layout!r}")
        if feedback['queue'] < (most := feedback['per_image'] * self.batch_size):
            raise ValueError(f'a queue of {feedback["queue"]} is too short for a batch: {most} are needed, '
                             f'{feedback["per_image"]} of each image')
        self.feedback = feedback

    def loop(self, ctx: StageContext, network: BaseSegmentor) -> JointLoop:
        """The loop with queues."""
        return OnlineLoop(self, ctx, network)
