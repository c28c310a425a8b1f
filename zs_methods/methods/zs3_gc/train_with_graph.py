"""Stage ``joint`` of ZS3Net-GC: the interleaved loop with the graph of a label map's components."""

from __future__ import annotations

from typing import Any

from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from zs_methods.engine.stage import StageContext
from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy
from zs_methods.registry import STAGES
from zs_methods.stages.joint_loop import JointLoop
from zs_methods.stages.layouts import Layout, without
from zs_methods.stages.train_jointly import TrainJointly

from .graph import build_graph
from .synthesis import ComponentSynthesis, NodeSynthesis


class ComponentLoop(JointLoop):
    """Variant ``paper``: all pixels of a component get one feature, from a generator that sees the graph.

    Images of one component take no part: their feature would not depend on the class.
    """

    dense = ComponentSynthesis

    def loss(self, features: Tensor, layout: Layout) -> Tensor:
        """As in `JointLoop`, on the images with a graph."""
        self.synthesis.graph = graph = build_graph(layout.labels)
        return super().loss(features, without(layout, ~graph.connected))


class NodeLoop(JointLoop):
    """Variant ``auxiliary``: a generator of nodes, and the classifier's loss on them, beside the dense ones.

    The nodes of a batch are one set, whose mean is not divided by the batch size: at batch 8 and weight 0.1, node and
    dense term of equal means have gradients of 0.8 : 1 (valeoai/ZS3 6031f4a).
    """

    def __init__(self, stage: TrainWithGraph, ctx: StageContext, network: BaseSegmentor) -> None:
        super().__init__(stage, ctx, network)
        self.nodes = self.synthesise(NodeSynthesis, 'nodes', stage.graph['model'])
        self.parts['nodes'] = self.nodes
        self.weight = stage.graph['weight']
        self.node_criterion = WeightedCrossEntropy(dict.fromkeys(ctx.task.unseen, stage.unseen_weight))

    def loss(self, features: Tensor, layout: Layout) -> Tensor:
        """As in `JointLoop`, and the weighted loss of the nodes."""
        loss = super().loss(features, layout)
        points, labels = self.nodes.nodes(features, layout, build_graph(layout.labels))
        if not len(points):
            return loss
        return loss + self.weight * self.node_criterion(self.conv(points.T[None, :, :, None]), labels[None, :, None])


LOOPS = {'auxiliary': NodeLoop, 'paper': ComponentLoop}


@STAGES.register_module()
class TrainWithGraph(TrainJointly):
    """`TrainJointly` with the graph of a label map's components, see `build_graph`.

    Args:
        graph (dict): ``variant``, one of `LOOPS`; ``auxiliary`` has ``weight``, and ``model``, the `GraphGenerator` of
            the nodes; under ``paper`` the stage's own `model` is one.
        **settings: see `TrainJointly`.

    Artifact: as that of `TrainJointly`.

    Source: ZS3Net-GC (Bucher et al., NeurIPS 2019, section on graph context) and its code (valeoai/ZS3 6031f4a).
    """

    def __init__(self, graph: dict[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        if graph['variant'] not in LOOPS:
            raise ValueError(f"variant must be one of {tuple(LOOPS)}, got {graph['variant']!r}")
        if self.layout == 'random':
            raise ValueError("layout 'random' has a class for every pixel: no component is larger than a pixel")
        self.graph = graph

    def loop(self, ctx: StageContext, network: BaseSegmentor) -> JointLoop:
        """The loop of the variant."""
        return LOOPS[self.graph['variant']](self, ctx, network)
