"""JoEm."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='joem')
class JoEm(Method):
    """JoEm: pixels and class vectors share one space, and the nearest prototype is the class; there is no generator.

    The whole network is trained with L = CE + L_BAR + alpha L_SC on seen classes, from the shared DeepLab or, as
    published, from the backbone's weights (``joem.initial=None``); see `JoEmHead`. The semantic encoder has an
    optimiser of its own with a constant rate, see `PartsConstructor`.
    """

    summary = 'JoEm: joint embedding space, nearest prototype, distances of unseen classes shrunk'
    source = ('Baek, Oh, Ham, "Exploiting a Joint Embedding Space for Generalized Zero-Shot Semantic Segmentation", '
              'ICCV 2021; code cvlab-yonsei/JoEm, commit 06ee1fc')
    deviations = (
        'the rate of the network falls after every iteration; in the code after every epoch',
        'a pass over the images ends with a smaller batch, which the code leaves out',
        'ASPP and decoder are initialised like those of all methods; the code draws the decoder by fan-out and leaves '
        'ASPP as PyTorch draws it',
        'where the card resizes images, the decision is made at that size and its scores are interpolated to the '
        'original one; the code predicts images at their own size',
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
