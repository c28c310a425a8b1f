"""What is asked for, as plain data: every cell of a plan follows from it, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark import DATA
from benchmark.errors import check_least


@dataclass(frozen=True)
class Request:
    """A data set, splits of it, methods and seeds, under a card and on a network.

    Attributes:
        methods (tuple[str, ...]): registered names, or ``all`` alone; floor and ceiling join every run.
        ks (tuple[int, ...], optional): numbers of unseen classes; with `splits` None too, all that the data set has.
        splits (tuple[str, ...], optional): splits that have a name.
        seeds (tuple[int, ...]): one cell each.
        dataset (str): a name, or the YAML file of a description.
        data_root (Path, optional): folder that holds data sets, or this one; `DATA` by default, and that of the file
            for a description.
        train_list (str, optional): another list of training images than the card's; makes another card.
        vectors (str, optional): word vectors, see `zs_methods.task.resolve_vectors`.
        protocol (str): name of the card.
        model (str, optional): DeepLab config, a name or a file; the data set's own by default.
        backbone_weights (str, optional): a file, a name with a scheme, or ``none``; the config's by default.
        pretraining (str, optional): what the weights were trained on.
        processes (int): that train the DeepLab together, through torchrun.
        options (Mapping): settings that differ from the configs, by dotted key.
        plugins (tuple[Path, ...]): Python files with methods, in the order in which they are imported.

    Raises:
        UsageError: `processes` is below 1.
    """

    methods: tuple[str, ...] = ('all',)
    ks: tuple[int, ...] | None = None
    splits: tuple[str, ...] | None = None
    seeds: tuple[int, ...] = (0,)
    dataset: str = 'shapes'
    data_root: Path | None = None
    train_list: str | None = None
    vectors: str | None = None
    protocol: str = 'zs3-clean'
    model: str | None = None
    backbone_weights: str | None = None
    pretraining: str | None = None
    processes: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    plugins: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Checks the number."""
        check_least(self, {'processes': 1})

    @property
    def root(self) -> Path:
        """Where data are looked for."""
        if self.data_root is not None:
            return self.data_root
        return Path(self.dataset).parent if is_file(self.dataset) else DATA


def is_file(dataset: str) -> bool:
    """Whether a data set is given as the file of a description, not by its name."""
    return dataset.endswith(('.yaml', '.yml'))
