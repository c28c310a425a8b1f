"""Groups records: data set -> protocol -> unit (K and split) -> row (method, variant, settings) -> seeds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter

from benchmark.records import MethodCard, Record, Status
from benchmark.stats import Summary, summarise

_ROLE_ORDER = {'floor': 0, 'ceiling': 2}


@dataclass(frozen=True, order=True)
class Unit:
    """One column of a sweep: ``k`` unseen classes, chosen as ``split`` says."""

    k: int
    split: str
    label: str = field(compare=False, default='')


@dataclass
class Row:
    """The seeds of one method with one set of settings: what a table line is about."""

    unit: Unit
    method: str
    label: str
    records: list[Record]

    @property
    def card(self) -> MethodCard:
        """What the method says of itself."""
        return self.records[0].method

    @property
    def done(self) -> list[Record]:
        """The finished cells, by seed."""
        return [record for record in self.records if record.status is Status.DONE and record.metrics]

    @property
    def missing(self) -> list[Record]:
        """The cells without numbers, by seed."""
        return [record for record in self.records if record.status is not Status.DONE or not record.metrics]

    def summary(self, score: str) -> Summary | None:
        """Summarises one score, such as ``seen.miou`` or ``hiou``, over seeds; None without finished cells."""
        values = [attrgetter(score)(record.metrics) for record in self.done]
        return summarise(values) if values else None

    @property
    def stage_keys(self) -> set[str]:
        """Keys of all stages of the finished cells."""
        return {stage.key for record in self.done for stage in record.stages}


@dataclass
class Section:
    """All rows of one protocol, in the order of the tables: floor, methods by name, ceiling, within each unit."""

    protocol: str
    rows: list[Row]

    @property
    def records(self) -> list[Record]:
        """The records of all rows."""
        return [record for row in self.rows for record in row.records]

    @property
    def units(self) -> list[Unit]:
        """The units, by K."""
        return sorted({row.unit for row in self.rows})

    @property
    def labels(self) -> list[str]:
        """The labels of all rows, floor first, ceiling last."""
        return list(dict.fromkeys(row.label for row in sorted(self.rows, key=_row_order)))

    def of(self, unit: Unit) -> list[Row]:
        """The rows of one unit."""
        return [row for row in self.rows if row.unit == unit]

    def reference(self, row: Row, role: str) -> Row | None:
        """The floor or ceiling a row is measured against; None if there is none or it is not clear which one."""
        found = [other for other in self.of(row.unit) if other.card.role == role and other.done]
        if len(found) > 1:
            found = [other for other in found if other is row] or [
                other for other in found if other.stage_keys & row.stage_keys]
        return found[0] if len(found) == 1 else None

    def gap_share(self, row: Row) -> float | None:
        """Share of the floor-ceiling gap in mean hIoU that a row closes, in percent."""
        floor, ceiling = (self.reference(row, role) for role in ('floor', 'ceiling'))
        if not (row.done and floor and ceiling):
            return None
        low, high, own = (part.summary('hiou').mean for part in (floor, ceiling, row))
        return 100 * (own - low) / (high - low) if high > low else None


@dataclass
class Dataset:
    """All sections of one data set, by protocol."""

    name: str
    sections: list[Section]

    @property
    def records(self) -> list[Record]:
        """The records of all sections."""
        return [record for section in self.sections for record in section.records]


def by_dataset(records: Iterable[Record]) -> list[Dataset]:
    """Groups records; the order of the input does not matter."""
    ordered = sorted(records, key=lambda r: (r.cell.seed, r.key, r.status.value, r.model_dump_json(include={'cell'})))
    return [Dataset(name, [Section(protocol, _rows(group)) for protocol, group in _split(part, 'cell.protocol')])
            for name, part in _split(ordered, 'cell.dataset')]


def variant_text(variant: dict, full: bool = False) -> str:
    """Writes changed settings as ``key=value, ...``, keys cut to their last component unless ``full``."""
    def name(key: str) -> str:
        return key if full else key.rsplit('.', 1)[-1]

    return ', '.join(f'{name(key)}={_json(value)}' for key, value in sorted(variant.items()))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _split(records: Iterable[Record], attribute: str) -> list[tuple[str, list[Record]]]:
    groups: dict[str, list[Record]] = defaultdict(list)
    read: Callable = attrgetter(attribute)
    for record in records:
        groups[read(record)].append(record)
    return sorted(groups.items())


def _row_order(row: Row) -> tuple[int, str, str]:
    return _ROLE_ORDER.get(row.card.role, 1), row.method, row.label


def _rows(records: list[Record]) -> list[Row]:
    """Builds the rows of one protocol."""
    splits, short, settings = defaultdict(set), defaultdict(set), defaultdict(set)
    groups: dict[tuple, list[Record]] = defaultdict(list)
    for record in records:
        cell = record.cell
        variant = _json(cell.variant)
        place = (cell.k, cell.split, cell.method, variant)
        splits[cell.k].add(cell.split)
        short[cell.method, variant_text(cell.variant)].add(variant)
        settings[place].add(record.settings)
        groups[(*place, record.settings)].append(record)
    rows = []
    for (*place, value), group in groups.items():
        k, split, method, _ = place
        variant = group[0].cell.variant
        label = method
        if variant:
            label += f' ({variant_text(variant, full=len(short[method, variant_text(variant)]) > 1)})'
        if len(settings[tuple(place)]) > 1:
            label += f' [{_short_hash(value, settings[tuple(place)])}]'
        unit = Unit(k, split, str(k) if len(splits[k]) == 1 else f'{k} ({split})')
        rows.append(Row(unit, method, label, _one_per_seed(group)))
    return sorted(rows, key=lambda row: (row.unit, _row_order(row)))


def _short_hash(value: str, others: set[str]) -> str:
    length = next((n for n in range(6, 65) if len({other[:n] for other in others}) == len(others)), 64)
    return value[:length] or 'none'


def _one_per_seed(records: list[Record]) -> list[Record]:
    """Keeps one record per seed, a finished one if there is one, so that no seed counts twice."""
    chosen: dict[int, Record] = {}
    for record in sorted(records, key=lambda r: r.status is not Status.DONE):
        chosen.setdefault(record.cell.seed, record)
    return [record for _, record in sorted(chosen.items())]
