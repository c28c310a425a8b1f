"""What the numbers say, in plain sentences that are written from them and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.records.values import number
from benchmark.reporting.statistics.pairs import NOISE, UNKNOWN, Comparison, Pair, across, correct, over_units
from benchmark.reporting.tables.contrasts import Cards, Contrast, continued, contrasts, generators, title
from benchmark.reporting.tables.rows import Dataset, Row, Section
from benchmark.reporting.tables.terminal import interval

#: Fields of a card in which two cards may differ that differ in what training may read of unseen classes.
_OF_ACCESS = ('name', 'version', 'summary', 'label_access', 'pretraining', 'source')
#: Order in which a sentence tells what was found at which K.
_ORDER = ('better beyond noise', 'better over images only', NOISE, 'noise not known', 'worse over images only',
          'worse beyond noise')


def of_section(comparisons: Sequence[Comparison]) -> list[str]:
    """Sentences on one card and network; none without two methods that have finished cells."""
    comparisons = [one for one in comparisons if one.rows]
    if not any(one.pairs for one in comparisons):
        return []
    cards = {row.method: row.card for one in comparisons for row in one.rows}
    told, against = contrasts(cards), generators(cards)
    means = _means(told, comparisons)
    lines = [*_extent(comparisons), best(comparisons), *_decided(comparisons),
             *(line for contrast in told for line in _contrast(contrast, comparisons, means)),
             *_controls(comparisons), *_continued(cards, comparisons), *_generators(against, comparisons),
             *_wide([*told, *against], comparisons)]
    return [line for line in lines if line]


def _extent(comparisons: Sequence[Comparison]) -> list[str]:
    """How much there is to judge by."""
    seeds = {len(row.scored) for one in comparisons for row in one.rows}
    images = sorted({record.images for one in comparisons for row in one.rows for record in row.scored})
    lines = [f'Methods per K: {_range(len(one.rows) for one in comparisons)}; seeds per method and K: {_range(seeds)}; '
             f'validation images: {_range(images)}; pairs per K: {_range(one.count for one in comparisons)}.']
    if min(seeds) < 2:
        lines.append('Where a method has one seed, the noise over seeds is not known: no difference of it counts as '
                     'beyond noise.')
    if not any(pair.over_images for one in comparisons for pair in one.pairs.values()):
        lines.append('The records hold no confusion matrices of single images: the noise over images is not known.')
    return lines


def best(comparisons: Sequence[Comparison]) -> str:
    """The method with the highest mean hIoU of every K, and how many of the others it beats beyond noise."""
    parts = []
    for one in comparisons:
        first = max(one.rows, key=lambda row: row.summary('hiou').mean)
        beaten = sum(pair.beyond == 'better' for (label, _), pair in one.pairs.items() if label == first.label)
        parts.append(f'{first.label} at K={one.unit.label} ({number(first.summary("hiou").mean)}, beats {beaten} of '
                     f'{len(one.rows) - 1} beyond noise)')
    return f'Highest mean hIoU: {", ".join(parts)}.'


def _decided(comparisons: Sequence[Comparison]) -> list[str]:
    decided = [sum(pair.beyond == 'better' for pair in one.pairs.values()) for one in comparisons]
    return ['Pairs that differ beyond noise: ' + ', '.join(
        f'{n} of {one.count} at K={one.unit.label}' for n, one in zip(decided, comparisons, strict=True)) + '.']


def _means(contrasts: Sequence[Contrast], comparisons: Sequence[Comparison]) -> dict[tuple[str, str], Pair]:
    """Differences of means over K by the names of both methods, one family of Holm's correction."""
    if len(comparisons) < 2:
        return {}
    pairs = correct(over_units(comparisons, contrast.first, contrast.second) for contrast in contrasts)
    return {(pair.first.method, pair.second.method): pair for pair in pairs}


def _contrast(contrast: Contrast, comparisons: Sequence[Comparison],
              means: Mapping[tuple[str, str], Pair]) -> list[str]:
    """What the difference of two methods is at every K, and on average."""
    pairs = [pair for one in comparisons if (pair := one.between(contrast.first, contrast.second))]
    if not pairs:
        return []
    what = f'{contrast.first} − {contrast.second}'
    text = f'{contrast.shows[0].upper()}{contrast.shows[1:]} ({what}): ' if contrast.shows else f'{what}: '
    whole = means.get((contrast.first, contrast.second))
    return [text + tell(pairs) + (f'; mean over K {signed(whole)}, {_word(whole)}' if whole else '') + '.']


def tell(pairs: Sequence[Pair]) -> str:
    """What pairs of different K say, grouped by verdict, with the differences in hIoU."""
    groups = {word: [pair for pair in pairs if _word(pair) == word] for word in _ORDER}
    return '; '.join(
        f'{word} at ' + ', '.join(f'K={pair.first.unit.label} ({signed(pair)})' for pair in found)
        for word, found in groups.items() if found)


