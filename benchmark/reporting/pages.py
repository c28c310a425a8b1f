"""Writes the pages: fills the templates with tables, figures and notes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.records.values import NONE
from benchmark.reporting import reading
from benchmark.reporting.figures import curves, pictures
from benchmark.reporting.published import tables as published_tables
from benchmark.reporting.published.facts import load_facts
from benchmark.reporting.published.values import IDENTITY_TOLERANCE
from benchmark.reporting.statistics import comparison_tables
from benchmark.reporting.statistics.pairs import Comparison, compare
from benchmark.reporting.statistics.repeats import Again
from benchmark.reporting.tables import access, conditions, selections, terminal, usage
from benchmark.reporting.tables import reference as reference_table
from benchmark.reporting.tables.diagnostics import diagnostics
from benchmark.reporting.tables.markup import escape, escaped_table, slug, table, write
from benchmark.reporting.tables.overlap import overlap_line, overlap_rows, pretraining_overlap
from benchmark.reporting.tables.rows import Dataset, Row, Section, weights_text

_FIGURES = {'hiou': curves.hiou_against_k, 'classes': pictures.class_heat_map}
_PAIR = comparison_tables.PAIR[:-1]  # but the verdict
_PLACE = ('K', 'method', 'stage')
_INDEX = ['data set', 'protocol', 'network', 'K', 'methods', 'seeds', 'records', 'done']


def write_dataset(dataset: Dataset, reports: Path, data_root: Path | None = None,
                  reference: Sequence[Again] = ()) -> list[Path]:
    """Writes the figures and the page of one data set, which may never have been run.

    Args:
        dataset (Dataset): its records.
        reports (Path): where to.
        data_root (Path, optional): where photographs of published data sets may be, see `pictures.example_panel`.
        reference (Sequence[Again]): its finished cells beside those of the reference; none on the reference's own page.
    """
    written: list[Path] = []
    sections, told = [], []
    figures = {**_FIGURES, 'examples': partial(pictures.example_panel, data_root=data_root)}
    for section in dataset.sections:
        drawn = {}
        for name, draw in figures.items():
            path = reports / 'figures' / f'{section.slug}-{name}.png'
            if draw(section, path):
                written.append(path)
                drawn[name] = f'figures/{path.name}'
        comparisons = compare(section)
        sections.append(_section(section, drawn, comparisons))
        told.append((section.title, reading.of_section(section, comparisons)))
    known = load_facts().datasets.get(dataset.name)
    title = conditions.data_title(dataset.records) or (known.title if known else '')
    page = write(
        reports / f'{slug(dataset.name)}.md', 'dataset.md.j2', name=dataset.name,
        title=title if title != dataset.name else '', notes=conditions.data_notes(dataset.records), sections=sections,
        seeds=conditions.seeds(dataset.records), leak=reading.leak(dataset),
        reading=[(name, parts) for name, parts in told if parts],
        selections=_selections(dataset), methods=_methods(dataset), published=published_tables.of_dataset(dataset),
        identity_tolerance=IDENTITY_TOLERANCE, reference=reference_table.told(reference, dataset.records),
        data=conditions.several_data(dataset),
        provenance=[(dataset.told(data), conditions.provenance(records)) for data in dataset.data
                    if (records := dataset.of(data))])
    return [*written, page]


def write_index(datasets: Sequence[Dataset], reports: Path) -> Path:
    """Writes the page that lists all others."""
    rows = []
    for dataset in datasets:
        link = f'[{escape(dataset.name)}]({slug(dataset.name)}.md)'
        for section in dataset.sections:
            records = section.records
            told = dataset.told(section.data)
            rows.append({
                'data set': link + (f' ({escape(told)})' if told else ''), 'protocol': escape(section.protocol),
                'network': escape(f'{section.model} ({weights_text(section.network)})'),
                'K': escape(', '.join(unit.label for unit in section.units)),
                'methods': escape(_names(section)),
                'seeds': ', '.join(str(seed) for seed in sorted({record.cell.seed for record in records})),
                'records': str(len(records)),
                'done': str(sum(len(row.done) for row in section.rows))})
        if not dataset.sections:
            rows.append({**dict.fromkeys(_INDEX, NONE), 'data set': link, 'protocol': 'never run here'})
    return write(reports / 'README.md', 'index.md.j2', index=escaped_table(pd.DataFrame(rows, columns=_INDEX)))


def _names(section: Section) -> str:
    """The methods of a section, and how many variants there are besides."""
    plain = {row.label for row in section.plain}
    others = len(set(section.labels) - plain)
    names = ', '.join(label for label in section.labels if label in plain)
    return names + (f', and {others} {"variant" if others == 1 else "variants"}' if others else '')


def _section(section: Section, pictures: dict[str, str], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Everything the template shows of one card and network."""
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
        'card': table(conditions.card(section)),
        'other_images': conditions.other_images(section.records),
        'pictures': pictures,
        'unified': escaped_table(unified, [*terminal.SCORES, 'gap closed %', 'n']),
        'secondary': [(resolution, table(terminal.secondary(section, resolution), [*terminal.SCORES, 'n']))
                      for resolution in resolutions],
        'unmeasured': terminal.unmeasured(section),
        'published': published_tables.beside(section, section.records[0].cell.dataset),
        'footnotes': [(mark, method, note) for (method, note), mark in marks.items()],
        'without_numbers': table(terminal.without_numbers(section)),
        **_compared(section, comparisons),
        'variants': table(comparison_tables.variants(section, comparisons), ['seen', 'unseen', 'hIoU', *_PAIR]),
        'accuracies': table(terminal.accuracies(section), [*terminal.ACCURACIES, 'n']),
        'splits': table(terminal.splits(section)),
        'stages': _right(usage.stages(section), 'stage'),
        'costs': _right(usage.costs(section), 'method', 'seconds'),
        'diagnostics': [(one.title, _right(one.means, *_PLACE), len(one.lines), _right(one.lines, *_PLACE))
                        for one in diagnostics(section)],
        'access': table(access.levels(section)),
        'access_counts': _right(access.counts(section), 'method'),
        'pretraining': _pretraining(section),
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
    if len(set(lines.values())) <= 1:  # nothing is known, or there was no pre-training
        return {'lines': list(lines.values())[:1], 'table': table(pd.DataFrame(list(rows.values())))}
    return {'lines': [f'{split}: {line}' for split, line in lines.items()],
            'table': table(pd.DataFrame(list(rows.values())))}


