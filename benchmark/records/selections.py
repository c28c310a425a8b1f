"""The choice of settings on held-out seen classes: one JSON file per method, and the rule that chooses.

This file declares every key once; numbers are raw (percent, unrounded).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmark.records.files import NetworkCard, read_json, write_json
from benchmark.stats import Summary, paired, summarise

SELECTION_VERSION = 3
RULE = ('highest mean hIoU; of all settings whose paired difference to it is within one standard error, the first in '
        'the order of the grid')


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid')


class Fold(_Part):
    """One draw of seen classes that play the unseen ones: their ids, ascending, and names.

    ``absent`` names those without a pixel in the images scored, which have no part in any mean.
    """

    ids: list[int]
    classes: list[str]
    absent: list[str] = []


class Score(_Part):
    """One training: place in ``folds``, seed, mIoU of the seen and the held-out classes, hIoU, images scored.

    ``key`` is the address of the evaluation's artifact. ``reason`` says why a training has no numbers. One that was
    scored may lack some: without ground truth of a held-out class, or of a seen one, there is no hIoU.
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
        """Whether every fold and seed was scored, and one of them has an hIoU; no other candidate is chosen."""
        return not any(score.reason for score in self.scores) and bool(self.values('hiou'))

    def values(self, name: str) -> dict[tuple[int, int], float]:
        """``seen``, ``held_out`` or ``hiou`` by fold and seed, where it was measured."""
        return {(score.fold, score.seed): value for score in self.scores if (value := getattr(score, name)) is not None}

    def summary(self, name: str) -> Summary | None:
        """Mean and spread over the folds and seeds that have a score; None without any, or if a training is missing."""
        values = self.values(name) if self.complete else {}
        return summarise(values.values()) if values else None


class Selection(_Part):
    """Everything about one choice, for a report to render.

    Attributes:
        dataset, data, protocol, model, method: as in records; ``network`` is the network's card.
        split, unseen: the split whose unseen classes take no part, and their names.
        argv: the command line. ``provenance``: environment, git state, data and vectors, as in records.
        held_out: numbers of classes that were held out, as many folds of each. ``folds``: the draws. ``seeds``: every
            fold is run with each.
        share: share of the images that were scored and not trained on, whatever classes they hold. None until version
            2: the training images that hold a held-out class were scored, and no others, so that the held-out classes
            were more frequent than on a real split, and false positives in other images invisible; images with an
            unseen class took part, those pixels ignored.
        grid: setting -> values tried, in the order given; the candidates are its product, last setting fastest.
        fixed: ``--cfg-options`` that all candidates share.
        candidates: the points of the grid with all scores.
        rule: how `chosen` follows from them, in words.
        best, chosen: places in ``candidates``: of the highest mean hIoU, and of the choice; None if no candidate has
            all its numbers, or no fold an hIoU.
    """

    selection_version: Literal[3] = SELECTION_VERSION
    dataset: str
    data: str
    split: str
    unseen: list[str]
    protocol: str
    model: str
    network: NetworkCard
    method: str
    held_out: list[int]
    share: float | None
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
        if self.best is None or index not in self._comparable():
            return None
        best, own = (self.candidates[place].values('hiou') for place in (self.best, index))
        return paired(list(best.values()), [own[place] for place in best])

    def _comparable(self) -> list[int]:
        """Places of the complete candidates that have an hIoU wherever one has, so that all are judged by the same."""
        found = {index: one.values('hiou').keys() for index, one in enumerate(self.candidates) if one.complete}
        places = set().union(*found.values())
        return [index for index, own in found.items() if own == places]

    @property
    def unscored(self) -> list[int]:
        """Folds that were run and have no hIoU with any setting: they say nothing on which is best."""
        scores = [score for candidate in self.candidates for score in candidate.scores]
        return [fold for fold in range(len(self.folds)) if (own := [one for one in scores if one.fold == fold])
                and not any(score.reason or score.hiou is not None for score in own)]

    def choose(self) -> None:
        """Sets ``best`` and ``chosen`` by `RULE`."""
        comparable = self._comparable()
        if not comparable:
            self.best = self.chosen = None
            return
        self.best = max(comparable, key=lambda i: self.candidates[i].summary('hiou').mean)
        self.chosen = next(i for i in comparable if i == self.best or _within_noise(self.behind(i)))


def _within_noise(difference: Summary) -> bool:
    """Whether a mean difference is at most one standard error; with one measurement, only if it is 0."""
    error = 0.0 if difference.sd is None else difference.sd / math.sqrt(difference.n)
    return difference.mean <= error


def save_selection(selection: Selection, path: Path) -> None:
    """Writes one selection atomically."""
    write_json(path, selection.model_dump(mode='json'))


def load_selection(path: Path) -> Selection:
    """Reads one selection; an older one is brought up to the present version.

    Raises:
        ValueError: the file is no selection of this version; the message names it.
    """
    try:
        return Selection.model_validate(_upgrade(read_json(path)))
    except ValueError as error:
        raise ValueError(f'{path}: no selection of version {SELECTION_VERSION}: {str(error).splitlines()[0]}') from None


def load_selections(folder: Path) -> list[Selection]:
    """Reads all selections of a folder, ordered by file name, see `load_selection`."""
    return [load_selection(path) for path in sorted(folder.glob('*.json'))]


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Version 2 says which data a choice is about (until then, only the provenance did), version 3 what was scored."""
    if content.get('selection_version') == 1:
        data = (content.get('provenance') or {}).get('data') or {}
        content = {**content, 'selection_version': 2, 'data': data.get('name', '')}
    if content.get('selection_version') == 2:
        content = {**content, 'selection_version': 3, 'held_out': [content.get('held_out')], 'share': None}
    return content
