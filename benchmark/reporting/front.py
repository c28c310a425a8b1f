"""The front page: who is best on every data set, and where everything is; and the same in the repository's README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.records.values import NONE
from benchmark.reporting.figures import intervals
from benchmark.reporting.statistics import agreement, leaderboard
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables import conditions
from benchmark.reporting.tables.markup import escape, escaped_table, fill, put, slug, table, write
from benchmark.reporting.tables.rows import Dataset, Section, weights_text

#: What surrounds the leaderboards in the README of the repository.
BEGIN = '<!-- leaderboards: begin, written by python -m benchmark report --reports reports -->'
END = '<!-- leaderboards: end -->'
#: On every page of a data set.
GENERATED = 'Generated from the records in `records/`'
_INDEX = ('data set', 'protocol', 'network', 'K', 'methods', 'seeds', 'records', 'done')


def write_front(datasets: Sequence[Dataset], comparisons: Mapping[str, Sequence[Comparison]], reports: Path) -> Path:
    """Writes the page that begins with the answer and lists all others.

    Args:
        datasets (Sequence[Dataset]): all of them.
        comparisons (Mapping): slug of a section -> its comparisons.
        reports (Path): where to.
    """
    agreed = agreement.agreement_table(agreement.agreements(conditions.in_order(datasets), comparisons))
    return write(reports / 'README.md', 'front.md.j2', fronts=_fronts(datasets, comparisons, reports), prefix='',
                 agreement='' if agreed.empty else table(agreed),
                 index=escaped_table(_index(datasets)), example=next(
                     (one.name for one in datasets if one.sections), 'shapes'))


def write_block(page: Path, datasets: Sequence[Dataset], comparisons: Mapping[str, Sequence[Comparison]],
                reports: Path) -> bool:
    """Writes the leaderboards between the two marks of a page elsewhere; without them False, and nothing is written."""
    text = page.read_text(encoding='utf-8')
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        return False
    block = fill('leaderboards.md.j2', fronts=_fronts(datasets, comparisons, reports), prefix=f'{reports.name}/')
    if (new := f'{before}{BEGIN}\n\n{block}\n{END}{after}') != text:
        put(page, new)
    return True


def _fronts(datasets: Sequence[Dataset], comparisons: Mapping[str, Sequence[Comparison]],
            reports: Path) -> list[dict[str, Any]]:
    """What the template shows of every data set that was run."""
    return [_front(one, leaderboard.main_section(one.sections), comparisons, reports)
            for one in conditions.in_order(datasets)]


def _front(dataset: Dataset, section: Section, comparisons: Mapping[str, Sequence[Comparison]],
           reports: Path) -> dict[str, Any]:
    boards = []
    for setting in leaderboard.settings(section):
        found = [one for one in leaderboard.standings(section, comparisons[section.slug], setting) if one.places]
        if found:
            boards.append((setting, _table(leaderboard.best(section, found)),
                           _table(leaderboard.overview(section, found))))
    figure = f'figures/{section.slug}-intervals.png'
    return {'name': dataset.name, 'notes': conditions.data_notes(dataset.records),
            'about': conditions.about(dataset, section), 'page': f'{slug(dataset.name)}.md', 'boards': boards,
            'context': '' if (frame := leaderboard.context(section)).empty else _table(frame),
            'figure': figure if (reports / figure).is_file() and intervals.middle(section) else ''}


def _table(frame: pd.DataFrame) -> str:
    """Numbers to the right."""
    return escaped_table(frame, [name for name in frame.columns if name.startswith('K=')
                                 or name in ('hIoU', 'cost, s')], keys=1)


def _index(datasets: Sequence[Dataset]) -> pd.DataFrame:
    """All data sets, by card and network; escaped Markdown."""
    rows = []
    for dataset in datasets:
        link = f'[{escape(dataset.name)}]({slug(dataset.name)}.md)'
        for section in dataset.sections:
            told = dataset.told(section.data)
            rows.append({
                'data set': link + (f' ({escape(told)})' if told else ''), 'protocol': escape(section.protocol),
                # where weights are from, without the scheme: the line is long
                'network': escape(f'{section.model} ({weights_text(section.network).rpartition("//")[2]})'),
                'K': escape(', '.join(unit.label for unit in section.units)), 'methods': escape(_number(section)),
                'seeds': ', '.join(str(seed) for seed in sorted({one.cell.seed for one in section.records})),
                'records': str(len(section.records)), 'done': str(sum(len(row.done) for row in section.rows))})
        if not dataset.sections:
            rows.append({**dict.fromkeys(_INDEX, NONE), 'data set': link, 'protocol': 'never run'})
    return pd.DataFrame(rows, columns=_INDEX)


def _number(section: Section) -> str:
    """How many methods a section has, and how many variants besides."""
    plain = {row.label for row in section.plain}
    others = len(set(section.labels) - plain)
    return str(len(plain)) + (f', and {others} {"variant" if others == 1 else "variants"}' if others else '')
