"""An mmseg metric that keeps integer confusion matrices, whole and per image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from zs_methods.evaluation.scores import confusion_matrix, per_class_iou, scores
from zs_methods.registry import METRICS


@METRICS.register_module()
class ZeroShotMetric(BaseMetric):
    """Seen, unseen and harmonic mIoU.

    mmseg's IoUMetric adds pixel counts in float32 and returns rounded means only; this one counts in int64.

    Args:
        unseen (Sequence[int]): ids of the unseen classes.
        ignore_index (int): ground-truth value that is not scored.
        **kwargs: see mmengine's BaseMetric.
    """

    default_prefix = 'gzs3'

    def __init__(self, unseen: Sequence[int] = (), ignore_index: int = 255, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unseen, self.ignore_index = tuple(unseen), ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Counts one confusion matrix per image."""
        n_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            truth = sample['gt_sem_seg']['data'].cpu().numpy()
            prediction = sample['pred_sem_seg']['data'].cpu().numpy()
            self.results.append(confusion_matrix(truth, prediction, n_classes, self.ignore_index))

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Flat scores in percent, such as ``seen_miou`` and ``hiou``; classes without ground truth are left out.

        What was not measured, see `scores`, is NaN, since mmengine formats every score as a number.
        """
        confusion = np.sum(results, axis=0)
        nested = scores(confusion, self.unseen)
        flat = {f'{group}_{name}': value for group in ('seen', 'unseen', 'overall')
                for name, value in nested[group].items()}
        flat = {name: np.nan if value is None else value for name, value in {**flat, 'hiou': nested['hiou']}.items()}
        absent = np.flatnonzero(np.isnan(per_class_iou(confusion))).tolist()
        return {**flat, 'absent_classes': float(len(absent))}
