"""ZS3Net with graph context."""

from __future__ import annotations

from typing import Any, ClassVar

from mmengine.config import ConfigDict

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import by_settings
from zs_methods.methods.zs3 import ZS3
from zs_methods.own_registries import METHODS
from zs_methods.protocols import Protocol
from zs_methods.task import Task

_VARIANTS = {
    'auxiliary': (
        'graph context is that of the code: a node generator and a node loss beside the generator of ZS3Net, which '
        'makes all dense features; in the paper the layers of the generator are graph convolutions',
    ),
    'paper': (
        "graph context is the paper's: the layers of the generator are graph convolutions and all pixels of a "
        'component get one feature; the code has an auxiliary node loss instead',
        'assumed: the MMD is that of ZS3Net, on 128 pixels per image and class; layers as in the code, A (X W) + b '
        'without self-loops; images of one component take no part, since their feature would not depend on the class',
    ),
}


@METHODS.register_module(name='zs3_gc')
class ZS3GC(ZS3, interleaves=True):
    """ZS3Net-GC: the generator learns with the graph of a label map's components.

    The interleaved loop of `ZS3`, with one of two uses of the graph, see `TrainWithGraph`: ``auxiliary``, the released
    code, or ``paper``. ``graph.weight=0`` is ZS3Net in the same number of epochs, bit for bit.
    """

    summary = 'ZS3Net-GC: the generator sees which components of the label map touch'
    source = ('Bucher, Vu, Cord, Perez, "Zero-Shot Semantic Segmentation", NeurIPS 2019, arXiv 1906.00817 (graph '
              'context, Pascal-Context only); code valeoai/ZS3, commit 6031f4a')
    compared_with = ('zs3', 'ridge')
    shows: ClassVar = {'zs3': 'what graph context adds'}

    def __init__(self, cfg: ConfigDict, task: Task, protocol: Protocol) -> None:
        super().__init__(cfg, task, protocol)
        if cfg.graph.variant not in _VARIANTS:
            raise ValueError(f'graph.variant must be one of {tuple(_VARIANTS)}, got {cfg.graph.variant!r}')

    @property
    def order(self) -> str:
        """The only one it has."""
        return 'interleaved'

    @by_settings(ZS3.deviations)
    def deviations(self) -> tuple[str, ...]:
        """Those of the interleaved recipe and of the graph."""
        return (*super().deviations, *_VARIANTS[self.cfg.graph.variant])

    def joint(self, **settings: Any) -> StageSpec:
        """As ZS3Net, with the graph."""
        model = {**self.cfg.generator.model, 'type': 'zs_methods.GraphGenerator'}
        if self.cfg.graph.variant == 'paper':
            return super().joint('TrainWithGraph', model=model, graph={'variant': 'paper'}, **settings)
        return super().joint('TrainWithGraph', graph={**self.cfg.graph, 'model': model}, **settings)
