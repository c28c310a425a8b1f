"""Ranks and pairs of methods as data frames of ready-made text."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmark.records.values import NONE, number
from benchmark.reporting.statistics.pairs import NOISE, Comparison, Pair
from benchmark.reporting.statistics.ranks import Rank, averages, ranking
from benchmark.reporting.tables import usage
from benchmark.reporting.tables.rows import Row, Section
from benchmark.reporting.tables.terminal import SCORES, interval

#: Columns that tell what became of a pair.
PAIR = ('difference', 'over images', 'p', 'p, Holm', 'n', 'it is')
#: Mark of a difference that is smaller than its interval is wide.
WIDE = '(wide)'
#: Reading of a pair -> its mark in the matrix.
MARKS = {'better': '▲', 'worse': '▼', 'better over images': '△', 'worse over images': '▽', NOISE: '·'}


def ranks(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Mean rank with interval for every K and on average; best average first, methods that miss a K last."""
    found = [one for one in map(ranking, comparisons) if one]
    if not found:
        return pd.DataFrame()
    average = averages(found)
    labels = dict.fromkeys([*average, *(label for one in found for label in one.ranks)])
    several = len(found) > 1
    return pd.DataFrame([{
        'method': label,
        **{f'K={one.unit.label} (of {len(one.ranks)}, n = {len(one.seeds)})': _rank(one.ranks.get(label))
           for one in found},
        **({'mean over K': _rank(average.get(label))} if several else {})} for label in labels])


def _rank(rank: Rank | None) -> str:
    if rank is None:
        return NONE
    low_high = rank.interval
    return number(rank.mean) + (f' [{number(low_high[0])}, {number(low_high[1])}]' if low_high else '')


def matrix(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Every method against every other, one mark per K: the method of the line against that of the column."""
    labels = sorted({row.label for one in comparisons for row in one.rows})
    if not any(one.pairs for one in comparisons):
        return pd.DataFrame()
    return pd.DataFrame([{'method': first, **{
        second: ' '.join(_mark(one.pairs.get((first, second))) for one in comparisons) if first != second else ''
        for second in labels}} for first in labels])


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """A matrix of methods with numbers for names above the columns, so that many fit beside each other."""
    if frame.empty:
        return frame
    numbers = {label: str(number) for number, label in enumerate(frame['method'], start=1)}
    return frame.assign(method=[f'{numbers[label]} {label}' for label in frame['method']]).rename(columns=numbers)


def _mark(pair: Pair | None) -> str:
    if pair is None:
        return NONE
    only = f'{pair.of_images} over images' if 'over images only' in pair.verdict else pair.verdict
    return MARKS.get(only, '?')


def against(comparisons: Sequence[Comparison], baseline: str) -> pd.DataFrame:
    """All methods against one, in full; empty without it."""
    return full([pair for one in comparisons for row in one.rows if (pair := one.between(row.method, baseline))])


def variants(section: Section, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Scores of the variants, and each minus the row of the same method with its own settings."""
    pairs = {(one.unit, pair.second.label): pair.reverse() for one in comparisons for pair in one.variants}
    return pd.DataFrame([{
        'K': row.unit.label, 'variant': row.label, **_scores(row), **_compared(pairs.get((row.unit, row.label)))}
        for row in section.rows if row not in section.plain and row.done])


def transductive(section: Section, comparisons: Sequence[Comparison]) -> list[tuple[str, pd.DataFrame]]:
    """Transductive methods against each other, with what both cost: which two at which access, and a line per K."""
    found: dict[str, list[Pair]] = {}
    for pair in (pair for one in comparisons for pair in one.transductive):
        differs = '' if pair.first.access == pair.second.access else ' (differs)'
        what = f'{pair.first.label} against {pair.second.label}, access {access(pair)}{differs}'
        found.setdefault(what, []).append(pair)
    return [(what, pd.DataFrame([{
        'K': pair.first.unit.label, 'hIoU': interval(pair.first.summary('hiou')),
        'hIoU of the other': interval(pair.second.summary('hiou')), 'difference': _difference(pair),
        'it is': _verdict(pair), 's': number(usage.beyond_network(section, pair.first)),
        's of the other': number(usage.beyond_network(section, pair.second))} for pair in pairs]))
        for what, pairs in found.items()]


def access(pair: Pair) -> str:
    """What both methods of a pair read of unseen labels, or each of them if that differs."""
    levels = dict.fromkeys(row.card.reads_unseen_gt for row in (pair.first, pair.second))
    return ' against '.join(levels)


def _scores(row: Row) -> dict[str, str]:
    return {name: interval(row.summary(score)) for name, score in SCORES.items() if name != 'overall'}


def full(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Pairs line by line."""
    return pd.DataFrame([{'K': pair.first.unit.label, 'method': pair.first.label, **_compared(pair)}
                         for pair in pairs])


def _compared(pair: Pair | None) -> dict[str, str]:
    if pair is None:
        return dict.fromkeys(PAIR, NONE)
    images = pair.over_images
    texts = (_difference(pair), f'[{number(images.low)}, {number(images.high)}]' if images else NONE,
             _probability(images.p) if images else NONE, _probability(images.holm) if images else NONE,
             str(len(pair.seeds)), _verdict(pair))
    return dict(zip(PAIR, texts, strict=True))


def _verdict(pair: Pair) -> str:
    """What the first of a pair is, in few words."""
    return f'{pair.of_images} over images only' if 'over images only' in pair.verdict else pair.verdict


def _difference(pair: Pair) -> str:
    return interval(pair.over_seeds) + (f' {WIDE}' if pair.over_seeds.wide else '')


def _probability(value: float) -> str:
    return '< 0.001' if value < 0.001 else f'{value:.3f}'
