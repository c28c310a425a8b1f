"""A bounded random sample of labelled rows that arrive in parts."""

from __future__ import annotations

import numpy as np

from zs_methods.datasets.spec import IGNORE


class Reservoir:
    """Collects labelled rows and keeps at most `limit` of every class, each row as likely as any other of its class.

    Weights grow by the rows of the class that each kept one stands for, which leaves weighted means unbiased.

    Args:
        limit (int, optional): rows of a class; all are kept without it.
        seed (int): of the choice.
    """

    def __init__(self, limit: int | None, seed: int) -> None:
        self.limit, self.random = limit, np.random.default_rng(seed)
        self.parts: list[tuple[np.ndarray, ...]] = []
        self.seen = np.zeros(IGNORE, np.int64)
        self.kept = self.pending = 0

    def add(self, features: np.ndarray, labels: np.ndarray, weights: np.ndarray, *more: np.ndarray) -> None:
        """Adds rows (n, d), (n,), (n,); `more` columns (n,) stay with their rows."""
        self.seen += np.bincount(labels, minlength=IGNORE)
        self.parts.append((features, labels, weights, *more, self.random.random(len(labels))))
        self.pending += len(labels)
        if self.limit and self.pending > max(4 * self.limit, self.kept):
            self._prune()

    def rows(self) -> tuple[np.ndarray, ...]:
        """Everything kept: features (m, d), labels (m,), weights (m,), and the further columns."""
        if not self.parts:
            return np.zeros((0, 1), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)
        if self.limit:
            self._prune()
        features, labels, weights, *more, _ = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        if self.limit:
            kept = np.bincount(labels, minlength=IGNORE)
            weights = (weights * self.seen[labels] / kept[labels]).astype(np.float32)
        return features, labels, weights, *more

    def _prune(self) -> None:
        """Keeps, of every class, the rows with the smallest random numbers."""
        columns = [np.concatenate(column) for column in zip(*self.parts, strict=True)]
        labels, keys = columns[1], columns[-1]
        order = np.lexsort((keys, labels))
        sizes = np.bincount(labels, minlength=IGNORE)
        rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[labels[order]]
        kept = np.sort(order[rank < self.limit])
        self.parts, self.pending = [tuple(column[kept] for column in columns)], 0
        self.kept = len(kept)
