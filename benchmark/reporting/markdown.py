"""Writes the pages: fills the templates with tables, figures and notes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.reporting import figures, tables
from benchmark.reporting.rows import Dataset, Row, Section

_ENTITIES = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '|': '&#124;', '`': '&#96;', '*': '&#42;', '\\': '&#92;',
             '~': '&#126;', '[': '&#91;', ']': '&#93;'}
_SPECIAL = re.compile(r'[&<>|`*\\~]|\[(?=[^\]]*\][(\[])|\](?=[(\[])|(?<!\w)_|_(?!\w)')
_FIGURES = {'hiou': figures.hiou_against_k, 'classes': figures.class_heat_map, 'examples': figures.example_panel}


def escape(text: object) -> str:
    """Makes any text safe inside a Markdown line or table cell: one line, nothing that is markup."""
    line = ' '.join(str(text).split())
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], '&#95;'), line)


def table(frame: pd.DataFrame, numeric: Sequence[str] = ()) -> str:
    """Writes a data frame of text as a Markdown table, ``numeric`` columns to the right; '' if it is empty."""
    if frame.empty:
        return ''
    escaped = frame.map(escape).rename(columns=escape)
    align = ['right' if name in numeric or name == 'K' else 'left' for name in frame.columns]
    return escaped.to_markdown(index=False, tablefmt='pipe', disable_numparse=True, colalign=align)


def slug(name: str) -> str:
    """Turns a name into a file name; names that had to change carry a hash, so that no two meet."""
    safe = re.sub(r'[^\w.-]', '-', name, flags=re.ASCII).lstrip('.')
    if safe == name and name.lower() != 'readme':
        return safe
    return f'{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}'


def write_dataset(dataset: Dataset, reports: Path) -> list[Path]:
    """Writes the figures and the page of one data set."""
    written: list[Path] = []
    sections = []
    for section in dataset.sections:
        pictures = {}
        for name, draw in _FIGURES.items():
            path = reports / 'figures' / f'{slug(dataset.name)}-{slug(section.protocol)}-{name}.png'
            if draw(section, path):
                written.append(path)
                pictures[name] = f'figures/{path.name}'
        sections.append(_section(section, pictures))
    page = reports / f'{slug(dataset.name)}.md'
    _write(page, 'dataset.md.j2', name=dataset.name, sections=sections, methods=_methods(dataset),
           **_provenance(dataset))
    return [*written, page]


def write_index(datasets: Sequence[Dataset], reports: Path) -> Path:
    """Writes the page that lists all others."""
    rows = []
    for dataset in datasets:
        for section in dataset.sections:
            records = section.records
            rows.append({
                'data set': f'[{escape(dataset.name)}]({slug(dataset.name)}.md)', 'protocol': escape(section.protocol),
                'K': escape(', '.join(unit.label for unit in section.units)),
                'methods': escape(', '.join(section.labels)),
                'seeds': ', '.join(str(seed) for seed in sorted({record.cell.seed for record in records})),
                'records': str(len(records)),
                'done': str(sum(len(row.done) for row in section.rows))})
    index = pd.DataFrame(rows).to_markdown(index=False, tablefmt='pipe', disable_numparse=True)
    return _write(reports / 'README.md', 'index.md.j2', index=index)


def _section(section: Section, pictures: dict[str, str]) -> dict[str, Any]:
    """Everything the template shows of one protocol."""
    marks: dict[tuple[str, str], int] = {}
    for row in sorted(section.rows, key=lambda row: section.labels.index(row.label)):
        for note in _notes(row):
            marks.setdefault((row.method, note), len(marks) + 1)
    unified = tables.unified(section).map(escape)
    unified['method'] += [''.join(f'<sup>{marks[row.method, note]}</sup>' for note in _notes(row))
                          for row in section.rows]
    align = ['left' if name == 'method' else 'right' for name in unified.columns]
    return {
        'protocol': section.protocol,
        'pictures': pictures,
        'unified': unified.to_markdown(index=False, tablefmt='pipe', disable_numparse=True, colalign=align),
        'footnotes': [(mark, method, note) for (method, note), mark in marks.items()],
        'without_numbers': table(tables.without_numbers(section)),
        'comparisons': table(tables.comparisons(section), ['seeds', 'first − second']),
        'accuracies': table(tables.accuracies(section), [*tables.ACCURACIES, 'n']),
        'splits': table(tables.splits(section)),
        'stages': _right(tables.stages(section), 'stage'),
        'costs': _right(tables.costs(section), 'method'),
        'access': table(tables.label_access(section)),
    }


def _right(frame: pd.DataFrame, *left: str) -> str:
    return table(frame, [name for name in frame.columns if name not in left])


def _notes(row: Row) -> list[str]:
    return sorted({record.method.note for record in row.records} - {''})


def _methods(dataset: Dataset) -> list[dict[str, str]]:
    """What every method says of itself, once per distinct wording."""
    rows = sorted((row for section in dataset.sections for row in section.rows), key=lambda row: row.method)
    cards = dict.fromkeys((row.method, record.method.model_dump_json()) for row in rows for record in row.records)
    return [{'name': name, **json.loads(card)} for name, card in cards]


def _provenance(dataset: Dataset) -> dict[str, Any]:
    """Splits the provenance into what all records share and the environments that differ."""
    flat = [_flatten({key: value for key, value in record.provenance.items() if key != 'argv'})
            for record in dataset.records]
    commands = Counter(shlex.join(map(str, record.provenance['argv'])) for record in dataset.records
                       if record.provenance.get('argv'))
    items = sorted({item for one in flat for item in one})
    values = {item: {one.get(item, tables.NONE) for one in flat} for item in items}
    shared = pd.DataFrame([{'item': item, 'value': next(iter(values[item]))}
                           for item in items if len(values[item]) == 1])
    differing = [item for item in items if len(values[item]) > 1]
    environments = Counter(tuple(one.get(item, tables.NONE) for item in differing) for one in flat)
    listed = pd.DataFrame([{'environment': str(index), 'records': str(count), **dict(zip(differing, key, strict=True))}
                           for index, (key, count) in enumerate(sorted(environments.items()), start=1)])
    return {'shared': table(shared), 'commands': sorted(commands.items()), 'environments': len(environments),
            'listed': table(listed) if differing else ''}


def _flatten(value: Any, prefix: str = '') -> dict[str, str]:
    """Turns nested dicts into ``a.b`` -> text; leaves that are not text are written as JSON."""
    if isinstance(value, dict):
        items: dict[str, str] = {}
        for key, part in value.items():
            items.update(_flatten(part, f'{prefix}.{key}' if prefix else str(key)))
        return items
    return {prefix: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}


def _write(path: Path, template: str, **content: Any) -> Path:
    """Fills a template and puts the page in place in one step."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / 'templates'), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters['md'] = escape
    text = re.sub(r'\n{3,}', '\n\n', environment.get_template(template).render(**content)).strip() + '\n'
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    temporary.write_text(text, encoding='utf-8', newline='\n')
    os.replace(temporary, path)
    return path
