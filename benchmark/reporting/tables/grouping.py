"""Groups records into what tables are made of."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from benchmark.records.files import Record, Status
from benchmark.records.values import variant_text
from benchmark.reporting.tables.markup import short_hash, slug
from benchmark.reporting.tables.rows import Dataset, Row, Section, Unit, data_text, weights_text

if TYPE_CHECKING:
    from benchmark.records.selections import Selection

#: Data set, protocol, model, fingerprint of the data, and the content of card and network as text.
_Key: TypeAlias = tuple[str, ...]


def by_dataset(records: Iterable[Record], selections: Sequence[Selection] = ()) -> list[Dataset]:
    """Groups records and choices of settings by the name of the data set; the order of records does not matter."""
    ordered = sorted(records, key=lambda r: (r.cell.seed, r.key, r.status.value, r.model_dump_json(include={'cell'})))
    groups: dict[_Key, list[Record]] = defaultdict(list)
    for record in ordered:
        cell = record.cell
        groups[cell.dataset, cell.protocol, cell.model, cell.data, _identity(record)].append(record)
    names = {key: '-'.join(map(slug, key[:3])) for key in groups}
    names = _tell_apart(names, {key: f'-{_hash(key)}' for key in groups})
    datasets = []
    for dataset in sorted({*(key[0] for key in groups), *(one.dataset for one in selections)}):
        chosen = [one for one in selections if one.dataset == dataset]
        part = {key: groups[key] for key in sorted(groups, key=_data_first) if key[0] == dataset}
        several = len({*(key[3] for key in part), *(one.data for one in chosen)}) > 1
        titles = {key: _title(group[0]) + several * f', data {data_text(key[3])}' for key, group in part.items()}
        versions = {key: f', card version {group[0].protocol.get("version", "unknown")}' for key, group in part.items()}
        titles = _tell_apart(_tell_apart(titles, versions), {key: f' [{_hash(key)}]' for key in part})
        datasets.append(Dataset(dataset, [Section(key[3], key[1], key[2], titles[key], names[key], _rows(group))
                                          for key, group in part.items()], chosen))
    return datasets


def _data_first(key: _Key) -> _Key:
    """Sorts sections so that those of the same data follow each other."""
    return key[0], key[3], *key[1:]


def _identity(record: Record) -> str:
    """What records must have in common to share a table, besides the names of card and network."""
    return _json([record.protocol, record.network.model_dump()])


def _title(record: Record) -> str:
    changes = ''.join(f', {name}' for name in [variant_text(record.network.changes)] if name)
    return f'{record.cell.protocol}, network {record.cell.model} ({weights_text(record.network)}{changes})'


def _tell_apart(names: dict[_Key, str], suffixes: dict[_Key, str]) -> dict[_Key, str]:
    """Appends its suffix to every name that occurs more than once."""
    count = Counter(names.values())
    return {key: name + suffixes[key] * (count[name] > 1) for key, name in names.items()}


def _hash(key: _Key) -> str:
    return short_hash(_json(key))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _rows(records: list[Record]) -> list[Row]:
    """Builds the rows of one section."""
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
    return sorted(rows, key=lambda row: (row.unit, row.order))


def _short_hash(value: str, others: set[str]) -> str:
    length = next((n for n in range(6, 65) if len({other[:n] for other in others}) == len(others)), 64)
    return value[:length] or 'none'


def _one_per_seed(records: list[Record]) -> list[Record]:
    """Keeps one record per seed, a finished one if there is one, so that no seed counts twice."""
    chosen: dict[int, Record] = {}
    for record in sorted(records, key=lambda r: r.status is not Status.DONE):
        chosen.setdefault(record.cell.seed, record)
    return [record for _, record in sorted(chosen.items())]
