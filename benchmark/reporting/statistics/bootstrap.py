"""Resampling of the validation images: hIoU of the resampled confusion matrices.

Images are drawn with replacement, as many as there are. A draw depends on the number of images and on nothing else, so
all methods, seeds and K of a data set are scored on the same resamples: differences are paired. What is varied are
images, not trainings.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from benchmark.records.files import Record
from zs_methods.evaluation.scores import sparse_columns

SEED = 20190
#: Bytes that the weights of one block of resamples may take; about the size of a cache is fastest.
BLOCK = 4 * 2 ** 20
MIN_RESAMPLES = 2000


class CountsError(ValueError):
    """The confusion matrices of the images of a record are not those of its sum."""


@dataclass(frozen=True)
class ImageCounts:
    """What hIoU needs of the confusion matrices of single images; pixels, shape (C, images) each.

    Attributes:
        hit: pixels of a class that were found.
        wrong: pixels that were given to a class and are of another one.
        truth: pixels of a class.
        scored_on: bytes that two records share if and only if their ground truth is the same, image by image.
    """

    hit: csr_array
    wrong: csr_array
    truth: csr_array
    scored_on: bytes


def image_counts(record: Record) -> ImageCounts | None:
    """Reads ``confusion_per_image``; None without it.

    Raises:
        CountsError: it does not add up to the record's confusion matrix.
    """
    if not record.confusion_per_image:
        return None
    image, truth, predicted, pixels = sparse_columns(record.confusion_per_image)
    classes, images = len(record.classes), record.images
    total = np.bincount(truth * classes + predicted, pixels, classes ** 2)  # float64: exact for whole numbers
    if not np.array_equal(total.reshape(classes, classes), record.confusion):
        raise CountsError(f'record {record.key}: the confusion matrices of the images do not add up to the whole one')

    def count(group: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> csr_array:
        flat = np.bincount(group[chosen] * images + image[chosen], pixels[chosen], classes * images)
        # No sum over a resample is larger than this bound, below which float32 is exact as well, and twice as fast.
        kind = np.float32 if images * flat.max(initial=0) < 2 ** 24 else np.float64
        (places,) = flat.nonzero()
        ends = np.searchsorted(places, images * np.arange(classes + 1))
        return csr_array((flat[places].astype(kind), places % images, ends), shape=(classes, images))

    right = truth == predicted
    by_truth = count(truth)
    scored_on = hashlib.sha256(b'|'.join(part.tobytes() for part in (by_truth.indptr, by_truth.indices, by_truth.data)))
    return ImageCounts(count(truth, right), count(predicted, ~right), by_truth, scored_on.digest())


def resamples_for(pairs: int) -> int:
    """Resamples with which the strongest of `pairs` comparisons can still be told from noise after Holm's correction.

    The smallest p-value is 2 / (B + 1), times the number of pairs: at most half of the limit of 0.05.
    """
    return max(MIN_RESAMPLES, 80 * pairs)


def draws(images: int, resamples: int) -> Iterator[np.ndarray]:
    """Yields blocks of how often each image is drawn, shape (images, block), which add up to `resamples` columns."""
    # RandomState's numbers are the same in every version of NumPy, so that a report can be written again.
    stream = np.random.RandomState(SEED)
    block = max(1, BLOCK // (8 * max(images, 1)))
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        drawn = stream.randint(images, size=(size, images)) + images * np.arange(size)[:, None]
        drawn = np.bincount(drawn.reshape(-1), minlength=size * images).reshape(size, images)
        yield np.ascontiguousarray(drawn.T, dtype=float)


def resampled_hiou(records: Sequence[Record], resamples: int) -> dict[str, np.ndarray]:
    """The hIoU of every resample, for records of one split.

    Args:
        records: finished cells; those without the confusion matrices of single images are left out, and so are those
            whose ground truth is not the one that most of them share.
        resamples: B.

    Returns:
        dict: ``record.key`` -> shape (B,), percent; NaN where no image of a resample holds ground truth of an unseen
        class, or of a seen one.
    """
    groups: dict[tuple, dict[str, tuple[Record, ImageCounts]]] = defaultdict(dict)
    for record in records:
        counts = image_counts(record)
        if counts is not None:
            groups[record.images, tuple(record.unseen), counts.scored_on][record.key] = record, counts
    if not groups:
        return {}
    (images, unseen, _), chosen = max(groups.items(), key=lambda item: len(item[1]))
    found: dict[str, list[np.ndarray]] = {key: [] for key in chosen}
    if not images:
        return {}
    reference = next(iter(chosen.values()))[1]
    for weights in draws(images, resamples):
        block = _Block(weights, reference, unseen)
        for key, (_, counts) in chosen.items():
            found[key].append(block.hiou(counts))
    return {key: np.concatenate(parts) for key, parts in found.items()}


class _Block:
    """Some resamples of images whose ground truth is that of `reference`; weights of shape (images, B)."""

    def __init__(self, weights: np.ndarray, reference: ImageCounts, unseen: Sequence[int]) -> None:
        self._weights = {np.dtype(kind): weights.astype(kind) for kind in (np.float32, np.float64)}
        self._truth = self._sum(reference.truth).astype(float)
        self._groups = [np.setdiff1d(np.arange(len(self._truth)), unseen), np.unique(np.array(unseen, dtype=int))]
        present = [(self._truth[group] > 0).sum(axis=0) for group in self._groups]
        self._measured = np.logical_and(*(count > 0 for count in present))
        self._present = [np.maximum(count, 1) for count in present]

    def _sum(self, counts: csr_array) -> np.ndarray:
        """Pixels per class in every resample, shape (C, B)."""
        return counts @ self._weights[counts.dtype]

    def hiou(self, counts: ImageCounts) -> np.ndarray:
        """The hIoU in percent, shape (B,); NaN where a group of classes has no ground truth.

        As `zs_methods.evaluation.scores.scores`, of many matrices at once: a class without ground truth in a
        resample is left out of that resample's means (it has no hits, so its IoU is 0).
        """
        union = np.add(self._truth, self._sum(counts.wrong))
        iou = np.multiply(self._sum(counts.hit), 100.0, dtype=float)
        iou /= np.maximum(union, 1, out=union)
        s, u = (iou[group].sum(axis=0) / present for group, present in zip(self._groups, self._present, strict=True))
        return np.where(self._measured, 2 * s * u / np.maximum(s + u, 1e-12), np.nan)
