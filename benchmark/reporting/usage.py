"""Tables of what the cells used: time, memory and labels of unseen classes."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from benchmark.reporting.markup import NONE
from benchmark.reporting.rows import Section
from benchmark.reporting.tables import number
from benchmark.stats import summarise

#: As in `zs_methods.protocols`, which a report does not import: PyTorch comes with it and takes longer than the report.
ACCESS = ('none', 'image-filter', 'image-oracle', 'ignore-mask', 'layout', 'pixels')


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
    # Label maps that lay features out are handed out like any others: they are measured as pixels.
    known = measured in ACCESS and declared in ACCESS
    return known and declared != 'layout' and ACCESS.index(measured) > ACCESS.index(declared)
