"""Writes the pages of a data set: a short one with the leaderboards, and those below it, one for each topic."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.records.selection_pool import pools
from benchmark.reporting import reading
from benchmark.reporting.figures import curves, examples, intervals, pictures
from benchmark.reporting.published import tables as published_tables
from benchmark.reporting.published.facts import load_facts
from benchmark.reporting.published.values import IDENTITY_TOLERANCE
from benchmark.reporting.sections import content
from benchmark.reporting.statistics import reference_tables
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.statistics.repeats import Again
from benchmark.reporting.tables import conditions, selections
from benchmark.reporting.tables.markup import fill, slug, table
from benchmark.reporting.tables.paging import write_parts
from benchmark.reporting.tables.rows import Dataset

#: Pages below that of a data set: file, what it is about, and the part of the content without which it is left out.
#: Those about sections show only the ones that have such a part.
TOPICS = (
    ('reference', 'every cell beside that of the committed reference', 'reference'),
    ('reading', 'what the numbers say, in full', 'reading'),
    ('numbers', 'seen, unseen and overall mIoU, accuracies, cells without numbers', 'unified'),
    ('pairs', 'ranks, and every method against every other', 'resamples'),
    ('variants', 'variants of methods', 'variants'),
    ('classes', 'unseen classes of every K, IoU per class', 'splits'),
    ('cost', 'time and memory', 'stages'),
    ('diagnostics', 'what stages measured of themselves', 'diagnostics'),
    ('protocol', 'protocol cards, and the labels that training has read', 'card'),
    ('published', 'published numbers', 'published'),
    ('settings', 'how settings were chosen', 'selections'),
    ('methods', 'methods, and how they deviate from the papers', 'methods'),
    ('provenance', 'what made the records', 'provenance'))
_FIGURES: Mapping[str, Callable] = {
    'intervals': intervals.at_one_k, 'hiou': curves.hiou_against_k, 'classes': pictures.class_heat_map}


def write_dataset(dataset: Dataset, reports: Path, comparisons: Mapping[str, Sequence[Comparison]],
                  data_root: Path | None = None, reference: Sequence[Again] = ()) -> list[Path]:
    """Writes the figures and the pages of one data set, which may never have been run.

    Args:
        dataset (Dataset): its records.
        reports (Path): where to.
        comparisons (Mapping): slug of a section -> its comparisons.
        data_root (Path, optional): where photographs of published data sets may be, see `examples.example_panel`.
        reference (Sequence[Again]): its finished cells beside those of the reference; none on the reference's own page.

    Returns:
        list[Path]: figures, the pages below, and the page of the data set with its further parts, if any.
    """
    written: list[Path] = []
    sections = []
    figures = {**_FIGURES, 'examples': partial(examples.example_panel, data_root=data_root)}
    for section in dataset.sections:
        drawn = {}
        for name, draw in figures.items():
            path = reports / 'figures' / f'{section.slug}-{name}.png'
            if draw(section, path):
                written.append(path)
                drawn[name] = f'figures/{path.name}'
        sections.append(content(section, drawn, comparisons[section.slug]))
    name, below = slug(dataset.name), _content(dataset, sections, reference)
    links = []
    for topic, what, part in TOPICS:
        shown = [section for section in sections if section.get(part)]
        if below.get(part) or shown:
            text = fill(f'{topic}.md.j2', what=what, page=f'{name}.md', **{**below, 'sections': shown})
            written += write_parts(reports / name / f'{topic}.md', text)
            links.append((f'{name}/{topic}.md', f'{what[0].upper()}{what[1:]}'))
    written += write_parts(reports / f'{name}.md', fill('dataset.md.j2', links=links, folder=name, **below))
    return [*written]


def _content(dataset: Dataset, sections: Sequence[dict[str, Any]], reference: Sequence[Again]) -> dict[str, Any]:
    """Everything that any page shows of a data set; empty what there is not."""
    known = load_facts().datasets.get(dataset.name)
    title = conditions.data_title(dataset.records) or (known.title if known else '')
    return {
        'name': dataset.name, 'title': title if title != dataset.name else '', 'sections': sections,
        'notes': conditions.data_notes(dataset.records), 'data': conditions.several_data(dataset),
        'seeds': conditions.seeds(dataset.records), 'leak': (leak := reading.leak(dataset)), 'reading': leak,
        'published': published_tables.of_dataset(dataset), 'identity_tolerance': IDENTITY_TOLERANCE,
        'reference': reference_tables.told(reference, dataset.records),
        'selections': _selections(dataset), 'methods': _methods(dataset),
        'provenance': [(dataset.told(data), conditions.provenance(records)) for data in dataset.data
                       if (records := dataset.of(data))]}


def _selections(dataset: Dataset) -> list[dict[str, Any]]:
    """How settings were chosen on a data set, data by data: what serves several splits first, then each by K."""
    groups = {data: [one for one in dataset.selections if one.data == data] for data in dataset.data}
    return [{'data': dataset.told(data),
             'overview': table(selections.overview(chosen), ['seen', 'held out', 'hIoU'], keys=2),
             'details': [selections.details(one) for one in chosen]}
            for data, own in groups.items() if own for chosen in [[*pools(own), *sorted(own, key=lambda one: (
                one.method, len(one.unseen), one.split, list(one.grid)))]]]


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
