"""The tables of a report as data frames of ready-made text, and the one for the terminal."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.records import Record, Status
from benchmark.reporting.rows import Row, Section, by_dataset
from benchmark.stats import Summary, paired, summarise

if TYPE_CHECKING:
    from rich.console import Console

NONE = '—'
SCORES = {'seen': 'seen.miou', 'unseen': 'unseen.miou', 'overall': 'overall.miou', 'hIoU': 'hiou'}
ACCURACIES = {f'{group} {name}': f'{group}.{name.lower()}'
              for name in ('PA', 'MA') for group in ('seen', 'unseen', 'overall')}
#: From no access to full access; ``layout`` is left out, since it shows as pixels in what is measured.
ACCESS_SCALE = ('none', 'image-filter', 'ignore-mask', 'pixels')


def number(value: float | None, digits: int = 1) -> str:
    """Writes a number, or a dash where there is none."""
    if value is None or math.isnan(value):
        return NONE
    return f'{round(value, digits) + 0.0:.{digits}f}'


def interval(summary: Summary | None) -> str:
    """Writes ``mean ± half-width``, or only the mean if there is a single measurement."""
    if summary is None or summary.half_width is None:
        return number(summary and summary.mean)
    return f'{number(summary.mean)} ± {number(summary.half_width)}'


def status_text(record: Record, limit: int | None = None) -> str:
    """Writes why a cell has no numbers on one line, cut to ``limit`` characters."""
    status = 'done without metrics' if record.status is Status.DONE else record.status.value
    text = ': '.join(filter(None, (status, ' '.join(record.reason.split()))))
    return text if limit is None or len(text) <= limit else f'{text[:limit - 1].rstrip()}…'


def _missing(row: Row, limit: int | None = None) -> dict[str, str]:
    """Why cells of a row have no numbers -> the seeds concerned."""
    seeds: dict[str, list[str]] = defaultdict(list)
    for record in row.missing:
        seeds[status_text(record, limit)].append(str(record.cell.seed))
    return {text: ', '.join(which) for text, which in seeds.items()}


def _missing_text(row: Row) -> str:
    """The reasons of all cells without numbers, with their seeds where these do not speak for the whole row."""
    missing = _missing(row, limit=80)
    if not row.done and len(missing) == 1:
        return next(iter(missing))
    return '; '.join(f'seed {seeds} {text}' for text, seeds in missing.items())


def _scores(section: Section, row: Row, columns: dict[str, str]) -> dict[str, str]:
    if not row.done:
        return {name: _missing_text(row) if position == 0 else NONE for position, name in enumerate(columns)}
    return {name: interval(row.summary(score)) for name, score in columns.items()}


def _seeds(row: Row) -> str:
    missing = _missing_text(row) if row.done and row.missing else ''
    return f'{len(row.done)} ({missing})' if missing else str(len(row.done))


def unified(section: Section) -> pd.DataFrame:
    """K, method, seen / unseen / overall mIoU, hIoU, share of the floor-ceiling gap, number of seeds."""
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label, **_scores(section, row, SCORES),
         'gap closed %': number(section.gap_share(row)), 'n': _seeds(row)} for row in section.rows])


def accuracies(section: Section) -> pd.DataFrame:
    """Pixel accuracy and mean class accuracy of seen, unseen and all classes."""
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label, **_scores(section, row, ACCURACIES), 'n': str(len(row.done))}
        for row in section.rows])


def splits(section: Section) -> pd.DataFrame:
    """What each K stands for: split, unseen classes, images scored, classes without ground truth."""
    table = []
    for unit in section.units:
        done = [record for row in section.of(unit) for record in row.done]
        unseen = dict.fromkeys(', '.join(record.classes[c] for c in record.unseen) for record in done)
        absent = dict.fromkeys(name for record in done for name in record.absent_classes)
        table.append({
            'K': unit.label, 'split': unit.split, 'unseen classes': ' / '.join(unseen) or NONE,
            'images scored': ', '.join(str(n) for n in sorted({record.images for record in done})) or NONE,
            'absent from ground truth': ', '.join(absent) or NONE})
    return pd.DataFrame(table)


def comparisons(section: Section) -> pd.DataFrame:
    """Paired hIoU differences of all pairs of methods that share at least two seeds."""
    table = []
    for unit in section.units:
        methods = [row for row in section.of(unit) if row.card.role == 'method']
        for first, second in combinations(methods, 2):
            scores = [{record.cell.seed: record.metrics.hiou for record in row.done} for row in (first, second)]
            seeds = sorted(scores[0].keys() & scores[1].keys())
            if len(seeds) < 2:
                continue
            difference = paired(*([score[seed] for seed in seeds] for score in scores))
            table.append({'K': unit.label, 'first': first.label, 'second': second.label, 'seeds': str(len(seeds)),
                          'first − second': interval(difference), 'the first is': difference.verdict})
    return pd.DataFrame(table)


def without_numbers(section: Section) -> pd.DataFrame:
    """All cells without numbers, with their full reasons."""
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label, 'seeds': seeds, 'why': text}
        for row in section.rows for text, seeds in _missing(row).items()])


def stages(section: Section) -> pd.DataFrame:
    """Mean seconds per stage and K, every artifact counted once, and the largest memory."""
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    memory: dict[str, float] = {}
    for record in section.records:
        unit = next(unit for unit in section.units if (unit.k, unit.split) == (record.cell.k, record.cell.split))
        for stage in record.stages:
            found[stage.name][unit.label][stage.key] = stage.seconds
            memory[stage.name] = max(memory.get(stage.name, 0.0), stage.peak_rss_mib)
    return pd.DataFrame([{
        'stage': name,
        **{f'K={unit.label}': number(summarise(seconds[unit.label].values()).mean) if unit.label in seconds else NONE
           for unit in section.units},
        'artifacts': str(sum(map(len, seconds.values()))), 'peak memory, MiB': number(memory[name], 0),
    } for name, seconds in found.items()])


def costs(section: Section) -> pd.DataFrame:
    """Mean seconds of all stages of a cell, and of those that the floor's cell of the same seed does not need."""
    table = []
    for row in section.rows:
        floor = section.reference(row, 'floor')
        shared = {record.cell.seed: {stage.key for stage in record.stages} for record in floor.done} if floor else {}
        total = [sum(stage.seconds for stage in record.stages) for record in row.done]
        extra = [sum(stage.seconds for stage in record.stages if stage.key not in shared[record.cell.seed])
                 for record in row.done if record.cell.seed in shared]
        if total:
            table.append({'K': row.unit.label, 'method': row.label, 'all stages': number(summarise(total).mean),
                          'beyond the floor': number(summarise(extra).mean) if extra else NONE})
    return pd.DataFrame(table)


