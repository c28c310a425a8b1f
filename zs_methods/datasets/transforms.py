"""Label transforms of the zero-shot protocols."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from zs_methods.registry import TRANSFORMS


@TRANSFORMS.register_module()
class MaskUnseen(BaseTransform):
    """Sets unseen pixels to the ignore index when the data set asks for it.

    Required keys: ``gt_seg_map`` and, as `ZeroShotDataset` provides them, ``unseen``, ``unseen_images``, ``ledger``.
    Modified key: ``gt_seg_map``. Place it right after ``LoadAnnotations``, so that no later transform decides
    anything by looking at unseen pixels.

    Args:
        ignore_index (int): value for hidden pixels.
    """

    def __init__(self, ignore_index: int = 255) -> None:
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        """Masks in place and writes the number of hidden pixels into the ledger."""
        if results['unseen_images'] == 'mask':
            hidden = np.isin(results['gt_seg_map'], results['unseen'])
            results['gt_seg_map'][hidden] = self.ignore_index
            results['ledger'].add(images_masked=int(hidden.any()), pixels_masked=int(hidden.sum()))
        return results
