"""One iteration of the interleaved loop, and what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from zs_methods.engine.stage import StageContext
from zs_methods.stages.graph import build_graph
from zs_methods.stages.joint_loss import JointLoss
from zs_methods.stages.layouts import LayoutMaker, mix_features, without
from zs_methods.stages.network import classifier_of, exclude_classes
from zs_methods.stages.synthesis import ComponentSynthesis, NodeSynthesis, Synthesis

if TYPE_CHECKING:
    from zs_methods.stages.train_jointly import TrainJointly


class JointLoop:
    """Generators, layouts and the classifier's step, on a network that is in training mode.

    Args:
        stage (TrainJointly): its settings.
        ctx (StageContext): the context.
        network (BaseSegmentor): whose classifier learns; all else in it is fixed.

    Attributes:
        synthesis (Synthesis): makes the dense features.
        nodes (NodeSynthesis, optional): the auxiliary branch of ZS3Net-GC.
        maker (LayoutMaker): draws the layouts.
        counts (Tensor): images that were synthetic, images in which an unseen object vanished, and its pixels.
    """

    def __init__(self, stage: TrainJointly, ctx: StageContext, network: BaseSegmentor) -> None:
        self.ctx, self.network, self.mix, self.graph = ctx, network, stage.mix, stage.graph
        self.conv = classifier_of(network)
        shared = dict(loss=stage.loss, vectors=stage.vectors, feature_dim=self.conv.in_channels, **stage.generator)
        variant = stage.graph and stage.graph['variant']
        dense = ComponentSynthesis if variant == 'paper' else Synthesis
        self.synthesis = dense(ctx, 'generator', stage.model, **shared)
        self.nodes = NodeSynthesis(ctx, 'nodes', stage.graph['model'], **shared) if variant == 'auxiliary' else None
        self.maker = LayoutMaker(ctx, stage.layout, stage.share, stage.leak)
        settings = dict(stage.optimizer)
        self.optimizer = getattr(torch.optim, settings.pop('type'))(self.conv.parameters(), **settings)
        self.criterion = JointLoss(network, ctx.task.unseen, stage.unseen_weight,
                                   (stage.graph or {}).get('weight', 0.0))
        self.counts = torch.zeros(3, dtype=torch.int64, device=ctx.device)

    def step(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """The generator's steps and the classifier's, on images (N, 3, H, W) and labels (N, H, W), int64.

        Returns:
            Tensor: the classifier's loss.
        """
        features = training_features(self.network, inputs)
        layout = self.maker(labels, features.shape[2:])
        graph = build_graph(layout.labels) if self.graph else None
        if isinstance(self.synthesis, ComponentSynthesis):
            layout = without(layout, ~graph.connected)
        unseen = self.ctx.task.unseen
        mixed = mix_features(features, self.synthesis.fill(features, layout, graph), layout, unseen, self.mix)
        loss = self.criterion(mixed, layout.targets,
                              self.nodes.nodes(features, layout, graph) if self.nodes else None)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.ctx.task.ignored:  # weight decay moves their bias
            exclude_classes(self.conv, self.ctx.task.ignored)
        self.counts += torch.stack([layout.synthetic.sum(), (layout.vanished > 0).sum(), layout.vanished.sum()])
        return loss


@torch.no_grad()
def training_features(network: BaseSegmentor, inputs: Tensor) -> Tensor:
    """The classifier's input (N, d, h, w), dropout included, as its training has it."""
    head = network.decode_head
    return head.dropout(head.forward_features(network.extract_feat(inputs)))
