"""Tables of published numbers, alone and beside those made here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.records.values import NONE, number
from benchmark.reporting.published.facts import Claim, load_facts
from benchmark.reporting.published.values import Published, load_published
from benchmark.reporting.published.verdicts import TOLERANCE, Verdict, unpublished, verdicts
from benchmark.reporting.tables.markup import bullets, table
from benchmark.reporting.tables.rows import Dataset, Section
from benchmark.reporting.tables.terminal import SCORES

#: Behind a value that was recalled and not read in the paper, and behind one that contradicts the others of its row.
UNVERIFIED, CONTRADICTING = '?', '≠'
#: Longest name of a published method in a table; the variant of a longer one is a footnote.
_LONGEST = 30


class References:
    """Long names, sources and notes as numbered footnotes in the order of the rows."""

    def __init__(self, rows: Sequence[Published]) -> None:
        self._marks = {kind: {text: i for i, text in enumerate(
            dict.fromkeys(text for row in rows for text in of(row)), start=1)} for kind, of in _FOOTNOTES.items()}

    def of(self, *rows: Published) -> str:
        """The footnotes of some rows, such as ``S1,4 N2``."""
        found = ((kind, dict.fromkeys(self._marks[kind][text] for row in rows for text in of(row)))
                 for kind, of in _FOOTNOTES.items())
        return ' '.join(kind + ','.join(map(str, sorted(numbers))) for kind, numbers in found if numbers)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """All footnotes, mark and text."""
        return [(f'{kind}{number}', text) for kind, texts in self._marks.items() for text, number in texts.items()]


def _notes(row: Published) -> list[str]:
    note = row.note.replace('before this check: memory', 'before this check: unverified')
    return [text for text in (note, row.no_target and f'no target: {row.no_target}') if text]


def short_name(row: Published) -> str:
    """Method and variant, or the method alone where a footnote has to tell the variant."""
    return row.name if len(row.name) <= _LONGEST else row.method


#: Mark of a footnote -> the texts of a row that it is for.
_FOOTNOTES = {'V': lambda row: [row.name] if short_name(row) != row.name else [], 'S': lambda row: [row.source],
              'N': _notes}


def value(row: Published, score: str, recalled: bool = True) -> str:
    """Writes one value with its marks: unverified, unless that is said elsewhere, or contradicting other values."""
    if score not in row.values:
        return NONE
    return plain(row.values[score]) + (UNVERIFIED if row.recalled and recalled else '') + (
        CONTRADICTING if score in row.failing else '')


def plain(number: float) -> str:
    """Writes a number with its one or two decimals."""
    text = f'{number:.2f}'
    return text[:-1] if text.endswith('0') else text


def listing(rows: Sequence[Published], references: References, status: dict[Published, str]) -> pd.DataFrame:
    """The published results of one split, by method, whatever the number of sources."""
    return pd.DataFrame([
        {'method': short_name(group[0]), 'protocol': group[0].protocol, 'setting': group[0].setting or NONE,
         **{name: _best_value(group, score) for name, score in SCORES.items()},
         'this benchmark': ', '.join(dict.fromkeys(status[row] for row in group)),
         'notes': references.of(*group)}
        for group in agreeing(rows)])


def agreeing(rows: Sequence[Published]) -> list[list[Published]]:
    """Puts rows together that are about one result, from several sources, and contradict each other in no value."""
    groups: list[list[Published]] = []
    for row in rows:
        group = next((group for group in groups if all(_agree(row, other) for other in group)), None)
        if group is None:
            groups.append([row])
        else:
            group.append(row)
    return groups


def _agree(first: Published, second: Published) -> bool:
    about = [(row.name, row.protocol, row.setting, row.split, bool(row.no_target)) for row in (first, second)]
    return about[0] == about[1] and all(first.values[score] == second.values[score]
                                        for score in first.values.keys() & second.values.keys())


def _best_value(rows: Sequence[Published], score: str) -> str:
    """The value that was read in a source, or else the recalled one."""
    having = sorted((row for row in rows if score in row.values), key=lambda row: row.recalled)
    return value(having[0], score) if having else NONE


def by_split(rows: Sequence[Published]) -> dict[str, list[Published]]:
    """Groups rows by split, in the order of the description, each by method, then protocol."""
    order = list(load_facts().protocols)
    groups = {name: sorted((row for row in rows if row.split == name),
                           key=lambda row: (row.method.lower(), order.index(row.protocol), row.variant))
              for name in dict.fromkeys(row.split for row in rows)}
    return {name if '/' in name or name == 'all' else f'K={name}': group for name, group in groups.items()}


def protocols(rows: Sequence[Published]) -> list[tuple[str, str]]:
    """Names of the protocols of some rows, and what they are."""
    used = {row.protocol for row in rows}
    return [(name, one.summary) for name, one in load_facts().protocols.items() if name in used]


def claims(dataset: str) -> list[Claim]:
    """The mislabelled claims that name a data set."""
    return [claim for claim in load_facts().claims if claim.dataset == dataset]


def implemented(row: Published) -> list[str]:
    """Methods here that follow a published one."""
    return [name for name in row.facts.own if name not in load_facts().not_implemented]


def whole(rows: Sequence[Published], status: dict[Published, str], named: Sequence[Claim]) -> dict[str, Any]:
    """What the template ``published_tables.md.j2`` shows."""
    references = References(rows)
    return {
        'groups': [(name, table(listing(group, references, status), list(SCORES), keys=2))
                   for name, group in by_split(rows).items()],
        'protocols': protocols(rows), 'unverified': UNVERIFIED, 'contradicting': CONTRADICTING,
        'footnotes': references.lines,
        'claims': bullets((f'{claim.claim}, {claim.score} {plain(claim.value)}', claim.verdict) for claim in named)}


def of_dataset(dataset: Dataset) -> dict[str, Any] | None:
    """All published results of a data set and what became of each here; None if nothing is published."""
    rows = load_published(dataset.name)
    if not rows:
        return None
    compared = {found.published for section in dataset.sections for found in verdicts(section, rows)}
    return whole(rows, {row: _status(row, row in compared) for row in rows}, claims(dataset.name))


def _status(row: Published, compared: bool) -> str:
    """What became of a published result in this benchmark."""
    if row.no_target:
        return 'no target'
    if compared:
        return 'compared'
    return 'not run' if implemented(row) else 'not implemented'


def beside(section: Section, dataset: str) -> dict[str, Any] | None:
    """The numbers of a section beside the published ones; None if nothing is published for the data set."""
    rows = load_published(dataset)
    if not rows:
        return None
    references, found = References(rows), verdicts(section, rows)
    return {'table': table(pd.DataFrame([line for one in found for line in _lines(one, references)]),
                           ['published', 'measured', 'difference', 'n'], keys=3),
            'verdicts': bullets((f'K={one.row.unit.label}, {one.row.label} against {one.published.name}'
                                 f' ({references.of(one.published)})', one.text) for one in found),
            'tolerance': TOLERANCE, 'caution': load_facts().caution, 'unpublished': unpublished(section, rows)}


def _lines(found: Verdict, references: References) -> list[dict[str, str]]:
    """A line for every score that was published."""
    published, row = found.published, found.row
    return [{
        'K': row.unit.label, 'method': row.label, 'published as': short_name(published), 'protocol': published.protocol,
        'score': name, 'published': value(published, score), 'measured': number(found.own.get(score)),
        'difference': number(found.differences.get(score), sign=True), 'n': str(found.n),
        'notes': references.of(published)} for name, score in SCORES.items() if score in published.values]
