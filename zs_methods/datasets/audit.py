"""Measures which labels of unseen classes training really got to see.

Every `ZeroShotDataset` owns a `LabelLedger` and writes down what leaves it; `collect` gathers the ledgers of all
data sets that were built while a stage ran. A method cannot declare its label access, only cause it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch.utils.data import get_worker_info

from zs_methods.protocols import ACCESS

#: What a ledger counts, besides the unseen pixels per class.
FIELDS = ('images', 'images_dropped', 'images_masked', 'pixels_masked', 'images_chosen', 'images_unseen')
MAX_WORKERS = 64
#: What labels may be read for besides being targets; `purpose` says so, and it becomes part of the subset's name.
PURPOSES = ('layout', 'diagnosis')

_open: list[dict[str, list[LabelLedger]]] = []
_purpose: list[str] = []


class LabelLedger:
    """Counts the labels a data set handed out.

    The counters live in shared memory with one row per loader worker, so that they add up without locks. Images that
    workers load ahead count too, also those that a training which has ended no longer takes.

    Args:
        subset (str): name of the subset, the key in the stage's summary.
        classes (Sequence[str]): class names.
        unseen (Collection[int]): ids of the unseen classes.
    """

    def __init__(self, subset: str, classes: Sequence[str], unseen: Collection[int]) -> None:
        self.subset = f'{subset} for {_purpose[-1]}' if _purpose else subset
        self.classes = tuple(classes)
        self.unseen = np.asarray(sorted(unseen), dtype=np.int64)
        self._table = torch.zeros(MAX_WORKERS + 1, len(FIELDS) + len(self.unseen), dtype=torch.int64).share_memory_()
        for ledgers in _open:
            ledgers.setdefault(self.subset, []).append(self)

    def add(self, **counts: int) -> None:
        """Adds to the named `FIELDS`."""
        row = self._row()
        for name, count in counts.items():
            row[FIELDS.index(name)] += count

    def add_labels(self, labels: np.ndarray) -> None:
        """Counts one label map that goes to training.

        Args:
            labels (ndarray): class ids of any shape, uint8 or an integer type; 255 means ignore.
        """
        row = self._row()
        row[FIELDS.index('images')] += 1
        if self.unseen.size:
            counts = np.bincount(labels.reshape(-1), minlength=int(self.unseen[-1]) + 1)[self.unseen]
            row[len(FIELDS):] += torch.from_numpy(counts)
            row[FIELDS.index('images_unseen')] += int(counts.any())

    def counts(self) -> np.ndarray:
        """All counters summed over workers, shape (len(FIELDS) + unseen classes,)."""
        return self._table.sum(dim=0).numpy()

    def _row(self) -> torch.Tensor:
        worker = get_worker_info()
        return self._table[0 if worker is None else worker.id + 1]


def summarise(ledgers: Sequence[LabelLedger]) -> dict:
    """Adds up the ledgers of one subset.

    Returns:
        dict: the `FIELDS`, and ``unseen_pixels``: class name -> pixels handed out, classes with none left out.
    """
    counts = sum(ledger.counts() for ledger in ledgers)
    first = ledgers[0]
    pixels = {first.classes[c]: int(n) for c, n in zip(first.unseen, counts[len(FIELDS):], strict=True) if n}
    return {**{name: int(n) for name, n in zip(FIELDS, counts, strict=False)}, 'unseen_pixels': pixels}


def level(access: dict[str, dict]) -> str:
    """The strongest access in a summary, in the words of the ``reads_unseen_gt`` scale.

    Args:
        access (dict[str, dict]): subset -> summary, as `collect` fills it for a stage that trains.

    Returns:
        str: one of `ACCESS`.
    """
    found = ['none']
    for subset, summary in access.items():
        if subset.endswith(' for diagnosis'):
            continue
        if summary['unseen_pixels']:
            found.append('layout' if subset.endswith(' for layout') else 'pixels')
        found += [name for name, field in (('ignore-mask', 'images_masked'), ('image-oracle', 'images_chosen'),
                                           ('image-filter', 'images_dropped')) if summary.get(field)]
    return max(found, key=ACCESS.index)


@contextmanager
def purpose(name: str) -> Iterator[None]:
    """Names what the labels are read for by the data sets that are built inside the block.

    They are counted apart, as subset ``train for layout`` or ``train for diagnosis``, and reports show those counts.
    Labels read for diagnosis must not enter what a stage trains.

    Args:
        name (str): one of `PURPOSES`.

    Raises:
        ValueError: another name.
    """
    if name not in PURPOSES:
        raise ValueError(f'labels are read for one of {PURPOSES}, got {name!r}')
    _purpose.append(name)
    try:
        yield
    finally:
        _purpose.pop()


@contextmanager
def collect() -> Iterator[dict[str, dict]]:
    """Yields a dict that holds, after the block, one summary per subset that was read inside it."""
    ledgers: dict[str, list[LabelLedger]] = {}
    access: dict[str, dict] = {}
    _open.append(ledgers)
    try:
        yield access
    finally:
        _open[:] = [other for other in _open if other is not ledgers]  # by identity: empty dicts are equal
        access.update({subset: summarise(group) for subset, group in sorted(ledgers.items())})


def add_external(subset: str, classes: Sequence[str], unseen: Collection[int], counts: dict) -> None:
    """Counts labels that another process read, whose summary is `counts`, as read by this one.

    Args:
        subset (str): name of the subset.
        classes (Sequence[str]): class names.
        unseen (Collection[int]): ids of the unseen classes.
        counts (dict): as from `summarise`.
    """
    ledger = LabelLedger(subset, classes, unseen)
    ledger.add(**{name: counts[name] for name in FIELDS})
    pixels = [counts['unseen_pixels'].get(ledger.classes[c], 0) for c in ledger.unseen]
    ledger._row()[len(FIELDS):] += torch.tensor(pixels, dtype=torch.int64)
