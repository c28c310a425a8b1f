"""Loading of masks under the zero-shot protocols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform

from zs_methods.datasets.lookup import IGNORE
from zs_methods.datasets.masks import check_size, read_labels
from zs_methods.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadLabels(BaseTransform):
    """Reads a mask, translates its values to class ids and hides what the protocol hides.

    It takes the place of mmseg's ``LoadAnnotations``. Hiding is part of loading, so that no later transform decides
    anything by looking at unseen pixels.

    Required keys, as `ZeroShotDataset` provides them: ``seg_map_path``, ``lookup``, ``unseen``, ``unseen_images``,
    ``ledger``. Added keys: ``gt_seg_map`` (H, W), uint8, at the image's original size, and its entry in
    ``seg_fields``.
    """

    def transform(self, results: dict) -> dict:
        """Loads one mask and writes the number of hidden pixels into the ledger.

        Raises:
            ValueError: the mask is no map of class ids, or not of the image's size; one line that names the file.
        """
        file = Path(results['seg_map_path'])
        labels = read_labels(file, results['lookup'])
        check_size(file, labels.shape[::-1], results.get('ori_shape', labels.shape)[::-1])
        if results['unseen_images'] == 'mask':
            hidden = np.isin(labels, results['unseen'])
            labels[hidden] = IGNORE
            results['ledger'].add(images_masked=int(hidden.any()), pixels_masked=int(hidden.sum()))
        results['gt_seg_map'] = labels
        results['seg_fields'].append('gt_seg_map')
        return results
