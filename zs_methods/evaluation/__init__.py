"""Integer confusion matrices and the scores derived from them."""

from zs_methods.evaluation.confusion_metric import ZeroShotMetric

__all__ = ['ZeroShotMetric']
