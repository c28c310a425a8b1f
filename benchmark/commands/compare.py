"""Says what differs between two records, and whether their numbers differ beyond noise; see ``--help``."""

from __future__ import annotations

import argparse
import glob
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark import ROOT, terminal
from benchmark.commands.differences import OWN, differences, first_stage
from benchmark.errors import Parser, UsageError
from benchmark.records.files import Record, Status, find_record, load_head, load_record
from benchmark.reporting.statistics.bootstrap import resampled_hiou, resamples_for
from benchmark.reporting.tables.values import difference, number
from benchmark.stats import CONFIDENCE, Resampled, Summary, paired, resampled, summarise

EXAMPLES = """examples:
  python benchmark/compare.py k2_zs3-clean_tiny_zs3_seed0 k2_zs3-clean_tiny_zsmmd_seed0
  python benchmark/compare.py reports/records/shapes_k2_zs3-clean_tiny_zs3_seed0_379cbb87.json other/records/...json
Images: validation images are drawn with replacement, the same for both. Seeds: all finished records of the same
settings beside A and B. A difference is beyond noise only if both say so.
exit codes: 0 compared, 1 the numbers cannot be compared, 2 wrong call or a record that cannot be read"""
DEFAULT_REPORTS = ROOT / 'reports'


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        int: the exit code, see `EXAMPLES`.
    """
    parser = Parser(prog='compare.py', description='What differs between two records, and is it more than noise?',
                    epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in 'AB':
        parser.add_argument(name, help="a record's path, or a part of its name that no other has")
    parser.add_argument('--reports', type=Path, default=DEFAULT_REPORTS, metavar='DIR',
                        help='folder with records/*.json (default: reports)')
    console = terminal.console(160, soft_wrap=not sys.stdout.isatty())
    try:
        args = parser.parse_args(argv)
        paths = [find_record(word, args.reports / 'records') for word in (args.A, args.B)]
        first, second = map(load_record, paths)
        show_differences(first, second, console)
        reason = why_not(first, second)
        if reason:
            console.print(Text(f'the numbers cannot be compared: {reason}'))
            return 1
        show_scores(first, second, console)
        if reason := without_hiou(first, second):
            console.print(Text(f'the numbers cannot be compared: {reason}'))
            return 1
        for line in noise(first, second, paths):
            console.print(Text(line))
    except (UsageError, ValueError, OSError) as error:
        print(f'{parser.prog}: {" ".join(str(error).split())}', file=sys.stderr)
        return 2
    return 0


def show_differences(first: Record, second: Record, console: Console) -> None:
    """Prints what the records are about and what they have differently."""
    for name, record in zip('AB', (first, second), strict=True):
        cell = record.cell
        console.print(Text(f'{name}: {cell.dataset} {cell.split} {cell.protocol} {cell.model} {cell.method} '
                           f'seed {cell.seed}: {record.status.value}, key {record.key}'))
    found = differences(first, second)
    if found:
        table = Table(title='what differs')
        for title in ('', 'what', 'A', 'B'):
            table.add_column(title, overflow='fold')
        before = ''
        for area, *line in found:
            table.add_row('' if area == before else area, *map(Text, line))
            before = area
        console.print(table)
        others = dict.fromkeys(area for area, *_ in found if area not in OWN)
        if others:
            console.print(Text(f'{", ".join(others)} differ too: a difference in numbers may be theirs'))
    else:
        console.print('nothing that can matter for a number differs')
    console.print(Text(first_stage(first, second)))


def show_scores(first: Record, second: Record, console: Console) -> None:
    """Prints both records' mIoU and hIoU and their differences."""
    table = Table(title=Text(f'mIoU in percent, {first.images} images'))
    for title in ('', 'A', 'B', 'A - B'):
        table.add_column(title, justify='right' if title else 'left')
    scores = [[*(getattr(metrics, group).miou for group in ('seen', 'unseen', 'overall')), metrics.hiou]
              for metrics in (first.metrics, second.metrics)]
    for name, one, other in zip(('seen', 'unseen', 'overall', 'hIoU'), *scores, strict=True):
        table.add_row(name, number(one, 2), number(other, 2), number(difference(one, other), 2, sign=True))
    console.print(table)


def why_not(first: Record, second: Record) -> str:
    """Why the numbers of two records mean different things; empty if they can be compared."""
    for name, record in zip('AB', (first, second), strict=True):
        if record.status is not Status.DONE:
            return f'{name} is {record.status.value}' + (f' ({record.reason})' if record.reason else '')
    unseen = [sorted(record.classes[c] for c in record.unseen) for record in (first, second)]
    data = [(record.provenance.get('data') or {}).get('sha256', '') for record in (first, second)]
    for what, one, other in (
            ('data sets', first.cell.dataset, second.cell.dataset), ('data', first.cell.data, second.cell.data),
            ('classes', first.classes, second.classes), ('unseen classes', *unseen),
            ('numbers of images', first.images, second.images), ('fingerprints of the data', *data)):
        if one != other:
            texts = [', '.join(value) if isinstance(value, list) else str(value) or 'none' for value in (one, other)]
            return f'their {what} differ: {texts[0]} and {texts[1]}'
    return ''


