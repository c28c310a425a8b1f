"""Names of content: of plain data, and of a file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


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