def signed(pair: Pair) -> str:
    """The difference of a pair over seeds, with a sign."""
    text = interval(pair.over_seeds)
    return text if text.startswith('-') else f'+{text}'


def _word(pair: Pair) -> str:
    if pair.beyond in ('better', 'worse'):
        return f'{pair.beyond} beyond noise'
    if pair.of_images in ('better', 'worse'):
        return f'{pair.of_images} over images only'
    return 'noise not known' if pair.beyond == UNKNOWN else NOISE


def _controls(comparisons: Sequence[Comparison]) -> list[str]:
    """Methods against themselves without a loss of theirs; of other variants, those that differ beyond noise."""
    groups: dict[tuple[str, str], list[Pair]] = {}
    for one in comparisons:
        for pair in one.controls:
            groups.setdefault((pair.first.label, pair.second.label), []).append(pair)
    lines, differ = [], []
    for (first, second), pairs in groups.items():
        if _without_loss(pairs[0].second):
            lines.append(f'Control, {first} − {second}: {tell(pairs)}.')
        elif decided := [pair.reverse() for pair in pairs if pair.beyond in ('better', 'worse')]:
            differ.append(f'{second}: {tell(decided)}')
    others = len(groups) - len(lines)
    if others:
        lines.append(f'Other variants that differ from their method beyond noise, {len(differ)} of {others}: '
                     + (' | '.join(differ) or 'none') + '.')
    return lines


def _without_loss(row: Row) -> bool:
    """Whether a variant only sets the weight of a loss to 0."""
    ((key, value), *more) = row.records[0].cell.variant.items()
    return not more and key.endswith('.weight') and value == 0


def _continued(cards: Cards, comparisons: Sequence[Comparison]) -> list[str]:
    """Whether a generator that was trained further beats what it started from, said plainly."""
    lines = []
    for contrast in continued(cards):
        pairs = [pair for one in comparisons if (pair := one.between(contrast.first, contrast.second))]
        if not pairs:
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


def _generators(against: Sequence[Contrast], comparisons: Sequence[Comparison]) -> list[str]:
    """Whether generators beat what does without one."""
    lines = []
    for control in dict.fromkeys(contrast.second for contrast in against):
        told, at_all = [], False
        for first, second, _ in against:
            pairs = [pair for one in comparisons if second == control and (pair := one.between(first, second))]
            if pairs:
                at_all = at_all or any(pair.beyond == 'better' for pair in pairs)
                told.append(f'Generator against {second} ({first} − {second}): {tell(pairs)}.')
        lines += [*told, *([f'No generator beats {control} beyond noise at any K.'] if told and not at_all else [])]
    return lines


def _wide(contrasts: Sequence[Contrast], comparisons: Sequence[Comparison]) -> list[str]:
    """A warning that lists the differences told above whose interval over seeds is wider than they are."""
    found, count = [], 0
    for first, second in dict.fromkeys((contrast.first, contrast.second) for contrast in contrasts):
        pairs = [pair for one in comparisons if (pair := one.between(first, second))]
        count += len(pairs)
        if wide := [pair.first.unit.label for pair in pairs if pair.over_seeds.wide]:
            found.append((len(wide), f'{first} − {second} at K={", ".join(wide)}'))
    if not found:
        return []
    return [f'Warning: in {sum(number for number, _ in found)} of these {count} comparisons the t-interval over seeds '
            'is wider, from bound to bound, than the difference that it is used for, so that the size of the '
            f'difference is hardly known: {"; ".join(text for _, text in found)}.']


def leak(dataset: Dataset) -> list[str]:
    """What reading layouts of unseen classes is worth: the same method and network on two cards.

    The one place where numbers of different cards are compared; they must agree in data and network, the training list
    included, and the method must have read a layout.
    """
    return [line for official in dataset.sections for clean in dataset.sections
            if official.card.get('label_access') == 'layout' and _but_access(official.card) == _but_access(clean.card)
            and clean.card.get('label_access') != 'layout' and official.data == clean.data
            and official.network == clean.network and official.model == clean.model
            for line in _leak(clean, official)]


def _but_access(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card without what it says of the labels that training may read."""
    return {field: value for field, value in card.items() if field not in _OF_ACCESS}


def _leak(clean: Section, official: Section) -> list[str]:
    lines = []
    for label in official.labels:
        rows = [(first, second) for first in official.rows for second in clean.rows
                if first.label == second.label == label and first.unit == second.unit and first.main and second.scored
                and any(record.label_access.get('level') == 'layout' for record in first.done)]
        pairs = correct(across(*both, len(rows)) for both in rows)
        if pairs:
            lines.append(f'{label}, network {clean.model}, {official.protocol} − {clean.protocol}: {tell(pairs)}.')
    return lines


def _range(values: Iterable[int]) -> str:
    values = sorted(set(values))
    return str(values[0]) if len(values) == 1 else f'{values[0]} to {values[-1]}'
