"""What the page in the browser shows, as plain data: the numbers and verdicts of the leaderboards, never new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.records.files import Record
from benchmark.records.values import number
from benchmark.reporting.html.gallery import gallery
from benchmark.reporting.html.sources import Sources
from benchmark.reporting.statistics import leaderboard
from benchmark.reporting.statistics.leaderboard import Place, Standing
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables import conditions, usage
from benchmark.reporting.tables.markup import slug, visible
from benchmark.reporting.tables.rows import Dataset, Row, Section, Unit
from benchmark.reporting.tables.terminal import interval, missing_text, status_text

_SCORES = {'seen': 'seen.miou', 'unseen': 'unseen.miou', 'hiou': 'hiou'}


def content(datasets: Sequence[Dataset], comparisons: Mapping[str, Sequence[Comparison]]) -> dict[str, Any]:
    """All of it.

    Args:
        datasets (Sequence[Dataset]): those that were run, in the order in which they are shown.
        comparisons (Mapping): slug of a section -> its comparisons.
    """
    sources = Sources()
    return {'sections': [_section(dataset, section, comparisons[section.slug], sources)
                         for dataset in datasets for section in dataset.sections],
            'sources': sources.listed}


def _section(dataset: Dataset, section: Section, comparisons: Sequence[Comparison],
             sources: Sources) -> dict[str, Any]:
    standings = {setting: leaderboard.standings(section, comparisons, setting)
                 for setting in leaderboard.settings(section)}
    places = {id(place.row): (rank, place) for found in standings.values() for one in found
              for rank, place in enumerate(one.places, start=1)}
    classes = list(dict.fromkeys(name for row in section.rows for record in row.done for name in record.classes))
    return {
        'dataset': visible(dataset.name), 'title': visible(section.title), 'page': f'{slug(dataset.name)}.md',
        'main': section is leaderboard.main_section(dataset.sections),
        'about': visible(conditions.about(dataset, section)),
        'notes': [visible(note) for note in conditions.data_notes(dataset.records)],
        'units': [visible(unit.label) for unit in section.units],
        'unseen': [[place for place, name in enumerate(classes) if name in _unseen(section, unit)]
                   for unit in section.units],
        'classes': [visible(name) for name in classes],
        'boards': [_board(section, setting, found) for setting, found in standings.items()
                   if any(one.places for one in found)],
        'rows': [_row(section, row, classes, *places.get(id(row), (None, None)), sources) for row in section.rows],
        'gallery': gallery(section, classes)}


def _board(section: Section, setting: str, found: Sequence[Standing]) -> dict[str, Any]:
    """Who comes first at every K, as on the front page."""
    answered = [one for one in found if one.places]
    lines = leaderboard.answers(section, answered).map(visible).to_dict('records')
    return {'setting': visible(setting), 'headline': visible(headline(answered)),
            'order': [visible(label) for label in leaderboard.order(answered)],
            'lines': [{**line, 'unit': section.units.index(one.unit),
                       'verdict': leaderboard.verdict(lead) if (lead := one.places[0].lead) else ''}
                      for one, line in zip(answered, lines, strict=True)]}


def headline(found: Sequence[Standing]) -> str:
    """Who comes first, and how often that is more than noise, in a line."""
    first: dict[str, list[str]] = {}
    for one in found:
        first.setdefault(one.places[0].row.label, []).append(one.unit.label)
    leads = [leaderboard.verdict(lead) for one in found if (lead := one.places[0].lead)]
    names = '; '.join(f'{label} at {"every K" if len(first) == 1 and len(units) > 1 else "K=" + ", ".join(units)}'
                      for label, units in first.items())
    if not leads:
        return f'Highest: {names}; nobody to compare with'
    beyond = leads.count('beyond noise')
    return f'Highest: {names}. Lead beyond noise at {beyond or "none"} of {len(leads)} K'


def _unseen(section: Section, unit: Unit) -> set[str]:
    return set().union(*(row.unseen for row in section.of(unit)))


def _row(section: Section, row: Row, classes: Sequence[str], rank: int | None, place: Place | None,
         sources: Sources) -> dict[str, Any]:
    """A line of the table, with what a click on it shows."""
    lead, means = place and place.lead, row.class_iou()
    return {
        'unit': section.units.index(row.unit), 'method': visible(row.label), 'about': visible(row.card.summary),
        'group': leaderboard.group(row), 'setting': visible(row.card.setting), 'variant': row.variant,
        'rank': rank, **{name: _score(row, score) for name, score in _SCORES.items()},
        'lead': visible(f'{leaderboard.signed(lead)} over {lead.second.label}') if lead else '',
        'ahead': _rounded(lead.over_seeds.mean) if lead else None,
        'verdict': leaderboard.verdict(lead) if lead else '', 'n': len(row.scored),
        'cost': leaderboard.cost(section, row), 'seconds': _rounded(usage.beyond_network(section, row)),
        'missing': visible(missing_text(row)), 'iou': [_rounded(means.get(name)) for name in classes],
        'cells': [_cell(section, row, record, sources) for record in row.records]}


def _score(row: Row, score: str) -> dict[str, Any] | None:
    """Mean and half-width in percent, and both as all pages write them."""
    summary = row.summary(score)
    return summary and {'mean': _rounded(summary.mean), 'half': _rounded(summary.half_width),
                        'text': interval(summary)}


def _cell(section: Section, row: Row, record: Record, sources: Sources) -> dict[str, Any]:
    """One seed."""
    found = {'seed': record.cell.seed, 'key': visible(record.key), 'source': sources.place(record)}
    if record not in row.done:
        return found | {'why': visible(status_text(record))}
    metrics = record.metrics
    scores = zip(_SCORES, (metrics.seen.miou, metrics.unseen.miou, metrics.hiou), strict=True)
    return found | {name: number(value) for name, value in scores} | {
        'seconds': number(usage.seconds_beyond_network(section, row, record))}


def _rounded(value: float | None) -> float | None:
    """A number for sorting and drawing; those to read are texts already."""
    return None if value is None else round(value, 3)
