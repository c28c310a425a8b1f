"""Whether the numbers of two records differ by more than the noise of images and of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmark.records.differences import environment
from benchmark.records.files import Record
from benchmark.records.seeds import seeds_of
from benchmark.reporting.statistics.bootstrap import resampled_hiou, resamples_for
from benchmark.stats import CONFIDENCE, Resampled, Summary, paired, resampled, summarise


def noise(first: Record, second: Record, paths: Sequence[Path]) -> Iterator[str]:
    """Lines on whether two comparable records differ beyond the noise of images and of seeds."""
    if first.confusion == second.confusion:
        same = first.confusion_per_image == second.confusion_per_image
        yield 'verdict: identical confusion matrices' + (', image by image' if same and first.confusion_per_image
                                                         else ' as a whole')
        return
    elsewhere = ', '.join(one.what for one in environment(first, second))
    neutral = bool(elsewhere) or first.settings == second.settings
    images = over_images(first, second)
    if images is None:
        yield ('over images: not known; at least one record lacks the confusion matrices of single images, or the '
               'ground truth of the images differs')
    else:
        yield (f'over images: hIoU A - B = {images.difference:+.2f}, {CONFIDENCE:.0%} of {resamples_for(1)} paired '
               f'resamples of {first.images} images from {images.low:+.2f} to {images.high:+.2f}, p = {images.p:.4f}: '
               f'{_worded(images.verdict, neutral)}')
    if first.settings != second.settings:
        yield from _decide(images, *map(seeds_of, (first, second), paths), elsewhere)
    elif first.cell.seed == second.cell.seed:
        yield ('verdict: the same settings and seed gave other numbers, which makes neither better; '
               f'{f"what differs is {elsewhere}" if elsewhere else "nothing that records tell of differs"}')
    else:
        values = {**seeds_of(second, paths[1]), **seeds_of(first, paths[0])}
        yield f'over seeds: mean hIoU {_interval(summarise(values.values()))}, {_named(sorted(values))}'
        yield 'verdict: two seeds of the same settings; what they differ by is the noise of seeds'


def _decide(images: Resampled | None, first: Mapping[int, float], second: Mapping[int, float],
            elsewhere: str) -> Iterator[str]:
    """The lines on two settings, given the hIoU of their seeds and what else the records differ in."""
    common = sorted(first.keys() & second.keys())
    seeds = paired([first[seed] for seed in common], [second[seed] for seed in common]) if common else None
    if seeds is None or seeds.half_width is None:
        yield f'over seeds: not known; finished records of both settings have {len(common)} seeds in common'
    else:
        wide = '; the interval is wider than the difference' * seeds.wide
        yield (f'over seeds: mean hIoU A - B = {_interval(seeds)}, {_named(common)}: '
               f'{_worded(seeds.verdict, bool(elsewhere))}{wide}')
    yield f'verdict: {_verdict(images, seeds, elsewhere)}'


def over_images(first: Record, second: Record) -> Resampled | None:
    """The difference in hIoU under resampled images; None without images that both were scored on."""
    records = [record.model_copy(update={'key': name})  # two runs of one cell have the same key
               for name, record in zip('AB', (first, second), strict=True)]
    samples = resampled_hiou(records, resamples_for(1))
    if len(samples) < 2:
        return None
    return resampled(first.metrics.hiou - second.metrics.hiou, samples['A'] - samples['B'])


def _verdict(images: Resampled | None, seeds: Summary | None, elsewhere: str) -> str:
    """Beyond noise is what images and seeds agree on; better is only what nothing but the settings can have made."""
    of_images = images.verdict if images else 'not known'
    of_seeds = seeds.verdict if seeds else 'not known'
    decided = ('better', 'worse')
    if of_images not in decided:
        return 'not known' if of_images == 'not known' else 'no difference beyond noise'
    word = _worded(of_images, bool(elsewhere))
    blur = f', but {elsewhere} differ too, so that this may be theirs' if elsewhere else ''
    if of_seeds == of_images:
        return f'A is {word} than B beyond noise, over images and over seeds{blur}'
    if of_seeds == 'not known':
        return f'A is {word} than B over images; the noise of seeds is not known{blur}'
    return f'A is {word} than B over images, but within the noise of seeds'


def _worded(verdict: str, neutral: bool) -> str:
    """A verdict without praise where the numbers may differ for what is no merit of either: a CPU, a seed."""
    return {'better': 'higher', 'worse': 'lower'}.get(verdict, verdict) if neutral else verdict


def _interval(summary: Summary) -> str:
    if summary.half_width is None:
        return f'{summary.mean:.2f}, n = {summary.n}: no interval'
    return f'{summary.mean:.2f} ± {summary.half_width:.2f} (95% t-interval, sd {summary.sd:.2f}, n = {summary.n})'


def _named(seeds: Sequence[int]) -> str:
    return f'seeds {", ".join(map(str, seeds))}'
