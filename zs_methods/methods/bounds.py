"""Floor and ceiling of every table."""

from __future__ import annotations

from zs_methods.engine.loss_share import balance_in_words
from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method, by_settings
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

    @by_settings(())
    def deviations(self) -> tuple[str, ...]:
        """No paper to deviate from: with which weight the ceiling was made, which need not be that of a method."""
        return (f"made by the network's own settings of the classifier, not by those of a method: "
                f'{balance_in_words(self.cfg.classifier)}',)

    def stages(self) -> list[StageSpec]:
        """As ZS3Net, with a second bank of real unseen features in place of the generator."""
        unseen = self.features('unseen_features', unseen_images='only', classes='unseen')
        return [*self.start(), self.features(), unseen, self.classifier(unseen_bank='unseen_features'),
                self.evaluate('classifier')]
