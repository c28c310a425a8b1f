"""The published numbers: the tables ``data/*.csv``, checked row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.reporting.published.facts import (
    DATA,
    Facts,
    MethodFacts,
    ProtocolFacts,
    PublishedError,
    SplitFacts,
    load_facts,
)
from zs_methods.evaluation.scores import harmonic

#: Largest difference, in points, between a printed value and the one that follows from seen and unseen mIoU. All are
#: rounded to 0.1 or 0.01, which explains at most 0.1.
IDENTITY_TOLERANCE = 0.15
CONFIDENCES = ('verified', 'memory', 'inconsistent')
#: As the authors claim it; empty for the bounds that were trained with all labels.
SETTINGS = ('inductive', 'transductive', '')
#: Column of the tables -> score of a record.
COLUMNS = {'seen_pa': 'seen.pa', 'seen_ma': 'seen.ma', 'seen_miou': 'seen.miou',
           'unseen_pa': 'unseen.pa', 'unseen_ma': 'unseen.ma', 'unseen_miou': 'unseen.miou',
           'overall_pa': 'overall.pa', 'overall_ma': 'overall.ma', 'overall_miou': 'overall.miou', 'hiou': 'hiou'}
_TEXT = ('method', 'variant', 'k_or_split', 'setting', 'source', 'confidence', 'protocol', 'note')


@dataclass(frozen=True, eq=False)
class Published:
    """One published result; equal to no other, even if all of its fields are.

    Attributes:
        split: as in the tables: K, or such as ``15/5``.
        values: score -> percent; only what the source gives.
        failing: scores that contradict seen and unseen mIoU -> what follows from these.
        recalled: written from memory, the source not consulted.
        card, facts, classes: what is known of its protocol, method and split.
    """

    dataset: str
    method: str
    variant: str
    split: str
    setting: str
    values: Mapping[str, float]
    source: str
    confidence: str
    protocol: str
    note: str
    card: ProtocolFacts
    facts: MethodFacts
    classes: SplitFacts
    failing: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Method and variant."""
        return f'{self.method}: {self.variant}' if self.variant else self.method

    @property
    def recalled(self) -> bool:
        """Written from memory, whatever else is wrong with it."""
        return self.confidence == 'memory' or 'before this check: memory' in self.note

    @property
    def no_target(self) -> str:
        """Why nothing can be compared with this result; '' if something can."""
        contradiction = 'its hIoU contradicts its seen and unseen mIoU' if 'hiou' in self.failing else ''
        return self.card.no_target or self.facts.no_target or contradiction


def contradictions(values: Mapping[str, float], classes: SplitFacts) -> dict[str, float]:
    """Scores that differ from what follows from seen and unseen mIoU -> what follows.

    hIoU = 2SU / (S + U); the overall mIoU is the mean of S and U weighted with their numbers of classes.
    """
    seen, unseen = values.get('seen.miou'), values.get('unseen.miou')
    if seen is None or unseen is None:
        return {}
    expected = {'hiou': harmonic(seen, unseen)}
    if classes.unseen:
        expected['overall.miou'] = (classes.seen * seen + classes.unseen * unseen) / (classes.seen + classes.unseen)
    # Decimal fractions are not exact in binary: a difference of exactly the tolerance passes.
    return {score: value for score, value in expected.items()
            if score in values and abs(values[score] - value) > IDENTITY_TOLERANCE + 1e-9}


@cache
def load_published(dataset: str, folder: Path = DATA) -> tuple[Published, ...]:
    """Reads the published results of a data set, in the order of the tables; none for other data sets.

    Raises:
        PublishedError: a table is damaged; one line.
    """
    facts = load_facts(folder)
    if dataset not in facts.datasets:
        return ()
    return tuple(row for name in facts.datasets[dataset].tables for row in _read(folder / name, dataset, facts))


def _read(path: Path, dataset: str, facts: Facts) -> list[Published]:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding='utf-8')
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise PublishedError(f'{path}: {" ".join(str(error).split())}') from None
    wanted = [*_TEXT[:4], *COLUMNS, *_TEXT[4:]]
    if list(frame.columns) != wanted:
        wrong = sorted(set(frame.columns) ^ set(wanted)) or ['their order']
        raise PublishedError(f'{path}: other columns than expected: {", ".join(wrong)}')
    rows = []
    for number, content in enumerate(frame.to_dict('records'), start=1):
        try:
            rows.append(_row(content, dataset, facts))
        except ValueError as error:
            raise PublishedError(f'{path}: row {number}: {error}') from None
    return rows


def _row(content: dict[str, Any], dataset: str, facts: Facts) -> Published:
    """Checks one row; raises ValueError with what is wrong."""
    splits = facts.datasets[dataset].splits
    for column, known in (('confidence', CONFIDENCES), ('setting', SETTINGS), ('protocol', facts.protocols),
                          ('k_or_split', splits)):
        if content[column] not in known:
            raise ValueError(f'{column}: {content[column]!r} is none of {", ".join(filter(None, known))}')
    for column in ('method', 'source'):
        if not content[column].strip():
            raise ValueError(f'{column} is empty')
    values = {score: _percent(column, content[column]) for column, score in COLUMNS.items() if content[column]}
    classes = splits[content['k_or_split']]
    text = {key: content[key] for key in ('method', 'variant', 'setting', 'source', 'confidence', 'protocol', 'note')}
    return Published(dataset=dataset, split=content['k_or_split'], values=values, classes=classes,
                     card=facts.protocols[content['protocol']], facts=_method(content, dataset, facts),
                     failing=contradictions(values, classes), **text)


def _percent(column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f'{column}: {text!r} is not a number') from None
    if not 0 <= value <= 100:
        raise ValueError(f'{column}: {text} is not between 0 and 100')
    return value


def _method(content: dict[str, Any], dataset: str, facts: Facts) -> MethodFacts:
    def fits(entry: MethodFacts) -> bool:
        return (entry.method, entry.variant) == (content['method'], content['variant']) and all(
            not allowed or value in allowed for allowed, value in (
                (entry.datasets, dataset), (entry.splits, content['k_or_split']),
                (entry.protocols, content['protocol'])))

    return next(filter(fits, facts.methods), MethodFacts(method=content['method'], variant=content['variant']))
