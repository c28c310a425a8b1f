"""Reads the records of a report, and keeps of each what a page shows, so that thousands of them fit into memory."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.records.files import Record, load_record

#: What many records have in common and hold once each in their files.
_SHARED = ('protocol', 'network', 'method', 'classes', 'palette', 'provenance', 'label_access')


def load(folder: Path) -> list[Record]:
    """The records of a folder, ordered by file name, without what no page shows.

    Left out are the settings of stages, and the example images of all seeds of a row but the lowest that has any; equal
    parts of records are one object.

    Raises:
        ValueError: a file is no record; one line that names it.
        OSError: it cannot be read.
    """
    records: list[Record] = []
    parts: dict[str, Any] = {}
    shown: dict[str, Record] = {}
    with _no_collection():
        for path in sorted(folder.glob('*.json')):
            record = load_record(path)
            for stage in record.stages:
                stage.config = {}
            for name in _SHARED:
                value = getattr(record, name)
                setattr(record, name, parts.setdefault(f'{name} {_text(value)}', value))
            if record.examples:
                _keep_lowest(shown, record)
            records.append(record)
    return records


def _keep_lowest(shown: dict[str, Record], record: Record) -> None:
    """Lets the record with the lowest seed of all that differ in nothing else have example images."""
    cell = record.cell.model_dump_json(exclude={'seed'})
    place = json.dumps([cell, record.settings, _text(record.protocol), _text(record.network)])
    other = shown.get(place)
    if other is not None and other.cell.seed <= record.cell.seed:
        # Two records of one seed: the report chooses one of them, either may be it.
        record.examples = record.examples if other.cell.seed == record.cell.seed else []
        return
    if other is not None:
        other.examples = []
    shown[place] = record


def _text(value: Any) -> str:
    return json.dumps(value.model_dump() if hasattr(value, 'model_dump') else value, sort_keys=True)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Records hold no cycles, and looking for some takes longer than reading them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
