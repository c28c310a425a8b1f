"""Seen, unseen and hIoU scores from an integer confusion matrix; no torch needed."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import numpy as np


def confusion_matrix(truth: np.ndarray, prediction: np.ndarray, n_classes: int, ignore: int = 255) -> np.ndarray:
    """Counts pixels of one image.

    Args:
        truth (ndarray): class ids, any shape.
        prediction (ndarray): class ids, same shape.
        n_classes (int): C.
        ignore (int): ground-truth value that is not scored.

    Returns:
        ndarray: shape (C, C), int64; rows = ground truth, columns = prediction.
    """
    scored = truth != ignore
    pairs = truth[scored].astype(np.int64) * n_classes + prediction[scored]
    return np.bincount(pairs, minlength=n_classes * n_classes).reshape(n_classes, n_classes)


def per_class_iou(confusion: np.ndarray) -> np.ndarray:
    """IoU in percent, shape (C,); NaN for a class without ground truth."""
    confusion = np.asarray(confusion, dtype=np.float64)
    hit, truth = confusion.diagonal(), confusion.sum(axis=1)
    union = truth + confusion.sum(axis=0) - hit
    return np.where(truth > 0, 100 * hit / np.maximum(union, 1), np.nan)


def harmonic(seen: float | None, unseen: float | None) -> float | None:
    """2SU/(S+U), 0 if both are 0; None if one of them was not measured."""
    if seen is None or unseen is None:
        return None
    return 2 * seen * unseen / (seen + unseen) if seen + unseen else 0.0


def scores(confusion: np.ndarray, unseen: Sequence[int]) -> dict:
    """Scores of one joint prediction over all classes.

    Args:
        confusion (ndarray): shape (C, C), rows = ground truth.
        unseen (Sequence[int]): ids of the unseen classes.

    Returns:
        dict: ``seen``, ``unseen``, ``overall``, each with ``pa`` (correct pixels of the group's rows), ``ma`` (mean
        recall) and ``miou`` (mean IoU), and ``hiou``; percent, unrounded. Classes without ground truth are left
        out of the means. A group none of whose classes has ground truth was not measured: its scores are None, and
        so is ``hiou`` where it is that of the seen or of the unseen classes.
    """
    confusion = np.asarray(confusion, dtype=np.float64)
    hit, truth, iou = confusion.diagonal(), confusion.sum(axis=1), per_class_iou(confusion)
    is_unseen = np.isin(np.arange(len(confusion)), list(unseen))

    def group(members: np.ndarray) -> dict[str, float | None]:
        members = members & (truth > 0)
        if not members.any():
            return {'pa': None, 'ma': None, 'miou': None}
        return {'pa': float(100 * hit[members].sum() / truth[members].sum()),
                'ma': float((100 * hit[members] / truth[members]).mean()),
                'miou': float(iou[members].mean())}

    groups = {'seen': group(~is_unseen), 'unseen': group(is_unseen), 'overall': group(np.ones_like(is_unseen))}
    return {**groups, 'hiou': harmonic(groups['seen']['miou'], groups['unseen']['miou'])}


def sparse(confusion: np.ndarray) -> np.ndarray:
    """The entries of a confusion matrix that are not 0 as int32 rows (truth, prediction, pixels)."""
    at = np.argwhere(confusion)
    return np.column_stack([at, confusion[tuple(at.T)]]).astype(np.int32)


def pack_sparse(images: Sequence[np.ndarray]) -> str:
    """Packs `sparse` confusion matrices: zlib + base64 of int32 rows (image, truth, prediction, pixels)."""
    rows = [np.insert(entries, 0, image, axis=1) for image, entries in enumerate(images)]
    table = np.concatenate(rows).astype('<i4') if rows else np.zeros((0, 4), '<i4')
    return base64.b64encode(zlib.compress(table.T.tobytes(), 9)).decode()


def sparse_columns(text: str) -> np.ndarray:
    """The columns image, truth, prediction and pixels of what `pack_sparse` packed; shape (4, entries), int64."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), '<i4').reshape(4, -1).astype(np.int64)


def unpack_sparse(text: str, n_images: int, n_classes: int) -> np.ndarray:
    """Reverses `pack_sparse`; shape (n_images, C, C), int64."""
    image, truth, prediction, pixels = sparse_columns(text)
    out = np.zeros((n_images, n_classes, n_classes), np.int64)
    out[image, truth, prediction] = pixels
    return out
