"""How a comparison is put in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmark.reporting.statistics.leaderboard import signed
from benchmark.reporting.statistics.pairs import NOISE, UNKNOWN, Comparison, Pair, correct, over_units

#: Order in which a sentence tells what was found at which K.
_ORDER = ('better beyond noise', 'better over images only', NOISE, 'noise not known', 'worse over images only',
          'worse beyond noise')


@dataclass(frozen=True)
class Told:
    """Two rows that are compared in words.

    Attributes:
        pairs: at every K that has them, at least one.
        shows: what the difference shows; '' if nothing in particular.
        mean: of the differences over all K; None if a K lacks the pair, or there is one K only.
    """

    pairs: Sequence[Pair]
    shows: str = ''
    mean: Pair | None = None

    @property
    def what(self) -> str:
        """The difference that is told of."""
        return f'{self.pairs[0].first.label} − {self.pairs[0].second.label}'

    @property
    def sentence(self) -> str:
        """What the difference is at every K, and on average; without a full stop."""
        mean = f'; mean over K {signed(self.mean)}, {_word(self.mean)}' if self.mean else ''
        shows = f'{self.shows[0].upper()}{self.shows[1:]} ({self.what})' if self.shows else self.what
        return f'{shows}: {tell(self.pairs)}{mean}'


def average(told: Told, pair: Pair) -> str:
    """What a difference is on average, in short; without a full stop."""
    shows = f'{told.shows} ({told.what})' if told.shows else told.what
    return f'{shows} {signed(pair)}, {_word(pair)}'


def with_means(told: Sequence[Told], comparisons: Sequence[Comparison]) -> list[Told]:
    """Adds the means over K, one family of Holm's correction."""
    if len(comparisons) < 2:
        return list(told)
    means = [over_units(comparisons, one.pairs) for one in told]
    corrected = iter(correct(means))
    return [replace(one, mean=mean and next(corrected)) for one, mean in zip(told, means, strict=True)]


def by_rows(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Puts the pairs of all K together that are of the same two rows."""
    found: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        found.setdefault((pair.first.label, pair.second.label), []).append(pair)
    return list(found.values())


def tell(pairs: Sequence[Pair]) -> str:
    """What pairs of different K say, grouped by verdict, with the differences in hIoU."""
    groups = {word: [pair for pair in pairs if _word(pair) == word] for word in _ORDER}
    return '; '.join(
        f'{word} at ' + ', '.join(f'K={pair.first.unit.label} ({signed(pair)})' for pair in found)
        for word, found in groups.items() if found)


def _word(pair: Pair) -> str:
    if pair.beyond in ('better', 'worse'):
        return f'{pair.beyond} beyond noise'
    if pair.of_images in ('better', 'worse'):
        return f'{pair.of_images} over images only'
    return 'noise not known' if pair.beyond == UNKNOWN else NOISE
