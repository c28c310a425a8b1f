"""What the pages show of one protocol card and network, as text that templates place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.reporting import reading
from benchmark.reporting.published import tables as published_tables
from benchmark.reporting.statistics import comparison_tables, leaderboard
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables import access, conditions, terminal, usage
from benchmark.reporting.tables.diagnostics import diagnostics
from benchmark.reporting.tables.markup import bullets, escape, escaped_table, table
from benchmark.reporting.tables.overlap import overlap_count, overlap_line, overlap_rows, pretraining_overlap
from benchmark.reporting.tables.rows import Row, Section, Unit

_PAIR = comparison_tables.PAIR[:-1]  # but the verdict
_PLACE = ('K', 'method', 'stage')
_BOARD = ('rank', 'hIoU', 'seen', 'unseen', 'lead', 'cost, s', 'n')


def content(section: Section, pictures: dict[str, str], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Everything that any page shows of a section.

    Args:
        section (Section): the rows.
        pictures (dict[str, str]): kind of a figure -> its file, relative to the folder of reports.
        comparisons (Sequence[Comparison]): those of the section.
    """
    marks: dict[tuple[str, str], int] = {}
    for row in sorted(section.rows, key=lambda row: section.labels.index(row.label)):
        for note in _notes(row):
            marks.setdefault((row.method, note), len(marks) + 1)
    unified = terminal.unified(section, section.plain).map(escape)
    unified['method'] += [''.join(f'<sup>{marks[row.method, note]}</sup>' for note in _notes(row))
                          for row in section.plain]
    resolutions = sorted({resolution for row in section.rows for resolution in row.resolutions})
    return {
        'title': section.title,
        'other_images': conditions.other_images(section.records),
        'unmeasured': terminal.unmeasured(section),
        'short': reading.short(section, comparisons),
        'reading': reading.of_section(section, comparisons),
        'pictures': pictures,
        'boards': _boards(section, comparisons),
        'card': bullets(conditions.card(section).itertuples(index=False)),
        'unified': escaped_table(unified, [*terminal.SCORES, 'gap closed %', 'n'], keys=2),
        'secondary': [(resolution, table(terminal.secondary(section, resolution), [*terminal.SCORES, 'n'], keys=2))
                      for resolution in resolutions],
        'published': published_tables.beside(section, section.records[0].cell.dataset),
        'footnotes': [(mark, method, note) for (method, note), mark in marks.items()],
        'without_numbers': bullets((f'K={line["K"]}, {line["method"]}, seeds {line["seeds"]}', line['why'])
                                   for line in terminal.without_numbers(section).to_dict('records')),
        **_compared(section, comparisons),
        'variants': table(comparison_tables.variants(section, comparisons), ['seen', 'unseen', 'hIoU', *_PAIR], keys=2),
        'accuracies': table(terminal.accuracies(section), [*terminal.ACCURACIES, 'n'], keys=2),
        'splits': [(line.pop('K'), bullets(line.items())) for line in terminal.splits(section).to_dict('records')],
        'stages': _right(usage.stages(section), 'stage'),
        'costs': _right(usage.costs(section), 'method', 'seconds'),
        'diagnostics': [(one.title, _right(one.means, *_PLACE), len(one.lines), _right(one.lines, *_PLACE))
                        for one in diagnostics(section)],
        'access': table(access.levels(section).drop(columns='role', errors='ignore'), keys=1),
        'access_counts': _right(access.counts(section), 'K', 'method'),
        'pretraining': _pretraining(section),
    }


def _boards(section: Section, comparisons: Sequence[Comparison]) -> list[tuple[str, str, list[str], str]]:
    """The leaderboard of every K, the methods that have no hIoU there, and what the pre-training has shown."""
    found = leaderboard.all_standings(section, comparisons)
    frames = [(unit, leaderboard.of_unit(section, unit, found)) for unit in section.units]
    return [(unit.label, '' if frame.empty else escaped_table(frame, _BOARD, keys=2),
             leaderboard.silent(section, unit, found), _shown(section, unit)) for unit, frame in frames]


def _shown(section: Section, unit: Unit) -> str:
    record = next((one for one in section.records if one.cell.split == unit.split and one.classes), None)
    return '' if record is None else overlap_count(
        record.cell.dataset, [record.classes[c] for c in record.unseen], section.network.pretraining)


def _compared(section: Section, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Ranks and pairs of one card and network."""
    compared = [one for one in comparisons if one.rows]
    return {
        'ranks': _right(comparison_tables.ranks(comparisons), 'method'),
        'matrix': [(one.unit.label, table(frame, keys=1)) for one in compared
                   if not (frame := comparison_tables.numbered(comparison_tables.matrix([one]))).empty],
        'against': table(comparison_tables.against(comparisons, section.baseline), _PAIR, keys=2),
        'transductive': [(what, _right(frame, 'it is'))
                         for what, frame in comparison_tables.transductive(section, comparisons)],
        'baseline': section.baseline,
        'pairs': ', '.join(f'{one.count} at K={one.unit.label}' for one in compared),
        'resamples': f'{max((one.resamples for one in comparisons), default=0):,}',
        'without': ', '.join(f'{one.without:,} at K={one.unit.label}' for one in compared if one.without),
    }


def _pretraining(section: Section) -> dict[str, Any]:
    """Unseen classes that the backbone's pre-training shows: one line per split, and the categories of each class."""
    unseen = {record.cell.split: [record.classes[c] for c in record.unseen] for record in section.records
              if record.classes}
    dataset, weights = section.records[0].cell.dataset, section.network.pretraining
    try:
        for names in unseen.values():
            pretraining_overlap(dataset, names, weights)
    except KeyError:  # a data set of that name with classes of its own, which nobody has judged
        dataset = ''
    rows = {row['class']: row for names in unseen.values() for row in overlap_rows(dataset, names, weights)}
    lines = {split: overlap_line(dataset, names, weights) for split, names in unseen.items()}
    shown = bullets((row['class'], '; '.join(filter(None, (
        row['categories'], row['partly'] and f'in part or beside others {row["partly"]}')))) for row in rows.values())
    if len(set(lines.values())) <= 1:  # nothing is known, or there was no pre-training
        return {'lines': list(lines.values())[:1], 'shown': shown}
    return {'lines': [f'{split}: {line}' for split, line in lines.items()], 'shown': shown}


def _right(frame: pd.DataFrame, *left: str) -> str:
    """A table with numbers in all columns but those on the left, which every part of a wide one has."""
    keys = sum(name in left for name in frame.columns[:len(left)])
    return table(frame, [name for name in frame.columns if name not in left], keys=keys)


def _notes(row: Row) -> list[str]:
    return sorted({record.method.note for record in row.records} - {''})
