"""Stages ``generator_1``, ...: the generator of a round learns from what its judge is sure of."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from zs_methods.engine.stage import StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.train_generator import Term, TrainGenerator

from .feedback import Feedback


@STAGES.register_module()
class TrainZSMMDGenerator(TrainGenerator):
    """Adds the ZS-MMD loss on the unseen classes: L_G = L_MMD + weight * L_ZSMMD.

    Args:
        feedback (dict): settings of `Feedback`.
        **settings: see `TrainGenerator`.

    Artifact: as that of `TrainGenerator`.
    """

    def __init__(self, feedback: dict[str, Any], **settings: Any) -> None:
        super().__init__(**settings)
        self.feedback = feedback

    def terms(self, ctx: StageContext, vectors: Tensor) -> dict[str, Term]:
        """The ZS-MMD term."""
        return {'feedback': Feedback(ctx, vectors, self.feedback)}
