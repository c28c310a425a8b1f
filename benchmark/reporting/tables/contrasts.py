"""Which methods are set against which in words, by what they say of themselves.

Methods of different settings are no rivals: one has seen more images. Only `across_settings` pairs them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from benchmark.records.files import MethodCard

#: Name of a method -> what it says of itself.
Cards = Mapping[str, MethodCard]


#: Setting of the methods that train on images with an unseen class, without their labels.
TRANSDUCTIVE = 'transductive'


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
    """What is told of pairs of one setting, generators and their controls aside.

    First those that show something, and of these the ones of a method that continues another; then the rest, by name,
    among them all others against the baseline. A pair is told once.
    """
    told = {frozenset(pair[:2]) for pair in generators(cards)}
    against, found = baseline(cards), []
    for first in sorted(cards):
        for second in (*cards[first].compared_with, *([against] if against else [])):
            pair = frozenset((first, second))
            if second in cards and _alike(cards, *pair) and len(pair) == 2 and pair not in told:
                told.add(pair)
                found.append(Contrast(first, second, cards[first].shows.get(second, '')))
    showing = [one for one in found if one.shows]
    return [*sorted(showing, key=lambda one: (not cards[one.first].continues, one.shows, one)),
            *sorted(one for one in found if not one.shows)]


def generators(cards: Cards) -> list[Contrast]:
    """Inductive generators against their controls, inductive methods that make no features; baseline first."""
    against = baseline(cards)
    order = sorted(cards, key=lambda name: (name != against, not cards[name].shows, name))
    return [Contrast(first, second) for first in order for second in cards[first].compared_with
            if second in cards and _is_control(cards, first, second)
            and not any(cards[name].setting == TRANSDUCTIVE for name in (first, second))]


def across_settings(cards: Cards) -> list[Contrast]:
    """Methods against those of another setting that they continue: directly, or further back if compared with them."""
    found = []
    for first, card in sorted(cards.items()):
        start, passed = card.continues, {first}
        while start in cards and start not in passed:
            if not _alike(cards, first, start) and start in (card.continues, *card.compared_with):
                found.append(Contrast(first, start, card.shows.get(start, '')))
            passed.add(start)
            start = cards[start].continues
    return found


def continued(cards: Cards) -> list[Contrast]:
    """Generators of one setting that train another one further, against that one."""
    return [Contrast(name, card.continues) for name, card in sorted(cards.items())
            if card.generates and card.continues in cards and cards[card.continues].generates
            and _alike(cards, name, card.continues)]


def title(cards: Cards, name: str) -> str:
    """What a method is called in papers, or else here."""
    return cards[name].title or name


def _alike(cards: Cards, *names: str) -> bool:
    """Whether methods are of one setting."""
    return len({cards[name].setting for name in names}) == 1


def _is_control(cards: Cards, first: str, second: str) -> bool:
    return cards[first].generates and not cards[second].generates
