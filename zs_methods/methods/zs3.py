"""ZS3Net."""

from __future__ import annotations

from zs_methods.methods.base import Method
from zs_methods.registry import METHODS
from zs_methods.stages.base import StageSpec


@METHODS.register_module(name='zs3')
class ZS3(Method):
    """ZS3Net: synthetic pixel features of unseen classes train the last classifier.

    1. DeepLab on the seen classes; x in R^d is the input of its last 1x1 convolution.
    2. Generator G(a, z): class vector a and noise z to a feature, by sqrt(MMD^2) against real seen features.
    3. The last convolution is retrained on real seen and synthetic unseen features, unseen classes weighted.

    Source: Bucher, Vu, Cord, Perez, "Zero-Shot Semantic Segmentation", NeurIPS 2019, and its code (valeoai/ZS3
    6031f4a). Deviations: steps 2 and 3 in sequence as in the paper (the code interleaves them); features drawn per
    pixel in evaluation mode; a generator step sees all seen classes at once; no layout of unseen ground truth.
    """

    summary = 'ZS3Net: GMMN generator, classifier on real seen + synthetic unseen features'

    def stages(self) -> list[StageSpec]:
        """The recipe that other generative methods continue."""
        return [*self.trunk(), self.evaluate('classifier')]

    def trunk(self) -> list[StageSpec]:
        """Everything before evaluation."""
        return [self.seen(), self.features(), self.generator(), self.classifier(generator='generator')]
