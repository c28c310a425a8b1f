"""Tables of published numbers, alone and beside those made here."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import pandas as pd

from benchmark.records.values import NONE, number
from benchmark.reporting.published.facts import Claim, load_facts
from benchmark.reporting.published.values import Published, load_published
from benchmark.reporting.published.verdicts import TOLERANCE, Verdict, unpublished, verdicts
from benchmark.reporting.tables.markup import table
from benchmark.reporting.tables.rows import Dataset, Section
from benchmark.reporting.tables.terminal import SCORES

_NAMES = {'overall.miou': 'overall mIoU', 'hiou': 'hIoU'}
_ORDER = ' / '.join(SCORES)


class References:
    """Sources and notes, which are long, as numbered footnotes in the order of the rows."""

    def __init__(self, rows: Sequence[Published]) -> None:
        sources, notes = ({read(row): None for row in rows} for read in (attrgetter('source'), attrgetter('note')))
        self._sources = {text: f'S{i}' for i, text in enumerate(sources, start=1)}
        self._notes = {text: f'N{i}' for i, text in enumerate(filter(None, notes), start=1)}

    def of(self, row: Published) -> str:
        """The footnotes of one row."""
        return ', '.join(filter(None, (self._sources[row.source], self._notes.get(row.note))))

    @property
    def lines(self) -> list[tuple[str, str]]:
        """All footnotes, mark and text."""
        return [(mark, text) for texts in (self._sources, self._notes) for text, mark in texts.items()]


def value(row: Published, score: str, recalled: bool = True) -> str:
    """Writes one value with its marks: recalled, unless that is said elsewhere, or contradicting other values."""
    if score not in row.values:
        return NONE
    marks = ['memory'] if row.recalled and recalled else []
    if score in row.failing:
        marks.append(f'≠ {row.failing[score]:.2f}')
    return plain(row.values[score]) + (f' ({", ".join(marks)})' if marks else '')


def plain(number: float) -> str:
    """Writes a number with its one or two decimals."""
    text = f'{number:.2f}'
    return text[:-1] if text.endswith('0') else text


def confidence(row: Published) -> str:
    """Writes how far a row can be trusted, and what contradicts what."""
    failing = ', '.join(_NAMES[score] for score in row.failing)
    return f'{row.confidence}: {failing}' if failing else row.confidence


def listing(rows: Sequence[Published], references: References, here: dict[Published, str]) -> pd.DataFrame:
    """The published results of one protocol."""
    return pd.DataFrame([
        {'split': row.split if '/' in row.split or row.split == 'all' else f'K={row.split}', 'method': row.name,
         'setting': row.setting or NONE, **{name: value(row, score) for name, score in SCORES.items()},
         'confidence': confidence(row), 'here': text, 'footnotes': references.of(row)}
        for row, text in ((row, here[row]) for row in rows)])


def by_protocol(rows: Sequence[Published]) -> dict[str, list[Published]]:
    """Groups rows by the protocol of the tables, in the order of the description."""
    groups = {name: [row for row in rows if row.protocol == name] for name in load_facts().protocols}
    return {name: group for name, group in groups.items() if group}


def claims(dataset: str) -> list[Claim]:
    """The mislabelled claims that name a data set."""
    return [claim for claim in load_facts().claims if claim.dataset == dataset]


def implemented(row: Published) -> list[str]:
    """Methods here that follow a published one."""
    return [name for name in row.facts.own if name not in load_facts().not_implemented]


def whole(rows: Sequence[Published], here: dict[Published, str], named: Sequence[Claim]) -> dict[str, Any]:
    """What the template ``published.md.j2`` shows."""
    references = References(rows)
    summaries = load_facts().protocols
    return {
        'groups': [(name, summaries[name].summary, table(listing(group, references, here), list(SCORES)))
                   for name, group in by_protocol(rows).items()],
        'footnotes': references.lines,
        'claims': table(pd.DataFrame([{
            'claim': claim.claim, 'score': claim.score, 'value': plain(claim.value), 'verdict': claim.verdict}
            for claim in named]), ['value'])}


def of_dataset(dataset: Dataset) -> dict[str, Any] | None:
    """All published results of a data set and what became of each here; None if nothing is published."""
    rows = load_published(dataset.name)
    if not rows:
        return None
    compared = {found.published for section in dataset.sections for found in verdicts(section, rows)}
    return whole(rows, {row: _here(row, row in compared) for row in rows}, claims(dataset.name))


def _here(row: Published, compared: bool) -> str:
    if row.no_target:
        return f'no target: {row.no_target}'
    if compared:
        return 'compared above'
    return 'not run' if implemented(row) else 'not implemented here'


def beside(section: Section, dataset: str) -> dict[str, Any] | None:
    """The numbers of a section beside the published ones; None if nothing is published for the data set."""
    rows = load_published(dataset)
    if not rows:
        return None
    references = References(rows)
    frame = pd.DataFrame([_line(found, references) for found in verdicts(section, rows)])
    return {'table': table(frame, ['n']), 'tolerance': TOLERANCE, 'order': _ORDER, 'caution': load_facts().caution,
            'unpublished': unpublished(section, rows)}


def _line(found: Verdict, references: References) -> dict[str, str]:
    published, row = found.published, found.row
    return {
        'K': row.unit.label, 'method': row.label, 'published as': f'{published.name}, protocol {published.protocol}',
        'published': ' / '.join(value(published, score, recalled=False) for score in SCORES.values())
        + (' (memory)' if published.recalled else ''),
        'here': ' / '.join(map(number, found.own.values())) or NONE,
        'here − published': ' / '.join(number(found.differences.get(score), sign=True) for score in SCORES.values())
        if found.differences else NONE,
        'n': str(found.n), 'verdict': found.text, 'footnotes': references.of(published)}
