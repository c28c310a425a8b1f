"""Records on disk, one JSON file per cell with a checksum: what `benchmark.records.schema` declares."""

from __future__ import annotations

import contextlib
import glob
import json
import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from benchmark import LOCAL, REFERENCE
from benchmark.errors import UsageError
from benchmark.records.schema import (
    SCHEMA_VERSION,
    CellId,
    Example,
    Failure,
    Group,
    MethodCard,
    Metrics,
    NetworkCard,
    Record,
    RecordHead,
    Secondary,
    StageRecord,
    Status,
)
from benchmark.records.upgrades import OLDEST, upgrade
from benchmark.records.values import variant_text
from benchmark.store.checksums import check, read_json, write_json

__all__ = [
    'READABLE', 'SCHEMA_VERSION', 'CellId', 'Example', 'Failure', 'Group', 'MethodCard', 'Metrics', 'NetworkCard',
    'Record', 'RecordHead', 'Secondary', 'StageRecord', 'Status', 'find_record', 'foreign_records', 'load_head',
    'load_record', 'load_records', 'read_json', 'record_folders', 'save_record', 'variants_of', 'write_json']

#: Versions that `load_record` reads, older ones by `upgrade`.
READABLE = range(OLDEST, SCHEMA_VERSION + 1)
#: The first key of a record after its checksum, so that its version is known from the first bytes.
_VERSION = re.compile(rb'\s*\{(\s*"checksum": "[^"\n]*",)?\s*"schema_version": (\d{1,9})\b')


def save_record(record: Record, path: Path) -> None:
    """Writes one record atomically, with a checksum."""
    write_json(path, record.model_dump(mode='json'))


def load_record(path: Path) -> Record:
    """Reads one record, of this schema or of an older one that can be upgraded.

    Raises:
        ValueError: the file is damaged or no record that can be read; the message names it and the first wrong key.
    """
    path = Path(path)
    return _validate(Record, path, *_content(path))


def load_head(path: Path) -> RecordHead:
    """Reads how a cell ended; the checksum of the whole record is compared nevertheless.

    Raises:
        ValueError: as for `load_record`, as far as the head goes.
    """
    path = Path(path)
    version, text = _content(path)
    if version == SCHEMA_VERSION:
        # Lines of the outermost level are the only ones indented by one blank, and no string holds a line break.
        text = text.partition(b',\n "traceback": ')[0] + b'}'
        return _validate(RecordHead, path, version, text)
    return RecordHead.model_validate(_validate(Record, path, version, text).model_dump(
        include=set(RecordHead.model_fields)))


def _content(path: Path) -> tuple[int, bytes]:
    """Version and JSON text; records have checksums since version 3."""
    data = path.read_bytes()
    match = _VERSION.match(data)
    version = int(match[2]) if match else SCHEMA_VERSION
    if version > SCHEMA_VERSION:
        raise ValueError(f'{path}: a record of schema {version}; this program reads up to {SCHEMA_VERSION}: update it')
    return version, check(data, path) if version >= 3 else data


def _validate(kind: type[RecordHead], path: Path, version: int, text: bytes) -> Any:
    try:
        if version == SCHEMA_VERSION:
            return kind.model_validate_json(text)
        return kind.model_validate(upgrade(json.loads(text)))
    except ValueError as error:
        first = str(error).split('\n')[1:3] or [str(error)]
        raise ValueError(f'{path}: not a record of schema {SCHEMA_VERSION}: {" ".join(s.strip() for s in first)}') \
            from None


def foreign_records(folder: Path) -> list[Path]:
    """Files in a folder that are no records, or of a schema that cannot be read, found by their first bytes.

    A run that finds some can refuse to begin.
    """
    found = []
    for path in sorted(folder.glob('*.json')):
        with open(path, 'rb') as file:
            match = _VERSION.match(file.read(200))
        if not match or int(match[2]) not in READABLE:
            found.append(path)
    return found


def load_records(folder: Path) -> list[Record]:
    """Reads all records of a folder, ordered by file name."""
    return [load_record(path) for path in sorted(folder.glob('*.json'))]


def record_folders(reports: Path | None = None) -> list[Path]:
    """Where records are looked for by their names: those of your own runs before the reference."""
    return [folder / 'records' for folder in ([LOCAL, REFERENCE] if reports is None else [reports])]


def find_record(word: str, *folders: Path) -> Path:
    """A record by its path, or by a part of its name that no other record in the folders has.

    Variants have the name of the plain method but for the hash at its end: a name without that means the plain one. Of
    two records of one name, that of the earlier folder is meant.

    Raises:
        UsageError: none or several; the message lists the nearest, and what makes variants of them.
    """
    if Path(word).is_file():
        return Path(word)
    by_name = {path.name: path for folder in reversed(folders) for path in folder.glob('*.json')}
    paths = [by_name[name] for name in sorted(by_name)]
    found = [path for path in paths if word in path.stem]
    exact = [path for path in found if word in (path.stem, path.name)]
    if len(exact or found) == 1:
        return (exact or found)[0]
    plain = [path for path in found if path.stem != _stem(path) and _stem(path).endswith(word) and not _variant(path)]
    if len(plain) == 1:
        return plain[0]
    near = found or sorted(paths, key=lambda path: -SequenceMatcher(None, word, _stem(path)).ratio())
    few = ', '.join(_named(near[:4])) + (', ...' if len(near) > 4 else '')
    if found:
        raise UsageError(f"{word!r} is part of {len(found)} records' names: {few}")
    where = ' or '.join(map(str, folders))
    raise UsageError(f'no file and no record in {where} is called {word!r}' + (f'; there are {few}' if few else ''))


def variants_of(path: Path) -> list[Path]:
    """The records beside one that differ from it in their name's hash alone: variants, or the plain method of one."""
    return [other for other in sorted(path.parent.glob(f'{glob.escape(_stem(path))}_*.json'))
            if other != path and _stem(other) == _stem(path)]


def _stem(path: Path) -> str:
    """A record's name without its hash."""
    return re.sub(r'(_seed\d+)_[0-9a-f]+$', r'\1', path.stem)


def _variant(path: Path) -> bool:
    """Whether a record is of a variant; a damaged one is of none."""
    with contextlib.suppress(OSError, ValueError):
        return bool(load_head(path).cell.variant)
    return False


def _named(paths: list[Path]) -> list[str]:
    """Names of records, with what makes a variant of each, and its data where those of several share a name."""
    heads = {}
    for path in paths:
        with contextlib.suppress(OSError, ValueError):  # a damaged one is still listed
            heads[path] = load_head(path).cell
    data = {(cell.dataset, cell.data) for cell in heads.values()}
    several = len(data) > len({dataset for dataset, _ in data})
    return [path.stem + (_about(heads[path], several) if path in heads else '') for path in paths]


def _about(cell: CellId, data: bool) -> str:
    variant = f' ({variant_text(cell.variant, full=True)})' if cell.variant else ''
    return variant + (f' (data {cell.data or "not recorded"})' if data else '')
