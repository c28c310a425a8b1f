"""Floor and ceiling of every table."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='seen_only')
class SeenOnly(Method):
    """The DeepLab as trained on seen classes, asked for all classes."""

    summary = 'the DeepLab as trained on seen classes'
    role = 'floor'

    def stages(self) -> list[StageSpec]:
        """Train, evaluate."""
        return [*self.start(), self.evaluate()]


@METHODS.register_module(name='oracle')
class Oracle(Method):
    """The classifier retrained on real features of the unseen classes instead of synthetic ones.

    It reads unseen pixels on purpose and is no zero-shot method: it bounds what any generator can reach on these
    features with this classifier.
    """

    summary = 'classifier trained on real features of the unseen classes'
    role = 'ceiling'
    reads_unseen_gt = 'pixels'

    def stages(self) -> list[StageSpec]:
        """As ZS3Net, with a second bank of real unseen features in place of the generator."""
        unseen = self.features('unseen_features', unseen_images='only', classes='unseen')
        return [*self.start(), self.features(), unseen, self.classifier(unseen_bank='unseen_features'),
                self.evaluate('classifier')]
