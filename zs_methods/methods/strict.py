"""STRICT: SPNet and self-training with agreement."""

from __future__ import annotations

from typing import ClassVar

from zs_methods.methods.base import by_settings
from zs_methods.methods.self_training import SelfTraining
from zs_methods.methods.spnet import SPNetC
from zs_methods.own_registries import METHODS


@METHODS.register_module(name='strict')
class STRICT(SelfTraining, SPNetC):
    """STRICT: a student of SPNet learns from the labels that survive a change of scale and mirroring.

    A pixel whose label the card hides takes the unseen class with the largest score if six views give the same class:
    the image, scaled by 1.5 and by 1.75, and the mirror of each; otherwise it stays ignored. A second student starts
    from the first one and learns from its labels.

    Under a ``mask`` card (that of the paper) the card tells which pixels are hidden, and only unseen classes compete
    there: uncalibrated SPNet predicts next to none of them against the seen ones. Under a ``drop`` card nothing of an
    image is visible, so the calibrated SPNet has to say in all copies that the pixel is of an unseen class; in the
    second round that is the student, which needs no calibration.
    """

    summary = 'STRICT: SPNet labels hidden pixels where augmented copies agree; student, then student of the student'
    source = ('Pastore, Cermelli, Xian, Mancini, Akata, Caputo, "A Closer Look at Self-training for Zero-Label '
              'Semantic Segmentation", CVPR Workshops 2021 [memory]; code giuseppepastore10/STRICT, commit bc18093')
    deviations = (
        *SPNetC.deviations,
        'students are the shared DeepLabV3+ with a free classifier that starts as the one of SPNet; the code trains '
        'SPNet itself, a DeepLabV2 whose class vectors stay fixed',
        'the normalisation of ASPP and decoder, which that DeepLabV2 has none of, keeps learning; that of the backbone '
        'is frozen as in the code',
        'labels are made once a round, on whole images at their own size; the code makes them in every step, on crops '
        'of 321 px of images warped to 513 x 513, at the stride of the output',
        'students see the crops of the shared network, and rates fall in every iteration; in the code in every tenth',
        'assumed, where a card drops images: a pixel may be labelled if the joint prediction, calibrated in the first '
        'round, is the same unseen class in all copies, since no mask of seen pixels is available; gamma counts there, '
        'while under a mask card it has no effect',
    )
    continues = 'spnet_c'
    compared_with = ('spnet_c', 'zs5')
    shows: ClassVar = {'spnet_c': 'what self-training with agreement adds'}

    @by_settings('none')
    def reads_unseen_gt(self) -> str:
        """By default no image is chosen: ``self_training.images=all``."""
        return super().reads_unseen_gt
