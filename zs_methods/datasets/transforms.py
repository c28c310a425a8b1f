"""Loading of masks under the zero-shot protocols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform

from zs_methods.datasets.images import opened
from zs_methods.datasets.spec import IGNORE, INVALID
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
        labels = read_labels(Path(results['seg_map_path']), results['lookup'])
        if labels.shape != results.get('ori_shape', labels.shape):
            raise ValueError(f'{results["seg_map_path"]}: mask of {labels.shape[1]} x {labels.shape[0]} pixels for an '
                             f'image of {results["ori_shape"][1]} x {results["ori_shape"][0]}')
        if results['unseen_images'] == 'mask':
            hidden = np.isin(labels, results['unseen'])
            labels[hidden] = IGNORE
            results['ledger'].add(images_masked=int(hidden.any()), pixels_masked=int(hidden.sum()))
        results['gt_seg_map'] = labels
        results['seg_fields'].append('gt_seg_map')
        return results


def read_labels(file: Path, lookup: np.ndarray) -> np.ndarray:
    """Reads one mask as class ids.

    Args:
        file (Path): a palette or grey image of 8 or 16 bits.
        lookup (ndarray): value -> class id, see `DatasetSpec.lookup`.

    Returns:
        ndarray: shape (H, W), uint8; `IGNORE` where the table says so.

    Raises:
        ValueError: the file is no such image, or holds a value that the table does not know; one line.
    """
    with opened(file, 'mask') as image:
        mode, values = image.mode, np.asarray(image)
    if mode not in ('P', 'L') and not mode.startswith('I'):
        raise ValueError(f'{file}: a mask is a palette or grey image whose values are class ids, this one is {mode}')
    labels = lookup[np.clip(values, 0, len(lookup) - 1)]
    if (labels == INVALID).any():
        raise ValueError(f'{file}: id {values[labels == INVALID][0]} is neither that of a class nor one to ignore')
    return labels
