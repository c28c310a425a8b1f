"""What the numbers say, in plain sentences that are written from them and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmark.reporting.statistics.pairs import NOISE, UNKNOWN, Comparison, Pair, across, correct, over_units
from benchmark.reporting.tables.rows import REFERENCE, Dataset, Row, Section
from benchmark.reporting.tables.terminal import interval
from benchmark.reporting.tables.values import number


class Contrast(NamedTuple):
    """What the difference of two methods shows."""

    shows: str
    first: str
    second: str


#: Every line needs both methods; what is not there is not said.
CONTRASTS = (
    Contrast('What self-training adds', 'zs5', 'zs3'),
    Contrast('What self-training adds to the recursion', 'zsmmd_st', 'zsmmd'),
    Contrast('What the recursion adds', 'zsmmd', 'zs3'),
    Contrast('What the recursion adds to self-training', 'zsmmd_st', 'zs5'),
    Contrast('What calibration adds', 'spnet_c', 'spnet'),
    Contrast('What graph context adds', 'zs3_gc', 'zs3'),
)
#: Methods with a generator and without unlabelled images, and the closed-form regression they have to beat.
GENERATORS, REGRESSION = ('zs3', 'zs3_gc', 'zsmmd', 'cagnet'), 'ridge'
#: Methods that feed pseudo-features back to the generator.
RECURSIONS = ('zsmmd', 'zsmmd_st')
#: Cards that differ in one thing: whether training may read layouts of unseen classes.
CLEAN, OFFICIAL = 'zs3-clean', 'zs3-official'
#: Order in which a sentence tells what was found at which K.
_ORDER = ('better beyond noise', 'better over images only', NOISE, 'noise not known', 'worse over images only',
          'worse beyond noise')


def of_section(comparisons: Sequence[Comparison]) -> list[str]:
    """Sentences on one card and network; none without two methods that have finished cells."""
    comparisons = [one for one in comparisons if one.rows]
    if not any(one.pairs for one in comparisons):
        return []
    names = {row.method for one in comparisons for row in one.rows}
    told = [contrast for contrast in CONTRASTS if {contrast.first, contrast.second} <= names]
    already = {(contrast.first, contrast.second) for contrast in told}
    others = [Contrast(name, name, REFERENCE) for name in sorted(names - {REFERENCE, REGRESSION})
              if REFERENCE in names and (name, REFERENCE) not in already]
    means = _means([*told, *others], comparisons)
    lines = [*_extent(comparisons), best(comparisons), *_decided(comparisons),
             *(line for contrast in (*told, *others) for line in _contrast(contrast, comparisons, means)),
             *_controls(comparisons), *_zsmmd(comparisons), *_regression(comparisons),
             *_wide([*told, *others, *(Contrast('', name, REGRESSION) for name in GENERATORS)], comparisons)]
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
    text = f'{what}: ' if contrast.shows == contrast.first else f'{contrast.shows} ({what}): '
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
    """The recursion against itself without its loss; of other variants, those that differ beyond noise."""
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
    """Whether a variant of a recursion only sets the weight of the fed-back loss to 0."""
    ((key, value), *more) = row.records[0].cell.variant.items()
    return row.method in RECURSIONS and not more and key.endswith('feedback.weight') and value == 0


def _zsmmd(comparisons: Sequence[Comparison]) -> list[str]:
    """Whether the recursion beats what it starts from, said plainly."""
    pairs = [pair for one in comparisons if (pair := one.between('zsmmd', 'zs3'))]
    if not pairs:
        return []
    won, lost, unknown = ([f'K={pair.first.unit.label}' for pair in pairs if pair.beyond == word]
                          for word in ('better', 'worse', UNKNOWN))
    where = 'every K' if len(won) == len(pairs) else f'{", ".join(won)} and at no other K'
    text = f'ZS-MMD beats ZS3Net beyond noise at {where}' if won else \
        'ZS-MMD does not beat ZS3Net beyond noise at any K'
    text += f'; at {", ".join(lost)} it is worse beyond noise' if lost else ''
    return [text + (f'; noise is not known at {", ".join(unknown)}' if unknown else '') + '.']


def _regression(comparisons: Sequence[Comparison]) -> list[str]:
    """Whether generators beat a closed-form regression from word vectors to classifier weights."""
    lines, at_all = [], False
    for name in GENERATORS:
        pairs = [pair for one in comparisons if (pair := one.between(name, REGRESSION))]
        if pairs:
            at_all = at_all or any(pair.beyond == 'better' for pair in pairs)
            lines.append(f'Generator against {REGRESSION} ({name} − {REGRESSION}): {tell(pairs)}.')
    if lines and not at_all:
        lines.append(f'No generator beats {REGRESSION} beyond noise at any K.')
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
            if official.protocol.startswith(OFFICIAL) and official.data == clean.data
            and official.network == clean.network and official.model == clean.model
            and clean.protocol == CLEAN + official.protocol[len(OFFICIAL):]
            for line in _leak(clean, official)]


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
