"""Resampling of the validation images: hIoU of the resampled confusion matrices.

Images are drawn with replacement, as many as there are. A draw depends on the number of images and on nothing else, so
all methods, seeds and K of a data set are scored on the same resamples: differences are paired. What is varied are
images, not trainings.
"""

from __future__ import annotations

import base64
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from benchmark.records import Record

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
        predicted: pixels that were given to a class.
        truth: pixels of a class.
        scored_on: bytes that two records share if and only if their ground truth is the same, image by image.
    """

    hit: csr_array
    predicted: csr_array
    truth: csr_array
    scored_on: bytes


def image_counts(record: Record) -> ImageCounts | None:
    """Reads ``confusion_per_image``; None without it.

    Raises:
        CountsError: it does not add up to the record's confusion matrix.
    """
    if not record.confusion_per_image:
        return None
    entries = np.frombuffer(zlib.decompress(base64.b64decode(record.confusion_per_image)), '<i4').reshape(4, -1)
    image, truth, predicted, pixels = entries.astype(np.int64)
    shape = (len(record.classes), record.images)
    total = np.zeros((shape[0], shape[0]), np.int64)
    np.add.at(total, (truth, predicted), pixels)
    if not np.array_equal(total, record.confusion):
        raise CountsError(f'record {record.key}: the confusion matrices of the images do not add up to the whole one')

    def count(group: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> csr_array:
        # Whole numbers in float64: sums are exact, whatever the order.
        found = csr_array((pixels[chosen].astype(float), (group[chosen], image[chosen])), shape=shape)
        found.sum_duplicates()
        return found

    by_truth = count(truth)
    scored_on = b''.join(part.tobytes() for part in (by_truth.indptr, by_truth.indices, by_truth.data))
    return ImageCounts(count(truth, truth == predicted), count(predicted), by_truth, scored_on)


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
        dict: ``record.key`` -> shape (B,), percent.
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
        truth = reference.truth @ weights
        for key, (_, counts) in chosen.items():
            found[key].append(hiou(counts.hit @ weights, truth, counts.predicted @ weights, unseen))
    return {key: np.concatenate(parts) for key, parts in found.items()}


def hiou(hit: np.ndarray, truth: np.ndarray, predicted: np.ndarray, unseen: Sequence[int]) -> np.ndarray:
    """The hIoU of B confusion matrices in percent, shape (B,), from counts per class, shape (C, B) each.

    As in `zs_methods.evaluation.scores`, which a report does not import: a class without ground truth in a resample is
    left out of that resample's means, a group without any scores 0.
    """
    iou = 100 * hit / np.maximum(truth + predicted - hit, 1)
    present = truth > 0
    group = np.zeros((len(truth), 1), dtype=bool)
    group[list(unseen)] = True
    s, u = (np.where(present & members, iou, 0).sum(axis=0) / np.maximum((present & members).sum(axis=0), 1)
            for members in (~group, group))
    return np.where(s + u > 0, 2 * s * u / np.maximum(s + u, 1e-12), 0.0)
