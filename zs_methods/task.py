"""What a stage works on: a data set, its folder, a split and class vectors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zs_methods.datasets.spec import SPECS, DatasetSpec, load_spec


@dataclass(frozen=True)
class Task:
    """A data set under one split of its classes; plain data, so that it can travel to another process.

    Attributes:
        dataset (str): name of the data set.
        data_root (str): folder of the data set.
        unseen (tuple[int, ...]): ids of the unseen classes, ascending.
        vectors (str): word-vector file.
    """

    dataset: str
    data_root: str
    unseen: tuple[int, ...]
    vectors: str

    @classmethod
    def create(cls, dataset: str, k: int, data_root: str | Path) -> Task:
        """The task of K unseen classes of a data set that comes with the package.

        Raises:
            KeyError: unknown data set, or a K its splits do not offer; the message lists the known ones.
        """
        spec = load_spec(dataset)
        if k not in spec.splits:
            raise KeyError(f'{dataset} offers no split with K={k}; offered: {", ".join(map(str, spec.splits))}')
        return cls(dataset, str(data_root), spec.splits[k], str(SPECS / spec.vectors))

    @cached_property
    def spec(self) -> DatasetSpec:
        """The description of the data set."""
        return load_spec(self.dataset)

    @property
    def seen(self) -> tuple[int, ...]:
        """Ids of the seen classes, background included, ascending."""
        return tuple(c for c in range(len(self.spec.classes)) if c not in self.unseen)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)
