"""Which methods are set against which in words, by what they say of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from benchmark.records.files import MethodCard

#: Name of a method -> what it says of itself.
Cards = Mapping[str, MethodCard]


class Contrast(NamedTuple):
    """Two methods, and what the difference of them shows; '' if nothing in particular."""

    first: str
    second: str
    shows: str = ''


def baseline(cards: Cards) -> str:
    """The method that most others are compared with: all are set against it in full; '' if there is none.

    That generators are compared with what makes no features, their control, does not count.
    """
    votes = Counter(second for first, card in cards.items() for second in card.compared_with
                    if second in cards and not _is_control(cards, first, second))
    return min(votes, key=lambda name: (-votes[name], name), default='')


def contrasts(cards: Cards) -> list[Contrast]:
    """What is told of pairs, generators and their controls aside.

    First those that show something, and of these the ones of a method that continues another; then the rest, by name,
    among them all others against the baseline. A pair is told once.
    """
    told = {frozenset(pair[:2]) for pair in generators(cards)}
    against, found = baseline(cards), []
    for first in sorted(cards):
        for second in (*cards[first].compared_with, *([against] if against else [])):
            pair = frozenset((first, second))
            if second in cards and len(pair) == 2 and pair not in told:
                told.add(pair)
                found.append(Contrast(first, second, cards[first].shows.get(second, '')))
    showing = [one for one in found if one.shows]
    return [*sorted(showing, key=lambda one: (not cards[one.first].continues, one.shows, one)),
            *sorted(one for one in found if not one.shows)]


def generators(cards: Cards) -> list[Contrast]:
    """Generators against their controls, the methods they are compared with that make no features; baseline first."""
    against = baseline(cards)
    order = sorted(cards, key=lambda name: (name != against, not cards[name].shows, name))
    return [Contrast(first, second) for first in order for second in cards[first].compared_with
            if second in cards and _is_control(cards, first, second)]


def continued(cards: Cards) -> list[Contrast]:
    """Generators of one setting that train another one further, against that one."""
    return [Contrast(name, card.continues) for name, card in sorted(cards.items())
            if card.generates and (start := cards.get(card.continues or '')) and start.generates
            and start.setting == card.setting]


def title(cards: Cards, name: str) -> str:
    """What a method is called in papers, or else here."""
    return cards[name].title or name


def _is_control(cards: Cards, first: str, second: str) -> bool:
    return cards[first].generates and not cards[second].generates