def _compared(section: Section, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Ranks and pairs of one card and network."""
    compared = [one for one in comparisons if one.rows]
    return {
        'ranks': _right(comparison_tables.ranks(comparisons), 'method'),
        'matrix': table(comparison_tables.matrix(compared)),
        'against': table(comparison_tables.against(comparisons, section.baseline), _PAIR),
        'transductive': _right(comparison_tables.transductive(section, comparisons), 'method', 'against', 'access',
                               'it is'),
        'baseline': section.baseline,
        'ks': ', '.join(one.unit.label for one in compared),
        'pairs': ', '.join(f'{one.count} at K={one.unit.label}' for one in compared),
        'resamples': f'{max((one.resamples for one in comparisons), default=0):,}',
        'without': ', '.join(f'{one.without:,} at K={one.unit.label}' for one in compared if one.without),
    }


def _selections(dataset: Dataset) -> list[dict[str, Any]]:
    """How settings were chosen on a data set, data by data."""
    groups = {data: [one for one in dataset.selections if one.data == data] for data in dataset.data}
    return [{'data': dataset.told(data),
             'overview': table(selections.overview(chosen), ['seen', 'held out', 'hIoU']),
             'details': [selections.details(one) for one in chosen]} for data, chosen in groups.items() if chosen]


def _right(frame: pd.DataFrame, *left: str) -> str:
    return table(frame, [name for name in frame.columns if name not in left])


def _notes(row: Row) -> list[str]:
    return sorted({record.method.note for record in row.records} - {''})


def _methods(dataset: Dataset) -> list[dict[str, str]]:
    """What every method says of itself, once per distinct wording; variants left out."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    rows = [(section.protocol, row) for section in dataset.sections for row in section.plain]
    for protocol, row in sorted(rows, key=lambda item: item[1].method):
        for record in row.records:
            found.setdefault((row.method, record.method.model_dump_json()), {}).setdefault(protocol)
    count = Counter(name for name, _ in found)
    return [{'name': name + (f' ({", ".join(protocols)})' if count[name] > 1 else ''), **json.loads(card)}
            for (name, card), protocols in found.items()]
