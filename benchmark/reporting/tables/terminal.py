"""The tables of a report as data frames of ready-made text, and the one for the terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.records.files import Record, Status
from benchmark.records.values import NONE, number
from benchmark.reporting.tables.grouping import by_dataset
from benchmark.reporting.tables.rows import Row, Section
from benchmark.stats import Summary

if TYPE_CHECKING:
    from rich.console import Console

SCORES = {'seen': 'seen.miou', 'unseen': 'unseen.miou', 'overall': 'overall.miou', 'hIoU': 'hiou'}
ACCURACIES = {f'{group} {name}': f'{group}.{name.lower()}'
              for name in ('PA', 'MA') for group in ('seen', 'unseen', 'overall')}


def interval(summary: Summary | None) -> str:
    """Writes ``mean ± half-width``, or only the mean if there is a single measurement."""
    if summary is None or summary.half_width is None:
        return number(summary and summary.mean)
    return f'{number(summary.mean)} ± {number(summary.half_width)}'


def status_text(record: Record, limit: int | None = None) -> str:
    """Writes why a cell has no numbers on one line, cut to ``limit`` characters."""
    status = 'done without metrics' if record.status is Status.DONE else record.status.value.replace('_', ' ')
    text = ': '.join(filter(None, (status, ' '.join(record.reason.split()))))
    return text if limit is None or len(text) <= limit else f'{text[:limit - 1].rstrip()}…'


def _missing(row: Row, limit: int | None = None) -> dict[str, str]:
    """Why cells of a row have no numbers -> the seeds concerned."""
    seeds: dict[str, list[str]] = defaultdict(list)
    for record in row.missing:
        seeds[status_text(record, limit)].append(str(record.cell.seed))
    return {text: ', '.join(which) for text, which in seeds.items()}


def missing_text(row: Row) -> str:
    """The reasons of all cells without numbers, with their seeds where these do not speak for the whole row."""
    missing = _missing(row, limit=80)
    if not row.done and len(missing) == 1:
        return next(iter(missing))
    return '; '.join(f'seed {seeds} {text}' for text, seeds in missing.items())


def _scores(row: Row, columns: dict[str, str]) -> dict[str, str]:
    if not row.done:
        return {name: missing_text(row) if position == 0 else NONE for position, name in enumerate(columns)}
    return {name: interval(row.summary(score)) for name, score in columns.items()}


def _seeds(row: Row) -> str:
    missing = missing_text(row) if row.done and row.missing else ''
    return f'{len(row.done)} ({missing})' if missing else str(len(row.done))


def unified(section: Section, rows: Sequence[Row] | None = None) -> pd.DataFrame:
    """K, method, seen / unseen / overall mIoU, hIoU, share of the floor-ceiling gap, number of seeds; of all rows.

    The setting is a column if a method is not as the card says.
    """
    differs = any(row.card.setting != section.card.get('setting', 'inductive') for row in section.rows)
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label, **({'setting': row.card.setting} if differs else {}),
         **_scores(row, SCORES), 'gap closed %': number(section.gap_share(row)), 'n': _seeds(row)}
        for row in (section.rows if rows is None else rows)])


def secondary(section: Section, resolution: str) -> pd.DataFrame:
    """Seen / unseen / overall mIoU and hIoU of the cells that were scored at a paper's resolution too."""
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label,
         **{name: interval(row.summary(score, secondary=True)) for name, score in SCORES.items()},
         'n': str(len(row.scores(secondary=True)))}
        for row in section.plain if resolution in row.resolutions])


def accuracies(section: Section) -> pd.DataFrame:
    """Pixel accuracy and mean class accuracy of seen, unseen and all classes."""
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label, **_scores(row, ACCURACIES), 'n': str(len(row.done))}
        for row in section.plain])


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


def without_numbers(section: Section) -> pd.DataFrame:
    """All cells without numbers, with their full reasons."""
    return pd.DataFrame([
        {'K': row.unit.label, 'method': row.label, 'seeds': seeds, 'why': text}
        for row in section.rows for text, seeds in _missing(row).items()])


def unmeasured(section: Section) -> list[str]:
    """Which scores a K does not have, since the images scored hold no ground truth for them."""
    lines = []
    for unit in section.units:
        scores = [metrics for row in section.of(unit) for metrics in row.scores()]
        for group, name in (('unseen', 'an unseen'), ('seen', 'a seen')):
            if any(getattr(metrics, group).miou is None for metrics in scores):
                lines.append(f'K={unit.label}: no image scored holds a pixel of {name} class, so there is no {group} '
                             'score and no hIoU.')
    return lines


def terminal_table(records: Iterable[Record], console: Console) -> None:
    """Prints the unified table of each data set, protocol card and network.

    Args:
        records: finished, failed and skipped cells in any order.
        console: where to print.
    """
    from rich.table import Table
    from rich.text import Text

    for dataset in by_dataset(records):
        for section in dataset.sections:
            frame = unified(section)
            table = Table(title=Text(f'{dataset.name}, protocol {section.title}: mIoU, ± is the 95% t-interval'))
            for name in frame.columns:
                table.add_column(Text(name), justify='left' if name in ('method', 'setting', 'n') else 'right')
            for unit in section.units:
                for row in frame[frame['K'] == unit.label].itertuples(index=False):
                    # The reason of a failed cell stands in the lines above and in the report.
                    table.add_row(*(Text(str(value).split(':')[0]) for value in row))
                table.add_section()
            console.print(table)
            for line in unmeasured(section):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
