"""Results for other programs: every cell as a line of CSV, and the leaderboard of one card as a table of LaTeX."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from operator import attrgetter
from typing import Any

import pandas as pd

from benchmark.records.files import Record
from benchmark.reporting.tables import usage
from benchmark.reporting.tables.rows import Row, Section
from benchmark.stats import Summary

#: Column -> score of a record; all in percent.
SCORES = {f'{group}_{name}': f'{group}.{name}' for group in ('seen', 'unseen', 'overall')
          for name in ('miou', 'pa', 'ma')} | {'hiou': 'hiou'}
#: Columns of ``results.csv``, whose names and order stay as they are; a new one comes last.
COLUMNS = ('dataset', 'data', 'split', 'k', 'protocol', 'protocol_version', 'model', 'weights', 'method', 'variant',
           'settings', 'role', 'setting', 'controls', 'declared_access', 'measured_access', 'seed', 'status', 'reason',
           *SCORES, 'images', 'seconds_beyond_network', 'code', 'git_sha', 'key')
#: What LaTeX takes for markup -> how it is written.
_LATEX = {'\\': r'\textbackslash{}', '{': r'\{', '}': r'\}', '$': r'\$', '&': r'\&', '#': r'\#', '%': r'\%', '_': r'\_',
          '^': r'\textasciicircum{}', '~': r'\textasciitilde{}'}


def as_csv(sections: Iterable[Section], methods: Sequence[str] = ()) -> str:
    """One line per cell, in the order of the tables; what was not measured is empty.

    Args:
        sections (Iterable[Section]): those wanted.
        methods (Sequence[str]): their names; all by default.
    """
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator='\n')
    writer.writeheader()
    writer.writerows(_cells(sections, methods))
    return out.getvalue()


def as_frame(sections: Iterable[Section], methods: Sequence[str] = ()) -> pd.DataFrame:
    """The same as a data frame: a row per cell under `COLUMNS`; what was not measured is missing."""
    return pd.DataFrame(list(_cells(sections, methods)), columns=list(COLUMNS))


def _cells(sections: Iterable[Section], methods: Sequence[str]) -> Iterator[dict[str, Any]]:
    for section in sections:
        for row in section.rows:
            if not methods or row.method in methods:
                yield from (_cell(section, row, record) for record in row.records)


def _cell(section: Section, row: Row, record: Record) -> dict[str, Any]:
    cell, card = record.cell, record.method
    seconds = usage.seconds_beyond_network(section, row, record) if record in row.done else None
    return {
        'dataset': cell.dataset, 'data': cell.data, 'split': cell.split, 'k': cell.k, 'protocol': cell.protocol,
        'protocol_version': record.protocol.get('version'), 'model': cell.model, 'weights': record.network.weights,
        'method': cell.method, 'variant': json.dumps(cell.variant, sort_keys=True) if cell.variant else '',
        'settings': record.settings, 'role': card.role, 'setting': card.setting, 'controls': card.controls,
        'declared_access': card.reads_unseen_gt, 'measured_access': record.label_access.get('level'),
        'seed': cell.seed, 'status': record.status.value, 'reason': ' '.join(record.reason.split()),
        **{name: attrgetter(score)(record.metrics) if record.metrics else None for name, score in SCORES.items()},
        'images': record.images if record.metrics else None,
        'seconds_beyond_network': None if seconds is None else round(seconds, 3),
        'code': record.code, 'git_sha': (record.provenance.get('git') or {}).get('sha'), 'key': record.key}


def as_latex(section: Section, methods: Sequence[str] = (), score: str = 'hiou') -> str:
    """Method x K for the package ``booktabs``: mean and half-width of the 95% t-interval, the best of a K in bold.

    Methods of a setting stand together and have a best of their own; floor, controls and ceiling are never bold. The
    order within a setting is that of the mean over K.

    Args:
        section (Section): one card and network, so that all numbers may be compared.
        methods (Sequence[str]): names; all by default, variants left out.
        score (str): a column of `SCORES`.
    """
    rows = [row for row in section.plain if not methods or row.method in methods]
    units = section.units
    groups: dict[str, dict[str, dict]] = {}
    for row in rows:
        groups.setdefault(_group(row), {}).setdefault(row.label, {})[row.unit] = row.summary(SCORES[score])
    order = sorted(groups, key=lambda name: (name in ('ceiling', 'controls'), name == 'ceiling', name != 'floor', name))
    lines = [rf'\begin{{tabular}}{{l{"r" * len(units)}}}', r'\toprule',
             ' & '.join(['Method', *(f'$K={_plain(unit.label)}$' for unit in units)]) + r' \\']
    for name in order:
        labels = sorted(groups[name], key=lambda label: -_mean(groups[name][label].values()))
        best = {unit: max((found.mean for cells in groups[name].values() if (found := cells.get(unit))), default=None)
                for unit in units}
        lines += [r'\midrule', rf'\multicolumn{{{len(units) + 1}}}{{l}}{{\emph{{{_plain(name)}}}}} \\']
        for label in labels:
            cells = [_value(found, name not in ('floor', 'controls', 'ceiling') and found.mean == best[unit])
                     if (found := groups[name][label].get(unit)) else '--' for unit in units]
            lines.append(' & '.join([_plain(label), *cells]) + r' \\')
    return '\n'.join([*_comment(section, score), *lines, r'\bottomrule', r'\end{tabular}']) + '\n'


def _group(row: Row) -> str:
    if row.card.role != 'method':
        return row.card.role
    return 'controls' if row.card.controls else row.card.setting


def _comment(section: Section, score: str) -> list[str]:
    """What the numbers are; a reader of the table alone would not know."""
    about = f'{section.records[0].cell.dataset}, protocol {section.title}'
    return [f'% {" ".join(about.split())}: {score} in percent, mean over seeds, half-width of the 95% t-interval',
            '% needs booktabs; written by python -m benchmark export']


def _value(found: Summary, bold: bool) -> str:
    mean = f'{found.mean:.1f}'
    text = rf'\mathbf{{{mean}}}' if bold else mean
    return f'${text}$' if found.half_width is None else rf'${text} \pm {found.half_width:.1f}$'


def _mean(found: Iterable[Summary | None]) -> float:
    values = [one.mean for one in found if one]
    return sum(values) / len(values) if values else float('-inf')


def _plain(text: str) -> str:
    return ''.join(_LATEX.get(character, character) for character in ' '.join(text.split()))
