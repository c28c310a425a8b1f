"""Names of content: of plain data, of a file, and of the code that is at work."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: Kinds of files that can change what a program does.
SUFFIXES = ('.py', '.yaml', '.txt')


def content_hash(content: Any) -> str:
    """Hash of plain data, independent of key order; 16 hexadecimal digits."""
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_sha256(path: str | Path) -> str:
    """Checksum of a file of any size; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2 ** 20):
            digest.update(block)
    return digest.hexdigest()


@functools.cache
def code_sha256() -> str:
    """Hash of all files of this package that can change a result; 16 hexadecimal digits.

    Records, checkpoints and jobs carry it. Asked for early, it stays so for this process and those it forks.
    """
    return hash_sources([Path(__file__).parent])


def hash_sources(packages: Iterable[Path]) -> str:
    """Hash of names and content of all sources of some packages; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for root in packages:
        for path in sorted(p for p in root.rglob('*') if p.suffix in SUFFIXES):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
