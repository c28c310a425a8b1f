"""What the numbers of one card and network say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmark.records.files import MethodCard
from benchmark.records.values import NONE, number
from benchmark.reporting.reading.extent import best, decided, extent, wide
from benchmark.reporting.reading.words import Told, by_rows, tell, with_means
from benchmark.reporting.statistics.comparison_tables import access
from benchmark.reporting.statistics.pairs import UNKNOWN, Comparison, Pair
from benchmark.reporting.tables import usage
from benchmark.reporting.tables.contrasts import (
    TRANSDUCTIVE,
    Cards,
    Contrast,
    across_settings,
    continued,
    contrasts,
    generators,
    title,
)
from benchmark.reporting.tables.rows import Row, Section


class Part(NamedTuple):
    """Sentences on one subject, with its heading; '' if they need none."""

    heading: str
    lines: list[str]


def of_section(section: Section, comparisons: Sequence[Comparison]) -> list[Part]:
    """Sentences by subject; none without two methods that have finished cells.

    Inductive methods are compared with inductive ones, transductive with transductive ones. What a method adds to one
    of another setting that it continues stands apart.
    """
    comparisons = [one for one in comparisons if one.rows]
    if not any(one.pairs for one in comparisons):
        return []
    cards = _cards(comparisons)
    inductive, transductive, across, controls = findings(comparisons)
    regressions = _of_contrasts(generators(cards), comparisons)
    parts = [
        Part('', [*extent(comparisons), decided(comparisons),
                  *wide(comparisons, [*inductive, *transductive, *across, *controls, *regressions]),
                  *best(comparisons)]),
        Part('Inductive methods', [*_sentences(inductive), *_continued(cards, comparisons),
                                   *_generators(regressions)]),
        Part('Transductive methods, with the seconds that each takes on top of the shared network',
             [f'{one.sentence}; {_cost(section, one)}.' for one in transductive]),
        Part('What unlabelled images add: transductive methods against the inductive ones that they continue, no '
             'ranking', _sentences(across)),
        Part('What a term of the loss adds: methods against their controls, the same without that term',
             _sentences(controls)),
        Part('Other variants', _variants(comparisons))]
    return [part for part in parts if part.lines]


class Findings(NamedTuple):
    """What is compared in words: within a setting, across settings, and methods with their controls."""

    inductive: list[Told]
    transductive: list[Told]
    across: list[Told]
    controls: list[Told]


def findings(comparisons: Sequence[Comparison]) -> Findings:
    """All comparisons of K that have methods, with their means over K, which are one family."""
    cards = _cards(comparisons)
    rivals = [contrast for contrast in contrasts(cards) if cards[contrast.first].setting != TRANSDUCTIVE]
    groups = [_of_contrasts(rivals, comparisons), _transductive(cards, comparisons),
              _of_contrasts(across_settings(cards), comparisons), _controls(comparisons)]
    together = iter(with_means([one for group in groups for one in group], comparisons))
    return Findings(*([next(together) for _ in group] for group in groups))


def _cards(comparisons: Sequence[Comparison]) -> dict[str, MethodCard]:
    return {row.method: row.card for one in comparisons for row in one.rows}


def _sentences(told: Iterable[Told]) -> list[str]:
    return [f'{one.sentence}.' for one in told]


def _of_contrasts(found: Iterable[Contrast], comparisons: Sequence[Comparison]) -> list[Told]:
    """Contrasts of methods with their own settings, those without a pair left out."""
    told = [Told(_between(contrast, comparisons), contrast.shows) for contrast in found]
    return [one for one in told if one.pairs]


def _between(contrast: Contrast, comparisons: Sequence[Comparison]) -> list[Pair]:
    return [pair for one in comparisons if (pair := one.between(contrast.first, contrast.second))]


def _transductive(cards: Cards, comparisons: Sequence[Comparison]) -> list[Told]:
    """Transductive methods against each other, at equal access where there are rows for it."""
    return [Told(pairs, _at(pairs[0], cards[pairs[0].first.method].shows.get(pairs[0].second.method, '')))
            for pairs in by_rows(pair for one in comparisons for pair in one.transductive)]


def _at(pair: Pair, shows: str) -> str:
    """What a difference of transductive methods shows, and at which access to labels of unseen classes."""
    equal = pair.first.access == pair.second.access
    text = f'{"at equal access" if equal else "although access differs"}: {access(pair)}'
    return f'{shows}, {text}' if shows else text


def _cost(section: Section, told: Told) -> str:
    """What both methods take at every K."""
    def seconds(row: Row) -> str:
        value = usage.beyond_network(section, row)
        return NONE if value is None else number(value)

    return 'seconds ' + ', '.join(f'{seconds(pair.first)} against {seconds(pair.second)} at K={pair.first.unit.label}'
                                  for pair in told.pairs)


def _controls(comparisons: Sequence[Comparison]) -> list[Told]:
    """Methods, or variants of them, against the same without a term of the loss."""
    return [Told(pairs, pairs[0].first.card.shows.get(pairs[0].second.method, 'what the term adds'))
            for pairs in by_rows(pair for one in comparisons for pair in one.controls)]


def _variants(comparisons: Sequence[Comparison]) -> list[str]:
    """Of variants that are no controls, those that differ from their method beyond noise."""
    controls = {pair.second.label for one in comparisons for pair in one.controls}
    groups = by_rows(pair for one in comparisons for pair in one.variants if pair.second.label not in controls)
    differ = [f'{pairs[0].second.label}: {tell(found)}' for pairs in groups
              if (found := [pair.reverse() for pair in pairs if pair.beyond in ('better', 'worse')])]
    return [f'Variants that differ from their method beyond noise, {len(differ)} of {len(groups)}: '
            + (' | '.join(differ) or 'none') + '.'] if groups else []


def _continued(cards: Cards, comparisons: Sequence[Comparison]) -> list[str]:
    """Whether an inductive generator that was trained further beats what it started from, said plainly."""
    lines = []
    for contrast in continued(cards):
        pairs = _between(contrast, comparisons)
        if not pairs or cards[contrast.first].setting == TRANSDUCTIVE:
            continue
        won, lost, unknown = ([f'K={pair.first.unit.label}' for pair in pairs if pair.beyond == word]
                              for word in ('better', 'worse', UNKNOWN))
        first, second = (title(cards, name) for name in contrast[:2])
        where = 'every K' if len(won) == len(pairs) else f'{", ".join(won)} and at no other K'
        text = f'{first} beats {second} beyond noise at {where}' if won else \
            f'{first} does not beat {second} beyond noise at any K'
        text += f'; at {", ".join(lost)} it is worse beyond noise' if lost else ''
        lines.append(text + (f'; noise is not known at {", ".join(unknown)}' if unknown else '') + '.')
    return lines


def _generators(told: Sequence[Told]) -> list[str]:
    """Whether inductive generators beat what does without one."""
    lines = []
    for second in dict.fromkeys(one.pairs[0].second.label for one in told):
        found = [one for one in told if one.pairs[0].second.label == second]
        lines += [f'Generator against {second} ({one.what}): {tell(one.pairs)}.' for one in found]
        if not any(pair.beyond == 'better' for one in found for pair in one.pairs):
            lines.append(f'No inductive generator beats {second} beyond noise at any K.')
    return lines
