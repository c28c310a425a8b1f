"""SPNet, without and with calibration."""

from __future__ import annotations

from typing import ClassVar

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='spnet')
class SPNet(Method):
    """SPNet: pixels are projected into the space of the class vectors and compared with all of them.

    1. DeepLab on the seen classes; x in R^d is the input of its last 1x1 convolution.
    2. Scores are A (P x + b) with the fixed matrix A of class vectors of length 1; P and b minimise the cross entropy
       over the seen classes.
    3. Prediction is the argmax over all classes. Without calibration unseen mIoU is close to 0 (0.01 on VOC 15/5 and
       0.70 on COCO-Stuff in CaGNet's re-run; evidence: a later paper).
    """

    summary = 'SPNet: pixels projected to the word vectors, cross entropy over seen classes'
    source = ('Xian, Choudhury, He, Schiele, Akata, "Semantic Projection Network for Zero- and Few-Label Semantic '
              'Segmentation", CVPR 2019; code subhc/SPNet, commit 292ff5a')
    deviations = (
        'the projection is trained on features of the shared DeepLabV3+, which stays as it is; the code trains its '
        'whole DeepLabV2 with this head, at three scales',
        'the projection has a bias of its own and one learning rate; the code learns the bias 20 times as fast as the '
        'backbone and without decay, the weight 10 times as fast',
        'features are drawn per pixel, in evaluation mode and without augmentation; the code feeds whole crops of 321 '
        'px and adds up the losses of three scales and of their maximum',
        "normalisation is as the shared network's config trains it; the code freezes its statistics and trains only "
        'convolutions',
        'the learning rate falls in every step; in the code, in every tenth',
        'word vectors are those of the run, for photographs word2vec of Google News by default; the code has files of '
        'its own, fastText and word2vec joined to 600 values: --vectors fasttext+word2vec',
    )
    compared_with = ('zs3',)

    def stages(self) -> list[StageSpec]:
        """Project, evaluate."""
        return [*self.trunk(), self.evaluate('spnet')]

    def trunk(self) -> list[StageSpec]:
        """Everything before evaluation and calibration; stage ``spnet`` leaves the classifier."""
        return [*self.start(), self.features(), self.stage('spnet', 'TrainProjection', **self.projection())]

    def projection(self) -> dict:
        """Settings of `TrainProjection`."""
        return {**self.cfg.projection, 'vectors': self.vectors()}


@METHODS.register_module(name='spnet_c')
class SPNetC(SPNet):
    """SPNet with calibrated seen classes: argmax_c softmax(scores)_c - gamma [c is seen].

    With ``calibration.gamma`` a number, that number is taken (0.6 for VOC and 0.4 for COCO-Stuff in the code); with
    None it is chosen by `CalibrateSeen` on seen classes that play unseen ones.
    """

    summary = 'SPNet with gamma subtracted from the probabilities of seen classes'
    deviations = (
        *SPNet.deviations,
        'gamma is chosen on held-out seen classes, unless the config names it: the code fixes 0.6 (VOC) and 0.4 '
        '(COCO-Stuff) and has no search; that the tuning classes gave them is from memory',
        'the DeepLab that made the features of that search has been trained on the held-out classes too, so that they '
        'are easier than unseen ones and gamma may come out low; only the projection has not met them. A DeepLab that '
        'has not would be one more training for every group of classes; `benchmark select --methods spnet_c --grid '
        'calibration.gamma=...` makes that comparison, once for all K',
    )
    compared_with = ('spnet', 'zs3')
    shows: ClassVar = {'spnet': 'what calibration adds'}

    def stages(self) -> list[StageSpec]:
        """As SPNet, with a stage that chooses gamma."""
        calibration = self.stage('calibration', 'CalibrateSeen', projection=self.projection(), **self.cfg.calibration)
        return [*self.trunk(), calibration, self.evaluate('spnet', calibration='calibration')]
