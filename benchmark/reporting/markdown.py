"""Writes the pages: fills the templates with tables, figures and notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.reporting import conditions, figures, published_tables, tables, usage
from benchmark.reporting.facts import load_facts
from benchmark.reporting.markup import NONE, escape, escaped_table, slug, table, write
from benchmark.reporting.published import IDENTITY_TOLERANCE
from benchmark.reporting.rows import Dataset, Row, Section, weights_text

_FIGURES = {'hiou': figures.hiou_against_k, 'classes': figures.class_heat_map, 'examples': figures.example_panel}
_INDEX = ['data set', 'protocol', 'network', 'K', 'methods', 'seeds', 'records', 'done']


def write_dataset(dataset: Dataset, reports: Path) -> list[Path]:
    """Writes the figures and the page of one data set, which may never have been run."""
    written: list[Path] = []
    sections = []
    for section in dataset.sections:
        pictures = {}
        for name, draw in _FIGURES.items():
            path = reports / 'figures' / f'{section.slug}-{name}.png'
            if draw(section, path):
                written.append(path)
                pictures[name] = f'figures/{path.name}'
        sections.append(_section(section, dataset.name, pictures))
    known = load_facts().datasets.get(dataset.name)
    title = conditions.data_title(dataset.records) or (known.title if known else '')
    page = write(
        reports / f'{slug(dataset.name)}.md', 'dataset.md.j2', name=dataset.name,
        title=title if title != dataset.name else '', notes=conditions.data_notes(dataset.records), sections=sections,
        methods=_methods(dataset), published=published_tables.of_dataset(dataset),
        identity_tolerance=IDENTITY_TOLERANCE,
        **conditions.provenance(dataset.records))
    return [*written, page]


def write_index(datasets: Sequence[Dataset], reports: Path) -> Path:
    """Writes the page that lists all others."""
    rows = []
    for dataset in datasets:
        link = f'[{escape(dataset.name)}]({slug(dataset.name)}.md)'
        for section in dataset.sections:
            records = section.records
            rows.append({
                'data set': link, 'protocol': escape(section.protocol),
                'network': escape(f'{section.model} ({weights_text(section.network)})'),
                'K': escape(', '.join(unit.label for unit in section.units)),
                'methods': escape(', '.join(section.labels)),
                'seeds': ', '.join(str(seed) for seed in sorted({record.cell.seed for record in records})),
                'records': str(len(records)),
                'done': str(sum(len(row.done) for row in section.rows))})
        if not dataset.sections:
            rows.append({**dict.fromkeys(_INDEX, NONE), 'data set': link, 'protocol': 'never run here'})
    return write(reports / 'README.md', 'index.md.j2', index=escaped_table(pd.DataFrame(rows, columns=_INDEX)))


def _section(section: Section, dataset: str, pictures: dict[str, str]) -> dict[str, Any]:
    """Everything the template shows of one card and network."""
    marks: dict[tuple[str, str], int] = {}
    for row in sorted(section.rows, key=lambda row: section.labels.index(row.label)):
        for note in _notes(row):
            marks.setdefault((row.method, note), len(marks) + 1)
    unified = tables.unified(section).map(escape)
    unified['method'] += [''.join(f'<sup>{marks[row.method, note]}</sup>' for note in _notes(row))
                          for row in section.rows]
    resolutions = sorted({resolution for row in section.rows for resolution in row.resolutions})
    return {
        'title': section.title,
        'card': table(conditions.card(section)),
        'other_images': conditions.other_images(section.records),
        'pictures': pictures,
        'unified': escaped_table(unified, [*tables.SCORES, 'gap closed %', 'n']),
        'secondary': [(resolution, table(tables.secondary(section, resolution), [*tables.SCORES, 'n']))
                      for resolution in resolutions],
        'published': published_tables.beside(section, dataset),
        'footnotes': [(mark, method, note) for (method, note), mark in marks.items()],
        'without_numbers': table(tables.without_numbers(section)),
        'comparisons': table(tables.comparisons(section), ['seeds', 'first − second']),
        'accuracies': table(tables.accuracies(section), [*tables.ACCURACIES, 'n']),
        'splits': table(tables.splits(section)),
        'stages': _right(usage.stages(section), 'stage'),
        'costs': _right(usage.costs(section), 'method'),
        'access': table(usage.label_access(section)),
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
