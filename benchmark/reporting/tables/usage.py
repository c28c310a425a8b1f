"""What the cells took: time and memory of stages, and what a method costs where others have run already."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from benchmark.records.files import Record, StageRecord
from benchmark.records.values import NONE, number
from benchmark.reporting.tables.access import DIAGNOSIS
from benchmark.reporting.tables.rows import Row, Section, Unit
from benchmark.stats import summarise

#: Stage that trains the network on the seen classes: the unit of the shares.
SEEN = 'seen'


def stages(section: Section) -> pd.DataFrame:
    """Mean seconds per stage and K, every artifact counted once, and the largest memory; variants left out."""
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    memory: dict[str, float] = {}
    for unit, record in ((row.unit, record) for row in section.plain for record in row.records):
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
    """Seconds that a method adds to a K on which others have run, and their share of the seen-class training.

    Means over seeds. Floor: all its stages. Ceiling and methods: the stages that floor and ceiling have not made
    already. A method that continues another has a second line: what it adds once that other has run. Stages that read
    labels for diagnosis and for nothing else are no part of a method and left out.
    """
    found: dict[tuple[str, str], dict[Unit, list[tuple[float, float | None]]]] = defaultdict(lambda: defaultdict(list))
    for row in section.rows:
        if row.main or row.card.role in ('floor', 'ceiling'):
            for record in row.done:
                for beyond, made in _made(section, row, record):
                    own = sum(stage.seconds for stage in _working(record) if stage.key not in made)
                    found[row.label, beyond][row.unit].append((own, _seen_seconds(section, row, record)))
    order = sorted(found, key=lambda key: section.labels.index(key[0]))
    return pd.DataFrame([{'method': label, 'seconds': beyond, **{
        f'K={unit.label}': _cost(found[label, beyond].get(unit)) for unit in section.units}}
        for label, beyond in order])


def beyond_network(section: Section, row: Row) -> float | None:
    """Seconds that a row's cells take on top of the shared network, mean over seeds; None without a finished cell."""
    found = [seconds_beyond_network(section, row, record) for record in row.done]
    return summarise(found).mean if found else None


def seconds_beyond_network(section: Section, row: Row, record: Record) -> float:
    """Seconds of one cell of a row on top of the shared network.

    Those of all stages that the floor has not made, or without a floor of all but the training of the seen classes.
    """
    floor = _cell(section.reference(row, 'floor'), record.cell.seed)
    there = {stage.key for stage in (floor or record).stages if floor or stage.name == SEEN}
    return sum(stage.seconds for stage in _working(record) if stage.key not in there)


def _made(section: Section, row: Row, record: Record) -> list[tuple[str, set[str]]]:
    """Against what a cell is counted -> the stages that are there already."""
    if row.card.role == 'floor':
        return [('all stages', set())]
    roles = [role for role in ('floor', 'ceiling') if role != row.card.role]
    bounds = {role: cell for role in roles if (cell := _cell(section.reference(row, role), record.cell.seed))}
    there = {stage.key for cell in bounds.values() for stage in cell.stages}
    lines = [('beyond ' + ' and '.join(bounds), there)] if bounds else []
    other = _continued(section, row, record, there) if row.main else None
    return [*lines, (f'beyond {other[0]}', other[1] | there)] if other else lines


def _continued(section: Section, row: Row, record: Record, there: set[str]) -> tuple[str, set[str]] | None:
    """The longest other method all of whose stages but the last, more than those that are there, a cell repeats."""
    own, best, longest = {stage.key for stage in _working(record)[:-1]}, None, 0
    for other in section.of(row.unit):
        cell = _cell(other, record.cell.seed) if other.main and other is not row else None
        trunk = {stage.key for stage in _working(cell)[:-1]} if cell else set()
        if trunk - there and trunk < own and len(trunk) > longest:
            best, longest = (other.label, {stage.key for stage in cell.stages}), len(trunk)
    return best


def _working(record: Record) -> list[StageRecord]:
    """The stages of a cell without those that only diagnose."""
    return [stage for stage in record.stages
            if not stage.label_access or not all(subset.endswith(DIAGNOSIS) for subset in stage.label_access)]


def _cell(row: Row | None, seed: int) -> Record | None:
    return row.by_seed.get(seed) if row else None


def _seen_seconds(section: Section, row: Row, record: Record) -> float | None:
    """Seconds of the seen-class training of the floor, or of the cell's own."""
    cell = _cell(section.reference(row, 'floor'), record.cell.seed) or record
    return next((stage.seconds for stage in cell.stages if stage.name == SEEN), None)


def _cost(cells: list[tuple[float, float | None]] | None) -> str:
    if not cells:
        return NONE
    shares = [100 * own / whole for own, whole in cells if whole]
    return number(summarise(own for own, _ in cells).mean) + (
        f' ({number(summarise(shares).mean, 0)}%)' if shares else '')
