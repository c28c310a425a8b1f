"""Which state of the code is at work, as a hash that records, checkpoints and jobs carry."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

#: Kinds of files that can change what a program does.
SUFFIXES = ('.py', '.yaml', '.txt')


@functools.cache
def code_sha256() -> str:
    """Hash of all files of this package that can change a result; 16 hexadecimal digits.

    Asked for early, it stays so for this process and those it forks.
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
