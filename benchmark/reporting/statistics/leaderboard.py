"""Leaderboards: who comes first by hIoU at every K, how far ahead of the next, whether that is noise, at which cost.

Methods of different settings are ranked apart, since one has seen more images. Floor, ceiling and controls stand below,
without a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from benchmark.records.values import NONE, number
from benchmark.reporting.statistics.pairs import NOISE, UNKNOWN, Comparison, Pair
from benchmark.reporting.tables import usage
from benchmark.reporting.tables.markup import escape
from benchmark.reporting.tables.rows import Row, Section, Unit
from benchmark.reporting.tables.terminal import interval, missing_text
from benchmark.stats import summarise

#: Verdict of a pair in few words; better and worse is what the sign of the difference says.
SHORT = {'better': 'beyond noise', 'worse': 'beyond noise', NOISE: 'within noise', UNKNOWN: 'not known'}
IMAGES_ONLY = 'over images only'
#: Mark of a mean that is above the next lower one of its K and setting.
MARKS = {'beyond noise': '▲', IMAGES_ONLY: '△'}


@dataclass(frozen=True)
class Place:
    """A method in the ranking of a K.

    Attributes:
        lead: its difference to the next lower method of the ranking; None for the last, or without a seed in common.
    """

    row: Row
    lead: Pair | None = None


@dataclass(frozen=True)
class Standing:
    """The ranking of the methods of one setting at one K, best first; `silent` are those without an hIoU."""

    unit: Unit
    setting: str
    places: list[Place]
    silent: list[Row] = field(default_factory=list)


def verdict(pair: Pair) -> str:
    """What became of a pair, in few words."""
    return IMAGES_ONLY if 'over images only' in pair.verdict else SHORT[pair.beyond]


def settings(section: Section) -> list[str]:
    """The settings of the methods that are ranked."""
    return sorted({row.card.setting for row in _ranked(section)})


def standings(section: Section, comparisons: Sequence[Comparison], setting: str) -> list[Standing]:
    """The rankings of one setting, by K; without the K that have no method of it."""
    found = []
    for one in comparisons:
        rows = [row for row in _ranked(section) if row.unit == one.unit and row.card.setting == setting]
        scored = sorted((row for row in rows if row.scored), key=_mean, reverse=True)
        pairs = [one.pairs.get((row.label, after.label)) for row, after in pairwise(scored)]
        places = [Place(row, pair) for row, pair in zip(scored, [*pairs, None], strict=False)]
        if rows:
            found.append(Standing(one.unit, setting, places, [row for row in rows if not row.scored]))
    return found


def all_standings(section: Section, comparisons: Sequence[Comparison]) -> list[Standing]:
    """The rankings of all settings, by setting and K."""
    return [one for setting in settings(section) for one in standings(section, comparisons, setting)]


def answers(section: Section, found: Sequence[Standing]) -> pd.DataFrame:
    """The first of every K, by how much, whether that is noise, and what it costs; plain text."""
    return pd.DataFrame([{
        'K': one.unit.label, 'best': first.row.label, 'hIoU': interval(first.row.summary('hiou')),
        'ahead of the next': _ahead(first), 'is it noise?': _noise(first), 'cost, s': cost(section, first.row)}
        for one in found for first in one.places[:1]])


def best(section: Section, found: Sequence[Standing]) -> pd.DataFrame:
    """`answers` as escaped Markdown."""
    frame = answers(section, found).map(escape)
    return frame.assign(best=[f'**{label}**' for label in frame['best']])


def overview(section: Section, found: Sequence[Standing]) -> pd.DataFrame:
    """Method x K: hIoU, the best of a K in bold, marked where it is ahead of the next lower; escaped Markdown.

    Best mean over K first, methods that miss a K last; the seconds are means over K.
    """
    cells: dict[str, dict[Unit, str]] = {}
    rows: dict[str, list[Row]] = {}
    for one in found:
        for rank, place in enumerate(one.places):
            text = interval(place.row.summary('hiou'))
            mark = MARKS.get(verdict(place.lead), '') if place.lead else ''
            cells.setdefault(place.row.label, {})[one.unit] = ' '.join(
                filter(None, (text if rank else f'**{text}**', mark)))
            rows.setdefault(place.row.label, []).append(place.row)
    return pd.DataFrame([{'method': escape(label), **{
        f'K={escape(one.unit.label)}': cells[label].get(one.unit, NONE) for one in found},
        'cost, s': _mean_seconds(section, rows[label])} for label in order(found)])


def order(found: Sequence[Standing]) -> list[str]:
    """Labels of the methods, best mean over K first, those that miss a K last."""
    means: dict[str, list[float]] = {}
    for place in (place for one in found for place in one.places):
        means.setdefault(place.row.label, []).append(_mean(place.row))
    return sorted(means, key=lambda label: (-len(means[label]), -summarise(means[label]).mean))


def context(section: Section) -> pd.DataFrame:
    """Floor, controls and ceiling x K, which have no place; escaped Markdown."""
    rows = [row for row in section.plain if row.scored and not _is_ranked(row)]
    labels = [label for label in section.labels if any(row.label == label for row in rows)]
    return pd.DataFrame([{'without a place': next(
        f'{escape(label)} ({_role(row)})' for row in rows if row.label == label), **{
        f'K={escape(unit.label)}': next((interval(row.summary('hiou')) for row in rows
                                         if row.label == label and row.unit == unit), NONE)
        for unit in section.units},
        'cost, s': _mean_seconds(section, [row for row in rows if row.label == label])} for label in labels])


def of_unit(section: Section, unit: Unit, found: Sequence[Standing]) -> pd.DataFrame:
    """The rankings of a K, a setting after the other, then floor, controls and ceiling; escaped Markdown."""
    lines = [{'rank': str(rank), 'method': escape(place.row.label), 'setting': escape(one.setting),
              **_scores(place.row), **_lead(place), **_cost(section, place.row)}
             for one in found if one.unit == unit for rank, place in enumerate(one.places, start=1)]
    others = [row for row in section.plain if row.unit == unit and row.scored and not _is_ranked(row)]
    return pd.DataFrame([*lines, *({
        'rank': '', 'method': escape(row.label), 'setting': group(row), **_scores(row), 'lead': '',
        'verdict': '', **_cost(section, row)} for row in others)])


def whole(section: Section, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """`of_unit` of all K, one after the other."""
    found = all_standings(section, comparisons)
    frames = [(unit, of_unit(section, unit, found)) for unit in section.units]
    return pd.concat([frame.assign(K=escape(unit.label))[['K', *frame.columns]]
                      for unit, frame in frames if not frame.empty] or [pd.DataFrame()], ignore_index=True)


def silent(section: Section, unit: Unit, found: Sequence[Standing]) -> list[str]:
    """The rows of a K that have no hIoU, ranked or not, and why."""
    absent = 'no pixel of an unseen, or of a seen class'
    rows = [row for one in found if one.unit == unit for row in one.silent]
    rows += [row for row in section.plain if row.unit == unit and not row.scored and not _is_ranked(row)]
    return [f'{row.label} ({missing_text(row) or absent})' for row in rows]


def main_section(sections: Sequence[Section]) -> Section:
    """The section with the most methods to rank; the first of several."""
    return max(sections, key=lambda section: len({row.label for row in _ranked(section)}))


def group(row: Row) -> str:
    """With what a row stands: its setting, or why it has no place: floor, control or ceiling."""
    return row.card.setting if _is_ranked(row) else 'control' if row.card.controls else row.card.role


def _is_ranked(row: Row) -> bool:
    return row.card.role == 'method' and not row.card.controls


def _ranked(section: Section) -> list[Row]:
    return [row for row in section.plain if _is_ranked(row)]


def _mean(row: Row) -> float:
    return row.summary('hiou').mean


def _role(row: Row) -> str:
    """Why a row has no place."""
    return f'control of {escape(row.card.controls)}' if row.card.controls else row.card.role


def _scores(row: Row) -> dict[str, str]:
    return {'hIoU': interval(row.summary('hiou')), 'seen': number(_of(row, 'seen.miou')),
            'unseen': number(_of(row, 'unseen.miou'))}


def _of(row: Row, score: str) -> float | None:
    summary = row.summary(score)
    return summary and summary.mean


def signed(pair: Pair) -> str:
    """The difference of a pair over seeds, with a sign."""
    text = interval(pair.over_seeds)
    return text if text.startswith('-') else f'+{text}'


def _lead(place: Place) -> dict[str, str]:
    return {'lead': signed(place.lead) if place.lead else NONE, 'verdict': verdict(place.lead) if place.lead else NONE}


def _ahead(place: Place) -> str:
    return f'{signed(place.lead)} over {place.lead.second.label}' if place.lead else NONE


def _noise(place: Place) -> str:
    """Whether a lead is noise, as an answer."""
    if place.lead is None:
        return NONE
    return {'beyond noise': 'no, beyond noise', 'within noise': 'may be, within noise',
            IMAGES_ONLY: 'may be, over images only'}.get(verdict(place.lead), 'not known')


def _cost(section: Section, row: Row) -> dict[str, str]:
    return {'cost, s': cost(section, row), 'n': str(len(row.scored))}


def cost(section: Section, row: Row) -> str:
    """Seconds on top of the shared network."""
    return _rounded(usage.beyond_network(section, row))


def _mean_seconds(section: Section, rows: Sequence[Row]) -> str:
    found = [seconds for row in rows if (seconds := usage.beyond_network(section, row)) is not None]
    return _rounded(summarise(found).mean if found else None)


def _rounded(seconds: float | None) -> str:
    return number(seconds, 0 if seconds is not None and seconds >= 10 else 1)
