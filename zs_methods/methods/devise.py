"""The DeViSE-style baseline of the ZS3 paper."""

from __future__ import annotations

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='devise')
class DeViSE(Method):
    """Pixels are projected into the space of the class vectors; the nearest one by cosine is the class.

    1. DeepLab on the seen classes; x in R^d is the input of its last 1x1 convolution.
    2. P and b minimise 1 - cos(P x + b, a_y) over pixels of seen classes, background included.
    3. Prediction: argmax_c cos(P x + b, a_c) over all classes. ||P x + b|| is the same for all of them, so this is the
       argmax of the linear scores A (P x + b) with class vectors of length 1 in A.

    Expected in the generalised setting: unseen mIoU of a few percent (1.9 at K=10 on VOC against 41.7 when only unseen
    classes compete; evidence: a public text).
    """

    summary = 'DeViSE-style baseline: features projected to the word vectors, nearest class vector by cosine'
    source = ('baseline of Bucher, Vu, Cord, Perez, "Zero-Shot Semantic Segmentation", NeurIPS 2019, arXiv 1906.00817; '
              'four losses in the history of code valeoai/ZS3, commit 69e6b36; no training script was published')
    deviations = (
        'the projection is trained on features of the shared DeepLab, which stays as it is; the code has a decoder '
        'with 300 outputs',
        'loss 1 - cos over all labelled pixels, background included: one of the four in the history of the code '
        '(projection.loss has them all); which one gave the numbers was never published',
        'word vectors are those of the run, for photographs word2vec of Google News by default; the paper names '
        'word2vec of Wikipedia',
        'features are drawn per pixel, in evaluation mode and without augmentation, and normalisation stays that of '
        'the seen step',
        'scores are interpolated to the size of the image before the argmax, where pixels with a longer projection '
        'weigh more',
    )
    compared_with = ('zs3',)

    def stages(self) -> list[StageSpec]:
        """Project, evaluate."""
        project = self.stage('devise', 'TrainProjection', vectors=self.vectors(), **self.cfg.projection)
        return [*self.start(), self.features(), project, self.evaluate('devise')]
