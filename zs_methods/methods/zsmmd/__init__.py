"""Recursive training with the ZS-MMD loss: the method, its loss and its stages."""

from .diagnose_feedback import DiagnoseFeedback
from .extract_unlabelled import ExtractUnlabelled
from .loss import ZSMMDLoss
from .recipe import ZSMMD
from .train_generator import TrainZSMMDGenerator

__all__ = ['ZSMMD', 'DiagnoseFeedback', 'ExtractUnlabelled', 'TrainZSMMDGenerator', 'ZSMMDLoss']
