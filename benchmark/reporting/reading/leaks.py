"""What reading layouts of unseen classes is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.reporting.reading.words import tell
from benchmark.reporting.statistics.pairs import across, correct
from benchmark.reporting.tables.rows import Dataset, Section

#: Fields of a card in which two cards may differ that differ in what training may read of unseen classes.
_OF_ACCESS = ('name', 'version', 'summary', 'label_access', 'pretraining', 'source')


def leak(dataset: Dataset) -> list[str]:
    """What reading layouts of unseen classes is worth: the same method and network on two cards.

    The one place where numbers of different cards are compared; they must agree in data and network, the training list
    included, and the method must have read a layout.
    """
    return [line for official in dataset.sections for clean in dataset.sections
            if official.card.get('label_access') == 'layout' and _but_access(official.card) == _but_access(clean.card)
            and clean.card.get('label_access') != 'layout' and official.data == clean.data
            and official.network == clean.network and official.model == clean.model
            for line in _leak(clean, official)]


def _but_access(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card without what it says of the labels that training may read."""
    return {field: value for field, value in card.items() if field not in _OF_ACCESS}


def _leak(clean: Section, official: Section) -> list[str]:
    lines = []
    for label in official.labels:
        rows = [(first, second) for first in official.rows for second in clean.rows
                if first.label == second.label == label and first.unit == second.unit and first.main and second.scored
                and any(record.label_access.get('level') == 'layout' for record in first.done)]
        pairs = correct(across(*both, len(rows)) for both in rows)
        if pairs:
            lines.append(f'{label}, network {clean.model}, {official.protocol} − {clean.protocol}: {tell(pairs)}.')
    return lines
