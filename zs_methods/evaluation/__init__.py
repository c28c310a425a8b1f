"""Integer confusion matrices, the scores derived from them, and the result of an evaluation; no torch needed.

Only `confusion_metric`, the metric for mmengine, brings it.
"""

from zs_methods.evaluation.result import LAST, EvaluationResult, ExampleImage

__all__ = ['LAST', 'EvaluationResult', 'ExampleImage']
