"""The table from the values in masks to class ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: Label of pixels that are neither trained nor scored, and of raw values that are no class.
IGNORE, INVALID = 255, 254


@dataclass(frozen=True)
class Lookup:
    """Translates values of any integer type exactly: what is not in the table is `INVALID`, never a near value.

    Args:
        pairs (tuple[tuple[int, int], ...]): value -> class id, or `IGNORE`; ascending, at least one.
    """

    pairs: tuple[tuple[int, int], ...]

    def __getitem__(self, values: np.ndarray) -> np.ndarray:
        """Class ids of an array of integers: the same shape, uint8."""
        values = np.asarray(values)
        if values.dtype.kind == 'u' and values.dtype.itemsize <= 2:
            return self._dense[values]
        known, ids = self._sorted
        at = np.searchsorted(known, values).clip(max=len(known) - 1)
        return np.where(known[at] == values, ids[at], np.uint8(INVALID))

    def unknown(self, values: np.ndarray) -> list[int]:
        """The values of an array that are not in the table, ascending, each once."""
        return np.unique(values[self[values] == INVALID]).tolist()

    def complaint(self, unknown: Sequence[int]) -> str:
        """What to say of values that are not in the table."""
        shown = ', '.join(map(str, unknown[:5])) + (', ...' if len(unknown) > 5 else '')
        what = f'id {shown} is' if len(unknown) == 1 else f'ids {shown} are'
        return f'{what} neither that of a class nor one to ignore'

    @property
    def known(self) -> str:
        """The values of the table, and what to do about others."""
        classes = _runs([value for value, label in self.pairs if label != IGNORE])
        ignored = _runs([value for value, label in self.pairs if label == IGNORE])
        return (f'those of classes are {classes} (mask_ids), those to ignore {ignored or "none"} (ignore_index, where '
                'any value that means no class belongs)')

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        return (np.array([value for value, _ in self.pairs], np.int64),
                np.array([label for _, label in self.pairs], np.uint8))

    @cached_property
    def _dense(self) -> np.ndarray:
        """For the values of 8 and 16 bits, of which nearly all masks are."""
        table = np.full(65536, INVALID, np.uint8)
        for value, label in self.pairs:
            if 0 <= value < len(table):
                table[value] = label
        return table


def _runs(values: list[int], most: int = 8) -> str:
    """Ascending numbers in few words: 0 to 20, 22."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    words = [str(a) if a == b else f'{a} to {b}' for a, b in runs]
    return ', '.join(words[:most]) + (', ...' if len(words) > most else '')
