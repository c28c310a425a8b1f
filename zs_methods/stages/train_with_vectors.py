"""Trains a network whose head knows the class vectors."""

from __future__ import annotations

from typing import Any

from torch import nn

from zs_methods.engine.stage import StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.network import assemble
from zs_methods.stages.parts import class_vectors
from zs_methods.stages.train_seen import TrainSeen


@STAGES.register_module()
class TrainWithVectors(TrainSeen):
    """`TrainSeen` for a decode head with a buffer ``vectors``, such as `JoEmHead` and `CaGNetHead`.

    The head's setting ``vector_dim`` is filled in, and its buffer once the network is initialised. A network to start
    from is an ordinary one: what this head has in addition stays as initialised, and so does a classifier of another
    shape.

    Args:
        vectors (dict): ``sha256``, ``aliases`` and ``normalise``, see `Method.vectors`.
        **settings: see `TrainSeen`.

    Artifact: as that of `TrainSeen`.
    """

    def __init__(self, vectors: dict[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        self.vectors = vectors

    def start(self, ctx: StageContext, network: nn.Module) -> dict[str, Any]:
        """Loads the weights to start from, and the class vectors.

        Raises:
            ValueError: the network to start from is another one, apart from its classifier.
        """
        summary = {} if self.initial else super().start(ctx, network)
        if self.initial:
            own = network.state_dict()
            theirs = assemble(ctx, self.initial, self.initial_classifier).state_dict()
            fitting = {name: value for name, value in theirs.items()
                       if name in own and own[name].shape == value.shape}
            wrong = [name for name in theirs if name not in fitting and not name.startswith('decode_head.conv_seg.')]
            if wrong:
                raise ValueError(f'the network of stage {self.initial!r} does not fit: {", ".join(wrong[:10])}')
            network.load_state_dict(fitting, strict=False)
        head = network.decode_head
        head.vectors.copy_(class_vectors(ctx, self.vectors))
        return summary

    def _runner_config(self, ctx: StageContext, launcher: str) -> dict[str, Any]:
        config = super()._runner_config(ctx, launcher)
        config['model']['decode_head']['vector_dim'] = class_vectors(ctx, self.vectors).shape[1]
        return config
