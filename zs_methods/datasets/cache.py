"""What was found out about many files, remembered until one of them changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

#: Fewer files than this are read faster than a note is worth.
WORTH_A_FILE = 500


def folder() -> Path:
    """``$GZS3_CACHE``, else ``gzs3`` in the user's cache folder."""
    default = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'gzs3'
    return Path(os.environ.get('GZS3_CACHE') or default)


def per_file(purpose: str, files: Sequence[Path], compute: Callable[[Path], np.ndarray]) -> np.ndarray:
    """One row per file, computed in threads, or remembered while names, sizes and times of all files are the same.

    Args:
        purpose (str): what is computed, with everything it depends on besides the files; letters and digits.
        files (Sequence[Path]): at least one file.
        compute (Callable): file -> an array of the same shape and type for all files.

    Returns:
        ndarray: shape (files, ...).
    """
    remembered = folder() / f'{purpose}-{_state(files)}.npy'
    if len(files) >= WORTH_A_FILE:
        with contextlib.suppress(OSError, ValueError):
            found = np.load(remembered, allow_pickle=False)
            if len(found) == len(files):
                return found
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # reading and decoding run outside Python's lock
        rows = np.stack(list(threads.map(compute, files)))
    if len(files) >= WORTH_A_FILE:
        part = remembered.with_name(f'.{remembered.stem}.{uuid.uuid4().hex[:6]}.npy')
        with contextlib.suppress(OSError):  # a note that cannot be written costs time, nothing else
            remembered.parent.mkdir(parents=True, exist_ok=True)
            np.save(part, rows)
            os.replace(part, remembered)
    return rows


def _state(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        digest.update(os.fsencode(f'{file} {status.st_size} {status.st_mtime_ns}\n'))
    return digest.hexdigest()[:24]
