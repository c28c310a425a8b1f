"""Augmentation of ZS3Net's code that mmseg's transforms do not offer, computed by Pillow as there."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageFilter

from zs_methods.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ShortSide(BaseTransform):
    """Resizes image and labels so that the short side has a given length; the aspect ratio stays.

    Pillow's bilinear filter, which averages where it shrinks, for the image; the nearest pixel for labels.

    Required key: ``img`` (H, W, 3), uint8. Modified keys: ``img``, what ``seg_fields`` names, ``img_shape``,
    ``scale``, ``scale_factor``, ``keep_ratio``.

    Args:
        size (int): length of the short side, in pixels.

    Source: the evaluation of the ZS3 code (valeoai/ZS3 6031f4a); the long side is rounded down.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f'the short side needs at least 1 pixel, got {size}')
        self.size = size

    def transform(self, results: dict) -> dict:
        """Resizes to the given length."""
        return self._resized(results, self.size)

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """A label map (H, W), uint8, at the size that its image gets."""
        return _nearest(labels, _size(labels, self.size))

    @staticmethod
    def _resized(results: dict, short: int) -> dict:
        height, width = results['img'].shape[:2]
        size = _size(results['img'], short)
        results['img'] = np.array(Image.fromarray(results['img']).resize(size, Image.Resampling.BILINEAR))
        for key in results.get('seg_fields', []):
            results[key] = _nearest(results[key], size)
        results.update(img_shape=results['img'].shape[:2], scale=size, keep_ratio=True,
                       scale_factor=(size[0] / width, size[1] / height))
        return results


def _size(array: np.ndarray, short: int) -> tuple[int, int]:
    """Width and height that an array (H, W, ...) gets."""
    height, width = array.shape[:2]
    return (short, int(height * short / width)) if width <= height else (int(width * short / height), short)


def _nearest(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.array(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))


@TRANSFORMS.register_module()
class RandomShortSide(ShortSide):
    """As `ShortSide`, of a random length.

    Args:
        low (int): shortest length, in pixels.
        high (int): longest length, in pixels, included.

    Raises:
        ValueError: if not 1 <= low <= high.

    Source: ZS3 code (valeoai/ZS3 6031f4a): uniform over the integers from half to twice the base size 312.
    """

    def __init__(self, low: int, high: int) -> None:
        if not 1 <= low <= high:
            raise ValueError(f'the short side needs 1 <= low <= high, got low={low}, high={high}')
        self.low, self.high = low, high

    def transform(self, results: dict) -> dict:
        """Draws the length from numpy's global stream."""
        return self._resized(results, int(np.random.randint(self.low, self.high + 1)))


@TRANSFORMS.register_module()
class RandomGaussianBlur(BaseTransform):
    """Blurs some images by Pillow's Gaussian blur with a random radius.

    Required and modified key: ``img`` (H, W, 3), uint8.

    Args:
        prob (float): share of images that are blurred.
        max_radius (float): the radius, Pillow's word for the standard deviation in pixels, is U[0, max_radius).

    Raises:
        ValueError: if `prob` is not in [0, 1] or `max_radius` is negative.

    Source: ZS3 code (valeoai/ZS3 6031f4a): probability 0.5, radius U[0, 1).
    """

    def __init__(self, prob: float = 0.5, max_radius: float = 1.0) -> None:
        if not 0 <= prob <= 1 or max_radius < 0:
            raise ValueError(f'blur needs 0 <= prob <= 1 and max_radius >= 0, got {prob} and {max_radius}')
        self.prob, self.max_radius = prob, max_radius

    def transform(self, results: dict) -> dict:
        """Draws from numpy's global stream."""
        if np.random.random() < self.prob:
            blur = ImageFilter.GaussianBlur(self.max_radius * np.random.random())
            results['img'] = np.array(Image.fromarray(results['img']).filter(blur))
        return results
