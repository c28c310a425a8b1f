"""ZS3Net."""

from __future__ import annotations

from typing import Any, ClassVar

from mmengine.config import ConfigDict

from zs_methods.engine.loss_share import balance_in_words
from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method, by_settings
from zs_methods.own_registries import METHODS
from zs_methods.protocols import Protocol
from zs_methods.task import Task

ORDERS = (None, 'sequential', 'interleaved')

_WORDS = (
    'word vectors are those of the run, for photographs word2vec of Google News by default; the paper names word2vec '
    'of Wikipedia, and the code ships files of its own of unknown origin, in which potted plant, aeroplane and tv '
    'monitor differ between VOC and Context')
_SEQUENTIAL = (
    _WORDS,
    'steps 2 and 3 run in sequence, as in the paper; the code interleaves them',
    'no ground-truth layout of unseen classes is read; the code lays synthetic features out with it',
    'a generator step sees all seen classes, pooled over images; the code steps per image and class',
    'features are taken in evaluation mode, without dropout and augmentation, so that the statistics of normalisation '
    'stay those of the seen step; the code uses training mode, where images with unseen classes move them',
    'real seen and synthetic unseen features share a batch, as in the paper; the code has whole images of either',
    'the classifier starts from its seen rows; the code draws it anew from U[0, 1)',
    'noise U[0, 1), variances 2..80 and the root of MMD^2 follow the code; the paper has Gaussian noise, 2..60 '
    'and no root',
)
_PUBLISHED_SHARE = (
    'in the loop of the code, weight 100 gives them 65 to 70 % with 2 of them, and nothing where a batch shows none')
_INTERLEAVED = (
    _WORDS,
    'steps 2 and 3 are interleaved, as in the code; the paper runs them in sequence',
    'noise U[0, 1), variances 2..80 and the root of MMD^2 follow the code; the paper has Gaussian noise, 2..60 '
    'and no root',
    'images are drawn in endless shuffled passes and every batch is full; the code skips a last batch of one image',
    'the root of MMD^2 is guarded at 0; the code has no guard',
)
_RELABELLED = (
    'no label of an unseen class is read: synthetic features are laid out in seen-only images, some of whose '
    'components are called unseen classes, or in random maps; the code reads ground-truth layouts. Assumed: half of '
    'the images, half of their components, every unseen class as likely',
)


@METHODS.register_module(name='zs3')
class ZS3(Method):
    """ZS3Net: synthetic pixel features of unseen classes train the last classifier.

    1. DeepLab on the seen classes; x in R^d is the input of its last 1x1 convolution.
    2. Generator G(a, z): class vector a and noise z to a feature, by sqrt(MMD^2) against real seen features.
    3. The last convolution is retrained on real seen and synthetic unseen features, unseen classes weighted.

    Steps 2 and 3 run in sequence, as in the paper, or interleaved, as in the code (see `TrainJointly`): the config's
    ``order``, by default interleaved where a card allows to read the layout of unseen classes, which that code does.
    Where paper and code differ, ``deviations`` says which one is followed.

    A method that continues ZS3Net starts from `trunk`, the sequential recipe. It has no counterpart under a card that
    allows the layout, and is skipped there, unless it says that it has: ``class Mine(ZS3, interleaves=True)``.
    """

    summary = 'ZS3Net: GMMN generator, classifier on real seen + synthetic unseen features'
    source = ('Bucher, Vu, Cord, Perez, "Zero-Shot Semantic Segmentation", NeurIPS 2019, arXiv 1906.00817; '
              'code valeoai/ZS3, commit 6031f4a')
    title = 'ZS3Net'
    generates = True
    compared_with = ('ridge',)
    #: Whether the method has the interleaved recipe too.
    interleaves: ClassVar[bool] = True

    def __init_subclass__(cls, interleaves: bool = False, **kwargs: Any) -> None:
        """Says whether a method built on this one has the interleaved recipe too."""
        super().__init_subclass__(**kwargs)
        cls.interleaves = interleaves

    def __init__(self, cfg: ConfigDict, task: Task, protocol: Protocol) -> None:
        super().__init__(cfg, task, protocol)
        if self.order not in ORDERS:
            raise ValueError(f'order must be one of {ORDERS}, got {self.order!r}')

    @property
    def order(self) -> str | None:
        """One of `ORDERS`; None lets the card decide."""
        return self.cfg.get('order')

    @property
    def interleaved(self) -> bool:
        """Whether its recipe is the interleaved one."""
        return self.interleaves and (self.order or ('interleaved' if self._official else 'sequential')) == 'interleaved'

    @property
    def layout(self) -> str:
        """Where the interleaved recipe lays synthetic features out, see `LayoutMaker`."""
        return self.cfg.joint.layout or ('ground-truth' if self._official else 'relabel')

    @by_settings('none')
    def reads_unseen_gt(self) -> str:
        """Ground-truth layouts are read."""
        return 'layout' if self.interleaved and self.layout == 'ground-truth' else 'none'

    @by_settings(_SEQUENTIAL)
    def deviations(self) -> tuple[str, ...]:
        """Those of the recipe."""
        if not self.interleaved:
            return (*_SEQUENTIAL, f'{balance_in_words(self.cfg.classifier)}; {_PUBLISHED_SHARE}')
        return _INTERLEAVED if self.layout == 'ground-truth' else (*_INTERLEAVED, *_RELABELLED)

    @property
    def config_deviations(self) -> tuple[str, ...]:
        """Those of the recipe: the interleaved one has settings of its own."""
        if not self.interleaved:
            return super().config_deviations
        return (*self.network_deviations, *self.cfg.joint_deviations)

    @property
    def _official(self) -> bool:
        """Whether the card is that of the published code."""
        return self.protocol.label_access == 'layout'

    def stages(self) -> list[StageSpec]:
        """The sequential or the interleaved recipe."""
        if self.interleaved:
            return [*self.start(), self.joint(), self.evaluate(network='joint')]
        return [*self.trunk(), self.evaluate('classifier')]

    def skip(self) -> str | None:
        """A card that allows less than the recipe reads, or that is meant for a recipe the method does not have."""
        if self._official and not self.interleaves:
            return ('it continues the sequential recipe of zs3, and this card is that of the interleaved loop of the '
                    'published code, which reads layouts of unseen classes; use --protocol zs3-clean')
        if not self.permitted:
            return f"layout='ground-truth' reads the layout of unseen classes, {self.protocol.name} allows less"
        return None

    def trunk(self) -> list[StageSpec]:
        """Everything before evaluation, in sequence."""
        return [*self.start(), self.features(), self.generator(), self.classifier(generator='generator')]

    def joint(self, type: str = 'TrainJointly', name: str = 'joint', **settings: Any) -> StageSpec:
        """A stage with the interleaved loop, by default ``joint``, and the config's ``joint`` section."""
        unseen_images = 'keep' if self.layout == 'ground-truth' else self.protocol.unseen_images
        return self.stage(name, type, **{
            'model': self.cfg.generator.model, 'loss': self.cfg.generator.loss, 'vectors': self.vectors(),
            'pipeline': self.cfg.train_pipeline, 'loader': self.cfg.train_dataloader, 'unseen_images': unseen_images,
            **self.cfg.joint, 'layout': self.layout, **settings})
