"""JoEm."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='joem')
class JoEm(Method):
    """JoEm: pixels and class vectors share one space, and the nearest prototype is the class; there is no generator.

    The whole network is trained with L = CE + L_BAR + alpha L_SC on seen classes, from the shared DeepLab or, as
    published, from the backbone's weights (``joem.initial=None``); see `JoEmHead`.
    """

    summary = 'JoEm: joint embedding space, nearest prototype, distances of unseen classes shrunk'
    source = ('Baek, Oh, Ham, "Exploiting a Joint Embedding Space for Generalized Zero-Shot Semantic Segmentation", '
              'ICCV 2021; code cvlab-yonsei/JoEm, commit 06ee1fc (constants and losses)')
    deviations = (
        'one optimiser with a rate of its own for the semantic encoder; the code has SGD for the network and Adam for '
        'the encoder',
        'assumed: the regression is averaged over channels, and its target is made at the size of the '
        'feature map',
        'assumed: the semantic encoder has a bias, a class takes part in its own relation, and distances are '
        'interpolated before the two nearest classes are taken',
    )
    compared_with = ('zs3',)

    def stages(self) -> list[StageSpec]:
        """Joint training, from the shared network or without it, and evaluation."""
        task, spec = self.task, self.task.spec
        initial, changes = self.cfg.joem.initial, self.cfg.joem.changes.to_dict()
        changes['model']['decode_head'] |= dict(
            unseen=list(task.unseen), ignored=list(task.ignored),
            background=spec.classes.index(spec.background) if spec.background else None)
        config = self.retrain('joem', initial=initial, **changes).config
        joint = self.stage('joem', **{**config, 'type': 'TrainWithVectors', 'vectors': self.vectors(),
                                      'backbone_weights': None if initial else self.cfg.backbone_weights,
                                      'epochs': self.cfg.joem.epochs})
        return [*(self.start() if initial else ()), joint, self.evaluate(network='joem')]
