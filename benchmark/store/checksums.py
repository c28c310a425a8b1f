"""JSON files that know whether they are whole: the first key is a checksum of everything after it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

from benchmark.store.locks import is_alive, machine
from zs_methods.hashes import content_hash, file_sha256

__all__ = ['check', 'content_hash', 'file_sha256', 'read_json', 'stray_files', 'sync_folder', 'verified', 'write_json']

#: Fixed to the byte, so that no change of it goes unnoticed either. What follows is covered by the checksum.
_HEADER = re.compile(rb'\{\n "checksum": "sha256:([0-9a-f]{64})"')

#: Name of a file that is being written: machine and process of its writer.
_TEMPORARY = re.compile(r'\..+\.([0-9a-f]{6})-(\d+)-[0-9a-f]{6}')
#: Writing takes seconds; on another machine, whose processes cannot be asked, one is given up after an hour.
ABANDONED_S = 3600


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a JSON file with its checksum; the order of keys is kept.

    A reader sees the old file or the new one, never half of one, also after a power cut: the file is flushed to the
    disk before it takes its name, and its folder after.

    Args:
        path (Path): the file; its folder is made.
        content (dict): plain data, without a key ``checksum``.

    Raises:
        ValueError: `content` has a key ``checksum``.
        OSError: it cannot be written; what was there before still is, and nothing else.
    """
    if 'checksum' in content:
        raise ValueError(f"{path}: the key 'checksum' is that of the file, not of its content")
    text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
    # A file name that is no UTF-8 has characters that cannot be encoded; written as \udc.. they are JSON and come back.
    body = ((',' if content else '\n') + text[1:]).encode(errors='backslashreplace')
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{_machine_tag()}-{os.getpid()}-{uuid.uuid4().hex[:6]}')
    try:
        with open(temporary, 'wb') as file:
            file.write(b'{\n "checksum": "sha256:%s"' % hashlib.sha256(body).hexdigest().encode())
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems know no such thing
            raise
    finally:
        os.close(handle)


def verified(path: Path) -> bytes:
    """The JSON text of an intact file, without its checksum.

    Raises:
        ValueError: it is damaged, or was not written by `write_json`; one line that names it.
        OSError: it cannot be read.
    """
    return check(path.read_bytes(), path)


def check(data: bytes, path: Path) -> bytes:
    """As `verified`, for the bytes of a file that were read already."""
    header = _HEADER.match(data)
    if not header:
        raise ValueError(f'{path}: damaged: it does not begin with a checksum')
    body = data[header.end():]
    if hashlib.sha256(body).hexdigest().encode() != header[1]:
        raise ValueError(f'{path}: damaged: its content is not that of its checksum')
    return b'{' + body[1:]


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` was given.

    Raises:
        ValueError: the file is damaged, or was not written by `write_json`; one line that names it.
        OSError: it cannot be read.
    """
    return json.loads(verified(path))


def stray_files(folder: Path) -> list[Path]:
    """Temporary files that a killed `write_json` left in a folder; those of a living one are not among them."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(path for path in folder.iterdir() if (match := _TEMPORARY.fullmatch(path.name))
                      and _is_abandoned(path, *match.groups()))
    return []


def _is_abandoned(path: Path, tag: str, pid: str) -> bool:
    if tag == _machine_tag():
        return not is_alive(int(pid), None)
    with contextlib.suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > ABANDONED_S
    return False


def _machine_tag() -> str:
    """Tells machines apart whose process numbers mean different processes, without naming them."""
    return content_hash(machine())[:6]