def without_hiou(first: Record, second: Record) -> str:
    """Why there is no hIoU to compare; empty if there is, or if every pixel count agrees."""
    missing = [name for name, record in zip('AB', (first, second), strict=True) if record.metrics.hiou is None]
    if not missing or first.confusion == second.confusion:
        return ''
    return f'no hIoU of {" and ".join(missing)}, for want of ground truth of an unseen class, or of a seen one'


def noise(first: Record, second: Record, paths: Sequence[Path]) -> Iterator[str]:
    """Lines on whether two comparable records differ beyond the noise of images and of seeds."""
    if first.confusion == second.confusion:
        same = first.confusion_per_image == second.confusion_per_image
        yield 'verdict: identical confusion matrices' + (', image by image' if same and first.confusion_per_image
                                                         else ' as a whole')
        return
    images = over_images(first, second)
    if images is None:
        yield ('over images: not known; at least one record lacks the confusion matrices of single images, or the '
               'ground truth of the images differs')
    else:
        yield (f'over images: hIoU A - B = {images.difference:+.2f}, {CONFIDENCE:.0%} of {resamples_for(1)} paired '
               f'resamples of {first.images} images from {images.low:+.2f} to {images.high:+.2f}, p = {images.p:.4f}: '
               f'{images.verdict}')
    if first.settings != second.settings:
        yield from _decide(images, *map(_seeds, (first, second), paths))
    elif first.cell.seed == second.cell.seed:
        yield ('verdict: the same settings and seed gave other numbers; over images: '
               f'{images.verdict if images else "not known"}')
    else:
        values = {**_seeds(second, paths[1]), **_seeds(first, paths[0])}
        yield f'over seeds: mean hIoU {_interval(summarise(values.values()))}, {_named(sorted(values))}'
        yield 'verdict: two seeds of the same settings; what they differ by is the noise of seeds'


def _decide(images: Resampled | None, first: Mapping[int, float], second: Mapping[int, float]) -> Iterator[str]:
    """The lines on two settings, given the hIoU of their seeds."""
    common = sorted(first.keys() & second.keys())
    seeds = paired([first[seed] for seed in common], [second[seed] for seed in common]) if common else None
    if seeds is None or seeds.half_width is None:
        yield f'over seeds: not known; finished records of both settings have {len(common)} seeds in common'
    else:
        wide = '; the interval is wider than the difference' * seeds.wide
        yield f'over seeds: mean hIoU A - B = {_interval(seeds)}, {_named(common)}: {seeds.verdict}{wide}'
    yield f'verdict: {_verdict(images, seeds)}'


def over_images(first: Record, second: Record) -> Resampled | None:
    """The difference in hIoU under resampled images; None without images that both were scored on."""
    records = [record.model_copy(update={'key': name})  # two runs of one cell have the same key
               for name, record in zip('AB', (first, second), strict=True)]
    samples = resampled_hiou(records, resamples_for(1))
    if len(samples) < 2:
        return None
    return resampled(first.metrics.hiou - second.metrics.hiou, samples['A'] - samples['B'])


def _seeds(record: Record, path: Path) -> dict[int, float]:
    """The hIoU of all finished records beside one that differ from it in nothing but the seed, by seed."""
    pattern, one = re.subn(r'_seed\d+(?=_|$)', '_seed*', glob.escape(path.stem))
    heads = [load_head(other) for other in sorted(path.parent.glob(f'{pattern}.json'))] if one else []
    found = {head.cell.seed: head.metrics.hiou for head in heads
             if head.status is Status.DONE and head.settings == record.settings and head.metrics.hiou is not None}
    return dict(sorted({**found, record.cell.seed: record.metrics.hiou}.items()))


def _verdict(images: Resampled | None, seeds: Summary | None) -> str:
    """Beyond noise is what images and seeds agree on."""
    of_images = images.verdict if images else 'not known'
    of_seeds = seeds.verdict if seeds else 'not known'
    decided = ('better', 'worse')
    if of_images in decided and of_seeds == of_images:
        return f'A is {of_images} than B beyond noise, over images and over seeds'
    if of_images in decided and of_seeds == 'not known':
        return f'A is {of_images} than B over images; the noise of seeds is not known'
    if of_images in decided:
        return f'A is {of_images} than B over images, but within the noise of seeds'
    return 'not known' if of_images == 'not known' else 'no difference beyond noise'


def _interval(summary: Summary) -> str:
    if summary.half_width is None:
        return f'{summary.mean:.2f}, n = {summary.n}: no interval'
    return f'{summary.mean:.2f} ± {summary.half_width:.2f} (95% t-interval, sd {summary.sd:.2f}, n = {summary.n})'


def _named(seeds: Sequence[int]) -> str:
    return f'seeds {", ".join(map(str, seeds))}'
