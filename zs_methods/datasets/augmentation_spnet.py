"""Augmentation of SPNet's code that mmseg's transforms do not offer, computed by OpenCV as there.

That code subtracts the mean colour first and resizes floating-point images; here they are 8-bit, which is a difference
of at most half a grey level in each of two resizes.
"""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from zs_methods.datasets.spec import IGNORE
from zs_methods.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Warp(BaseTransform):
    """Resizes image and labels to a square, whatever their aspect ratio.

    OpenCV's bilinear interpolation, which does not average where it shrinks, for the image; its nearest pixel, that is
    the one at floor(x W / size), for labels.

    Required key: ``img`` (H, W, 3), uint8. Modified keys: ``img``, what ``seg_fields`` names, ``img_shape``,
    ``scale``, ``scale_factor``, ``keep_ratio``.

    Args:
        size (int): pixels of each side.

    Source: SPNet code (subhc/SPNet 292ff5a), in training and in evaluation: 513.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f'a warped image needs at least 1 pixel, got size={size}')
        self.size = size

    def transform(self, results: dict) -> dict:
        """Resizes image and labels."""
        height, width = results['img'].shape[:2]
        size = (self.size, self.size)
        results['img'] = cv2.resize(results['img'], size, interpolation=cv2.INTER_LINEAR)
        for key in results.get('seg_fields', []):
            results[key] = self.labels(results[key])
        results.update(img_shape=results['img'].shape[:2], scale=size, keep_ratio=False,
                       scale_factor=(self.size / width, self.size / height))
        return results

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """A label map (H, W), uint8, at the size that its image gets."""
        return cv2.resize(labels, (self.size, self.size), interpolation=cv2.INTER_NEAREST)


@TRANSFORMS.register_module()
class RandomScale(BaseTransform):
    """Scales image and labels by one random factor for both sides, which are rounded to the nearest pixel.

    Required key: ``img`` (H, W, 3), uint8. Modified keys: ``img``, what ``seg_fields`` names, ``img_shape``,
    ``scale``, ``scale_factor``, ``keep_ratio``.

    Args:
        low (float): smallest factor.
        high (float): largest factor; uniform in between.

    Raises:
        ValueError: if not 0 < low <= high.

    Source: SPNet code (subhc/SPNet 292ff5a): 0.5 to 1.5.
    """

    def __init__(self, low: float, high: float) -> None:
        if not 0 < low <= high:
            raise ValueError(f'the scale needs 0 < low <= high, got low={low}, high={high}')
        self.low, self.high = low, high

    def transform(self, results: dict) -> dict:
        """Draws the factor from numpy's global stream."""
        factor = float(np.random.uniform(self.low, self.high))
        for key in ('img', *results.get('seg_fields', [])):
            how = cv2.INTER_LINEAR if key == 'img' else cv2.INTER_NEAREST
            results[key] = cv2.resize(results[key], None, fx=factor, fy=factor, interpolation=how)
        shape = results['img'].shape[:2]
        results.update(img_shape=shape, scale=shape[::-1], keep_ratio=True, scale_factor=(factor, factor))
        return results


@TRANSFORMS.register_module()
class CentredPad(BaseTransform):
    """Pads image and labels to a square around them; an odd pixel goes to the bottom and the right.

    Required key: ``img`` (H, W, 3), uint8, BGR. Modified keys: ``img``, what ``seg_fields`` names with the ignore
    index, ``img_shape``, ``pad_shape``.

    Args:
        size (int): pixels that each side has at least.
        colour (Sequence[int]): of the image's border, BGR.

    Source: SPNet code (subhc/SPNet 292ff5a): to 513, also for crops of 321, with 0 after the mean is subtracted.
    """

    def __init__(self, size: int, colour: tuple[int, int, int] = (104, 117, 123)) -> None:
        self.size, self.colour = size, tuple(colour)

    def transform(self, results: dict) -> dict:
        """Pads; nothing here is random."""
        missing = [max(self.size - length, 0) for length in results['img'].shape[:2]]
        (top, bottom), (left, right) = ((pixels // 2, pixels - pixels // 2) for pixels in missing)
        for key in ('img', *results.get('seg_fields', [])):
            value = self.colour if key == 'img' else IGNORE
            results[key] = cv2.copyMakeBorder(results[key], top, bottom, left, right, cv2.BORDER_CONSTANT, value=value)
        results.update(img_shape=results['img'].shape[:2], pad_shape=results['img'].shape[:2])
        return results
