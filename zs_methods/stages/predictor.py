"""Predictions of a finished model for images of any size, with the confidence of every pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.dataset import pseudo_collate
from torch import Tensor
from torch.nn import functional as F

import zs_methods.datasets
import zs_methods.models  # noqa: F401  registers what a saved config names
from zs_methods.stages.network import CONFIG, MAX_PIXELS, WEIGHTS, load_network, without_labels

#: Scores at full size that are in memory at once.
MAX_SCORES = 2**26


class Predictor:
    """A network that a stage left as ``config.py`` and ``model.pth``.

    Args:
        folder (Path): of the two files; the config is code.
        device (torch.device): where to compute.
        max_pixels (int): an image with more is made smaller for the network; what is predicted has its size again.

    Attributes:
        classes (tuple[str, ...]), palette (ndarray): names, and RGB colours (C, 3), uint8.
        unseen (frozenset[int]): ids of the classes without labels in training.

    Raises:
        FileNotFoundError: one of the files is missing.
    """

    def __init__(self, folder: Path, device: torch.device, max_pixels: int = MAX_PIXELS) -> None:
        for name in (CONFIG, WEIGHTS):
            if not (folder / name).is_file():
                raise FileNotFoundError(f'{folder}: no finished model, {name} is missing')
        self.network, self.max_pixels = load_network(folder, device), max_pixels
        steps = without_labels(self.network.cfg.test_pipeline)
        self.pipeline = Compose([dict(type='mmseg.LoadImageFromNDArray'), *steps[1:]])
        meta: dict[str, Any] = self.network.dataset_meta
        self.classes, self.unseen = tuple(meta['classes']), frozenset(meta.get('unseen', ()))
        self.palette = np.array(meta['palette'], dtype=np.uint8)

    @torch.no_grad()
    def predict(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class ids (H, W), uint8, and the softmax of each (H, W), float32, of an image (H, W, 3), BGR, uint8."""
        data = self.pipeline(dict(img=self._bounded(image)))
        data = self.network.data_preprocessor(pseudo_collate([data]), False)
        scores = self.network.inference(data['inputs'], [sample.metainfo for sample in data['data_samples']])
        ids, confidence = most_likely(scores, image.shape[:2], self.network.align_corners)
        return ids.to(torch.uint8).cpu().numpy(), confidence.cpu().numpy()

    def _bounded(self, image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        if height * width <= self.max_pixels:
            return image
        scale = (self.max_pixels / (height * width)) ** 0.5
        size = max(1, int(width * scale)), max(1, int(height * scale))
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def most_likely(scores: Tensor, size: tuple[int, int], align_corners: bool, most: int = MAX_SCORES
                ) -> tuple[Tensor, Tensor]:
    """The most likely class of every pixel and its softmax, without all scores at full size in memory at once.

    Args:
        scores (Tensor): shape (1, C, h, w).
        size (tuple[int, int]): H and W of the result, to which scores are interpolated.
        align_corners (bool): of the interpolation.
        most (int): scores at full size that are held at once; those of one class at least.

    Returns:
        tuple[Tensor, Tensor]: shapes (H, W), int64 and float32.
    """
    step = max(1, most // (size[0] * size[1]))

    def full(first: int) -> Tensor:
        part = scores[:, first:first + step].float()
        if part.shape[2:] != tuple(size):
            part = F.interpolate(part, size=tuple(size), mode='bilinear', align_corners=align_corners)
        return part[0]

    part = full(0)
    best, ids = part.max(dim=0)
    total = (part - best).exp().sum(dim=0)
    for first in range(step, scores.shape[1], step):
        part = full(first)
        top, index = part.max(dim=0)
        higher = torch.maximum(best, top)
        total = total * (best - higher).exp() + (part - higher).exp().sum(dim=0)
        ids = torch.where(top > best, index + first, ids)  # of equals the first, as argmax has it
        best = higher
    return ids, 1 / total
