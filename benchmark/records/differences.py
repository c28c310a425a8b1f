"""What differs between two records besides their numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from benchmark.records.files import Record, StageRecord

NOTHING = '-'
#: What may change the last digits of a sum, and with them a prediction; of `AREAS`.
DECIDES = ('code', 'versions', 'hardware')
#: Of those, what changes no digit.
IDLE = ('kernel', 'hardware.memory_gib', 'commit', 'changed', 'changes')


class Difference(NamedTuple):
    """One thing that two records have differently, as text."""

    area: str
    what: str
    first: str
    second: str


#: What can matter for a number, from the request to the hardware; the last only tells what happened.
AREAS = ('cell', 'settings', 'seeds', 'method', 'protocol', 'network', 'data', 'vectors', 'code', 'versions',
         'hardware', 'labels')
#: Areas that belong to the method that a record is about; a difference elsewhere blurs what the number says of it.
OWN = ('cell', 'settings', 'seeds', 'method', 'labels')


def differences(first: Record, second: Record) -> list[Difference]:
    """Everything that differs and can matter for a number; what a method says of itself does not."""
    shared = {stage.name for stage in first.stages} & {stage.name for stage in second.stages}
    contents = (_areas(record, shared) for record in (first, second))
    return [Difference(area, *line) for area, one, other in zip(AREAS, *contents, strict=True)
            for line in _compare(one, other)]


def environment(first: Record, second: Record) -> list[Difference]:
    """Of `differences`, what the same settings can give other digits for: code, versions, hardware."""
    return [one for one in differences(first, second) if one.area in DECIDES and one.what not in IDLE]


def _areas(record: Record, shared: set[str]) -> Iterator[dict[str, Any]]:
    """The content of a record in the order of `AREAS`; seeds of the stages that both records have."""
    source = record.provenance
    git = source.get('git') or {}
    yield record.cell.model_dump(exclude={'data'})
    yield {stage.name: stage.config for stage in record.stages}
    yield {stage.name: stage.seeds for stage in record.stages if stage.name in shared}
    yield record.method.model_dump(include={'role', 'setting', 'reads_unseen_gt'})
    yield record.protocol
    yield record.network.model_dump()
    yield {'name': record.cell.data, **(source.get('data') or {})}
    yield source.get('vectors') or {}
    yield {'zs_methods': record.code, 'commit': git.get('sha'), 'changed': git.get('dirty'), 'changes': git.get('diff')}
    yield {name: source.get(name) for name in ('python', 'libc', 'packages', 'compat')}
    yield {name: source.get(name) for name in ('platform', 'kernel', 'hardware')} | {
        'device': ', '.join(dict.fromkeys(stage.device for stage in record.stages))}
    yield {'level read': record.label_access.get('level')}


def _compare(first: dict[str, Any], second: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Paths at which nested plain data differ; what one of them lacks altogether is one line."""
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name), second.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from ((f'{name}.{path}', *values) for path, *values in _compare(one, other))
        elif _nested(one) and _nested(other):
            parts = [{str(index): value for index, value in enumerate(values)} for values in (one, other)]
            yield from ((f'{name}.{path}', *values) for path, *values in _compare(*parts))
        else:
            yield name, _text(one), _text(other)


def _nested(value: Any) -> bool:
    """Whether a list holds more than numbers, whose items are better told one by one."""
    return isinstance(value, list) and any(isinstance(item, dict | list | str) for item in value)


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, dict) and 'type' in value:
        return f'{value["type"]}, {len(value) - 1} settings'
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def first_stage(first: Record, second: Record) -> str:
    """One line on where two recipes part: the first stage whose address differs, and why as far as records tell."""
    if not first.stages or not second.stages:
        return 'stages: not recorded in both'
    for index, (one, other) in enumerate(zip_longest(first.stages, second.stages)):
        if one is None or other is None:
            return f'stages: the first {index} have the same keys, then {"B" if one is None else "A"} has more'
        if one.key != other.key:
            return f'stages: {index} shared, then {_why(one, other, index)}'
    return f'stages: the keys of all {len(first.stages)} are the same'


def _why(one: StageRecord, other: StageRecord, index: int) -> str:
    if one.name != other.name:
        return f'{one.name} in A and {other.name} in B'
    why = 'its settings differ' if one.config != other.config else \
        'with the same settings: the protocol card, a plugin or the version of the stage differ' if index else \
        'with the same settings: data, classes or seed differ, a plugin or the version of the stage'
    return f'{one.name} ({one.key} and {other.key}), {why}'
