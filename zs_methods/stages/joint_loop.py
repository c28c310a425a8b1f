"""One iteration of the interleaved loop, and what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import StageContext
from zs_methods.stages.joint_loss import JointLoss
from zs_methods.stages.layouts import Layout, LayoutMaker, mix_features
from zs_methods.stages.network import classifier_of, exclude_classes
from zs_methods.stages.synthesis import Synthesis

if TYPE_CHECKING:
    from zs_methods.stages.train_jointly import TrainJointly


class JointLoop:
    """Generator, layouts and the classifier's step, on a network that is in training mode.

    A method that does more in an iteration overrides `loss` (and `begin`, `summary`), and puts what that changes into
    `parts`, `streams` and `state`; its stage returns the loop from `TrainJointly.loop`.

    Args:
        stage (TrainJointly): its settings.
        ctx (StageContext): the context.
        network (BaseSegmentor): whose classifier learns; all else in it is fixed.

    Attributes:
        conv (nn.Conv2d): the classifier as it is now.
        synthesis (Synthesis): makes the dense features.
        maker (LayoutMaker): draws the layouts.
        counts (Tensor): images that were synthetic, images in which an unseen object vanished, and its pixels.
        total (int): iterations in all; set by `begin`.
        parts, streams, state (dict): what a checkpoint keeps, see `Checkpoint.steps`.
    """

    #: What makes the dense features.
    dense: ClassVar[type[Synthesis]] = Synthesis

    def __init__(self, stage: TrainJointly, ctx: StageContext, network: BaseSegmentor) -> None:
        self.stage, self.ctx, self.network, self.conv = stage, ctx, network, classifier_of(network)
        self.synthesis = self.synthesise(self.dense, 'generator', stage.model)
        self.maker = LayoutMaker(ctx, stage.layout, stage.share, stage.leak)
        self.optimiser = Optimiser(self.conv.parameters(), stage.optimizer)
        self.criterion = JointLoss(network, ctx.task.unseen, stage.unseen_weight)
        self.counts = torch.zeros(3, dtype=torch.int64, device=ctx.device)
        self.total = 0
        self.parts: dict[str, Any] = {'network': network, 'optimiser': self.optimiser, 'synthesis': self.synthesis}
        self.streams, self.state = {'layout': self.maker.stream}, {'counts': self.counts}

    def synthesise(self, kind: type[Synthesis], name: str, model: dict) -> Synthesis:
        """A generator with the stage's settings; `name` names its random streams."""
        stage = self.stage
        return kind(self.ctx, name, model, loss=stage.loss, vectors=stage.vectors, feature_dim=self.conv.in_channels,
                    **stage.generator)

    def begin(self, total: int) -> None:
        """Called once before the first iteration, with the number of them; the classifier's rate decays over them."""
        self.total = total
        self.optimiser.decay(total)

    def step(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """The generator's steps and the classifier's, on images (N, 3, H, W) and labels (N, H, W), int64.

        Returns:
            Tensor: the classifier's loss.
        """
        features = training_features(self.network, inputs)
        layout = self.maker(labels, features.shape[2:])
        loss = self.loss(features, layout)
        self.optimiser.step(loss)
        if self.ctx.task.ignored:  # weight decay moves their bias
            exclude_classes(self.conv, self.ctx.task.ignored)
        self.counts += torch.stack([layout.synthetic.sum(), (layout.vanished > 0).sum(), layout.vanished.sum()])
        return loss

    def loss(self, features: Tensor, layout: Layout) -> Tensor:
        """Trains the generator on a batch; the classifier's loss on that batch with what the generator made.

        Args:
            features (Tensor): real ones, shape (N, d, h, w), without gradient.
            layout (Layout): of the batch.
        """
        fake = self.synthesis.fill(features, layout)
        mixed = mix_features(features, fake, layout, self.ctx.task.unseen, self.stage.mix)
        return self.criterion(mixed, layout.targets)

    def summary(self) -> dict[str, Any]:
        """What the record says of the loop once it has ended."""
        stage, (made, vanished, pixels) = self.stage, self.counts.tolist()
        return {'generator_steps': self.synthesis.steps_done,
                'synthetic_share': made / (self.total * stage.batch_size),
                'vanished': {'images': vanished, 'pixels': pixels,
                             'trained_on': stage.layout == 'ground-truth' and stage.leak == 'kept'},
                'tables': {'Unseen objects that vanish in the down-sampling (interleaved loop)': [
                    {'images': vanished, 'pixels': pixels}]}}


@torch.no_grad()
def training_features(network: BaseSegmentor, inputs: Tensor) -> Tensor:
    """The classifier's input (N, d, h, w), dropout included, as its training has it."""
    head = network.decode_head
    return head.dropout(head.forward_features(network.extract_feat(inputs)))
