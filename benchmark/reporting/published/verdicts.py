"""Published beside reproduced: which numbers may be compared, how far they are apart, or what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.reporting.published.facts import load_facts
from benchmark.reporting.published.values import Published
from benchmark.reporting.tables.conditions import other_images
from benchmark.reporting.tables.rows import Row, Section
from benchmark.reporting.tables.terminal import SCORES
from zs_methods.protocols import ACCESS, HANDLING

#: Points between a published value and the mean here up to which it counts as reproduced. A published value is one run
#: whose seed nobody states, and what is not known of its evaluation (the ZS3 code scores at 312 and at 513 pixels, the
#: paper does not say which) moves scores by a point or more; the methods of a table are mostly further apart.
TOLERANCE = 1.5
ORIGINAL = 'original size'
#: Role of a method whose weights others trained.
IMPORTED = 'imported'
_NAMES = {score: name for name, score in SCORES.items()}


@dataclass(frozen=True)
class Verdict:
    """One published result beside the row here that follows the same method on the same split.

    Attributes:
        own: score -> mean over seeds, None for one that was not measured; empty without a finished cell.
        n: number of seeds.
        differences: score -> here minus published, only where a comparison is fair.
        text: the verdict in words.
    """

    published: Published
    row: Row
    own: Mapping[str, float | None]
    n: int
    text: str
    differences: Mapping[str, float] = field(default_factory=dict)


def verdicts(section: Section, published: tuple[Published, ...]) -> list[Verdict]:
    """Every row of a section beside all published results of its method and split."""
    return [_verdict(section, row, one) for row in section.rows for one in published if _match(row, one)]


def unpublished(section: Section, published: tuple[Published, ...]) -> list[str]:
    """Methods of a section without any published result, bounds left out."""
    return list(dict.fromkeys(row.method for row in section.rows if row.card.role == 'method'
                              and not any(row.method in one.facts.own for one in published)))


def _match(row: Row, published: Published) -> bool:
    return row.method in published.facts.own and row.unit.split == published.classes.split


def _verdict(section: Section, row: Row, published: Published) -> Verdict:
    secondary = published.card.scored_at != ORIGINAL and bool(row.resolutions)
    summaries = {score: row.summary(score, secondary) for score in SCORES.values()} if row.done else {}
    own = {score: summary and summary.mean for score, summary in summaries.items()}
    n = len(row.scores(secondary))
    if not own:
        return Verdict(published, row, own, n, 'no numbers here')
    if published.no_target:
        return Verdict(published, row, own, n, f'no target: {published.no_target}')
    fields = _differing(section, row, published, ' and '.join(row.resolutions) if secondary else ORIGINAL)
    if fields:
        return Verdict(published, row, own, n, f'not comparable: {"; ".join(fields)}')
    differences = {score: own[score] - published.values[score] for score in comparable(published)
                   if own[score] is not None}
    return Verdict(published, row, own, n, _text(published, differences), differences)


def comparable(published: Published) -> list[str]:
    """Scores of a published result that can be relied on.

    Where the overall mIoU contradicts the others, the slip may be in it or in the seen mIoU, which hardly moves hIoU.
    """
    wrong = {*published.failing, *(['seen.miou'] if 'overall.miou' in published.failing else [])}
    return [score for score in SCORES.values() if score in published.values and score not in wrong]


def _text(published: Published, differences: Mapping[str, float]) -> str:
    if not differences:
        return 'nothing to compare'
    worst = max(differences, key=lambda score: abs(differences[score]))
    # Sums of decimal fractions: a difference of exactly the tolerance is within it.
    if abs(differences[worst]) <= TOLERANCE + 1e-9:
        text = f'within {TOLERANCE} points'
        if len(differences) < len(SCORES):
            text += f' ({", ".join(_NAMES[score] for score in differences)})'
    else:
        text = f'off by {differences[worst]:+.1f} ({_NAMES[worst]})'
    return f'unconfirmed: {text}' if published.recalled else text


def _differing(section: Section, row: Row, published: Published, scored_at: str) -> list[str]:
    """The fields in which card, network, images or method differ; a field that is not known on both sides is none."""
    theirs, facts, ours = published.card, published.facts, section.card
    images = {'drop': 'dropped', 'mask': 'kept'}
    fields = [
        ('setting', published.setting, row.card.setting),
        ('background', theirs.background, ours.get('background')),
        ('label access:', facts.label_access or theirs.label_access, _access(section, row)),
        ('scored at', theirs.scored_at, scored_at)]
    if row.card.role != IMPORTED:  # whose training was theirs
        fields += [
            ('training images', images.get(theirs.unseen_images), images.get(ours.get('unseen_images', ''))),
            ('training list', *_lists(published, ours.get('training_list', ''))),
            ('backbone pre-training:', facts.pretraining, section.network.pretraining)]
    found = [f'{name} {other} vs {own}' for name, other, own in fields if other and own and other != own]
    if facts.network and facts.network != section.model:
        found.append(f'network {section.model} instead of {facts.network}')
    return found + other_images(row.records, {'val'} if row.card.role == IMPORTED else None)


def _access(section: Section, row: Row) -> str:
    """What training read of unseen labels: as measured, at least what the card's handling of images needs."""
    declared = row.card.reads_unseen_gt
    measured = {str(record.label_access.get('level')) for record in row.done} & set(ACCESS)
    if row.card.role == IMPORTED or not measured:
        return declared
    handling = HANDLING.get(section.card.get('unseen_images', ''), 'none')
    return max([*measured, handling], key=ACCESS.index)


def _lists(published: Published, own: str) -> tuple[str, str]:
    """Both training lists with their sizes, '' where the data set has only one."""
    sizes = load_facts().datasets[published.dataset].training_lists
    return tuple(f'{name} ({sizes[name]:,})' if name in sizes else '' for name in (published.facts.training_list, own))