def label_access(section: Section) -> pd.DataFrame:
    """What each method declares about unseen labels and what its training stages really read, at most, per cell."""
    table = []
    for row in section.rows:
        cells = [_counts(record.label_access) for record in row.done if record.label_access]
        if not cells:
            continue
        measured = dict.fromkeys(str(record.label_access.get('level', NONE)) for record in row.done)
        above = any(_above(level, row.card.reads_unseen_gt) for level in measured)
        most = {name: max(counts[name] for counts, _ in cells) for name in cells[0][0]}
        places: dict[str, int] = {}
        for _, pixels in cells:
            for place, count in pixels.items():
                places[place] = max(count, places.get(place, 0))
        table.append({
            'K': row.unit.label, 'method': row.label, 'setting': row.card.setting,
            'declares': row.card.reads_unseen_gt,
            'measured': ', '.join(measured) + (' (more than declared)' if above else ''),
            **{name.replace('_', ' '): str(count) for name, count in most.items()},
            'unseen pixels read': ', '.join(f'{place} {count}' for place, count in places.items()) or '0'})
    return pd.DataFrame(table)


def _counts(access: dict) -> tuple[dict[str, int], dict[str, int]]:
    """Adds up what the stages of one cell read, without the last one, which only scores."""
    totals = dict.fromkeys(('images', 'images_dropped', 'images_masked', 'pixels_masked'), 0)
    pixels: dict[str, int] = defaultdict(int)
    for stage, subsets in access.get('stages', {}).items():
        for counts in subsets.values() if stage != 'evaluate' else ():
            for name in totals:
                totals[name] += counts.get(name, 0)
            for name, count in counts.get('unseen_pixels', {}).items():
                pixels[f'{stage}: {name}'] += count
    return totals, pixels


def _above(measured: str, declared: str) -> bool:
    scale = ACCESS_SCALE
    return measured in scale and declared in scale and scale.index(measured) > scale.index(declared)


def terminal_table(records: Iterable[Record], console: Console) -> None:
    """Prints the unified table of each data set and protocol.

    Args:
        records: finished, failed and skipped cells in any order.
        console: where to print.
    """
    from rich.table import Table
    from rich.text import Text

    for dataset in by_dataset(records):
        for section in dataset.sections:
            frame = unified(section)
            table = Table(title=Text(f'{dataset.name}, protocol {section.protocol}: mIoU, ± is the 95% t-interval'))
            for name in frame.columns:
                table.add_column(Text(name), justify='left' if name in ('method', 'n') else 'right')
            for unit in section.units:
                for row in frame[frame['K'] == unit.label].itertuples(index=False):
                    # The reason of a failed cell stands in the lines above and in the report.
                    table.add_row(*(Text(str(value).split(':')[0]) for value in row))
                table.add_section()
            console.print(table)
