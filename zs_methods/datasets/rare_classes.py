"""A sampler that shows rare classes more often."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler

from zs_methods.datasets.zero_shot_dataset import ZeroShotDataset
from zs_methods.registry import DATA_SAMPLERS


def repeat_factors(present: np.ndarray, threshold: float) -> np.ndarray:
    """How much more often images are drawn than those whose classes are all frequent.

    Args:
        present (ndarray): which classes occur in which image, shape (images, classes), bool.
        threshold (float): share of the images, 0..1, from which on a class counts as frequent.

    Returns:
        ndarray: shape (images,), from 1: of the rarest class in an image, the square root of `threshold` over the share
        of the images that hold it.

    Source: repeat factor sampling (Gupta, Dollár and Girshick, LVIS, CVPR 2019).
    """
    share = present.mean(axis=0)
    of_class = np.sqrt(np.maximum(threshold / np.where(share > 0, share, np.inf), 1.0))
    return np.where(present, of_class, 1.0).max(axis=1, initial=1.0)


@DATA_SAMPLERS.register_module()
class RepeatFactorSampler(InfiniteSampler):
    """Draws images with replacement, in proportion to their `repeat_factors`; unseen classes have no say.

    For schedules of a few epochs over data where some classes are in one image of fifty: without it, such a class is
    not learned at all. The order follows from the seed alone, as with mmengine's InfiniteSampler.

    Args:
        dataset (ZeroShotDataset): what is drawn from; every label map is read once, and remembered.
        threshold (float): see `repeat_factors`.
        seed (int, optional): see mmengine's InfiniteSampler.
    """

    def __init__(self, dataset: ZeroShotDataset, threshold: float = 0.2, seed: int | None = None) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f'threshold must be above 0 and at most 1, got {threshold}')
        super().__init__(dataset, shuffle=True, seed=seed)
        self.factors = torch.from_numpy(repeat_factors(dataset.presence(), threshold))

    def _infinite_indices(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed)
        while True:
            yield from torch.multinomial(self.factors, self.size, replacement=True, generator=generator).tolist()
