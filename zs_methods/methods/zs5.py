"""ZS5Net: ZS3Net and self-training."""

from __future__ import annotations

from typing import ClassVar

from zs_methods.methods.base import by_settings
from zs_methods.methods.self_training import ASSUMPTIONS, SelfTraining
from zs_methods.methods.zs3 import ZS3
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='zs5')
class ZS5(SelfTraining, ZS3):
    """ZS5Net: `ZS3` labels the most confident pixels of unseen classes, and a student learns from them too.

    It shares the artifacts of ZS3Net up to the classifier, its teacher. Of the paper only digests were at hand: top p %
    of the most confident pixels, p = 25 on VOC and 75 on Context, one round (evidence: public texts). The code names
    folders "top p % by image" and reads those images alone that hold an unseen class, but never published how the
    pseudo-labels are made or the network retrained (evidence: code). Everything else is an assumption.
    """

    summary = 'ZS5Net: ZS3Net labels unseen classes in unlabelled images, the network is retrained on them'
    source = ('Bucher, Vu, Cord, Perez, "Zero-Shot Semantic Segmentation", NeurIPS 2019, arXiv 1906.00817; code '
              'valeoai/ZS3, commit 6031f4a, which has only the hooks of its data loader for this step')
    continues = 'zs3'
    generates = False
    compared_with = ('zs3', 'zsmmd')
    shows: ClassVar = {'zs3': 'what self-training adds'}

    @by_settings((*ZS3.deviations, *ASSUMPTIONS))
    def deviations(self) -> tuple[str, ...]:
        """Those of its teacher and of the self-training."""
        return (*super().deviations, *ASSUMPTIONS)
