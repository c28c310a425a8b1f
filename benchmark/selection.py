"""The choice of settings on held-out seen classes: one JSON file per method, and the rule that chooses.

This file declares every key once; numbers are raw (percent, unrounded).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmark.records import NetworkCard, read_json, write_json
from benchmark.stats import Summary, paired, summarise

SELECTION_VERSION = 1
RULE = ('highest mean hIoU; of all settings whose paired difference to it is within one standard error, the first in '
        'the order of the grid')


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid')


class Fold(_Part):
    """One draw of seen classes that play the unseen ones: their ids, ascending, and names."""

    ids: list[int]
    classes: list[str]


class Score(_Part):
    """One training: place in ``folds``, seed, mIoU of the seen and the held-out classes, hIoU, images scored.

    ``key`` is the address of the evaluation's artifact. Without numbers, ``reason`` says why.
    """

    fold: int
    seed: int
    key: str
    seen: float | None = None
    held_out: float | None = None
    hiou: float | None = None
    images: int = 0
    reason: str = ''


class Candidate(_Part):
    """One point of the grid: what is set, and its scores, fold by fold and seed by seed."""

    settings: dict[str, Any]
    scores: list[Score]

    @property
    def complete(self) -> bool:
        """Whether every fold and seed has numbers; no other candidate is chosen."""
        return bool(self.scores) and all(score.hiou is not None for score in self.scores)

    def values(self, name: str) -> list[float]:
        """``seen``, ``held_out`` or ``hiou`` of all scores."""
        return [getattr(score, name) for score in self.scores]

    def summary(self, name: str) -> Summary | None:
        """Mean and spread over folds and seeds; None if one of them has no numbers."""
        return summarise(self.values(name)) if self.complete else None


class Selection(_Part):
    """Everything about one choice, for a report to render.

    Attributes:
        dataset, protocol, model, method: as in records; ``network`` is the network's card.
        split, unseen: the split whose unseen classes take no part, and their names.
        argv: the command line. ``provenance``: environment, git state, data and vectors, as in records.
        held_out: number of classes in a fold. ``folds``: the draws. ``seeds``: every fold is run with each.
        grid: setting -> values tried, in the order given; the candidates are its product, last setting fastest.
        fixed: ``--cfg-options`` that all candidates share.
        candidates: the points of the grid with all scores.
        rule: how `chosen` follows from them, in words.
        best, chosen: places in ``candidates``: of the highest mean hIoU, and of the choice; None if no candidate has
            all its numbers.
    """

    selection_version: Literal[1] = SELECTION_VERSION
    dataset: str
    split: str
    unseen: list[str]
    protocol: str
    model: str
    network: NetworkCard
    method: str
    held_out: int
    folds: list[Fold]
    seeds: list[int]
    grid: dict[str, list[Any]]
    fixed: dict[str, Any] = {}
    candidates: list[Candidate]
    rule: str = RULE
    best: int | None = None
    chosen: int | None = None
    argv: list[str] = []
    provenance: dict[str, Any] = Field(default_factory=dict)

    def behind(self, index: int) -> Summary | None:
        """Paired differences in hIoU, best candidate minus this one; None if either lacks numbers."""
        candidate = self.candidates[index]
        if self.best is None or not candidate.complete:
            return None
        return paired(self.candidates[self.best].values('hiou'), candidate.values('hiou'))

    def choose(self) -> None:
        """Sets ``best`` and ``chosen`` by `RULE`."""
        complete = [i for i, candidate in enumerate(self.candidates) if candidate.complete]
        if not complete:
            self.best = self.chosen = None
            return
        self.best = max(complete, key=lambda i: self.candidates[i].summary('hiou').mean)
        self.chosen = next(i for i in complete if i == self.best or _within_noise(self.behind(i)))


def _within_noise(difference: Summary) -> bool:
    """Whether a mean difference is at most one standard error; with one measurement, only if it is 0."""
    error = 0.0 if difference.sd is None else difference.sd / math.sqrt(difference.n)
    return difference.mean <= error


def save_selection(selection: Selection, path: Path) -> None:
    """Writes one selection atomically."""
    write_json(path, selection.model_dump(mode='json'))


def load_selections(folder: Path) -> list[Selection]:
    """Reads all selections of a folder, ordered by file name.

    Raises:
        ValueError: a file is no selection of this version; the message names it.
    """
    found = []
    for path in sorted(folder.glob('*.json')):
        try:
            found.append(Selection.model_validate(read_json(path)))
        except ValueError as error:
            raise ValueError(f'{path}: no selection of version {SELECTION_VERSION}: {str(error).splitlines()[0]}') \
                from None
    return found
