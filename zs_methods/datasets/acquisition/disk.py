"""Files that appear complete or not at all, lists of image names, and free space."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zs_methods.datasets.acquisition.listener import AcquisitionError
from zs_methods.datasets.files import read_list

#: Left over for the file system and for what others write meanwhile.
RESERVE = 64 << 20


@contextmanager
def atomic(target: Path) -> Iterator[Path]:
    """Yields the path to write to; the file gets its name after the block, or is removed if that fails.

    Raises:
        AcquisitionError: the disk is full.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f'.{target.name}.part')
    try:
        with full_disk_in_one_line(target):
            yield part
            os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def full_disk_in_one_line(target: Path) -> Iterator[None]:
    """Turns the operating system's error about a full disk or quota into an `AcquisitionError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise AcquisitionError(f'{target}: {error.strerror}; make room, then the same command continues') from None


def write_text(file: Path, text: str) -> None:
    """Writes a small file in one go."""
    with atomic(file) as part:
        part.write_text(text, encoding='utf-8', newline='\n')


def read_names(file: Path) -> list[str]:
    """The names in a list of images, in the way in which the data sets read it.

    Raises:
        AcquisitionError: the file is missing or damaged, see `read_list`.
    """
    try:
        return read_list(file)
    except (OSError, ValueError) as error:
        text = reason(error)
        raise AcquisitionError(text if str(file) in text else f'{file}: {text}') from None


def write_names(file: Path, names: Iterable[str]) -> None:
    """Writes a list of image names, sorted, so that every preparation gives the same bytes."""
    write_text(file, ''.join(f'{name}\n' for name in sorted(names)))


def check_free(folder: Path, needed: int, what: str) -> None:
    """Makes sure that a folder's file system has room, before anything is written.

    Args:
        folder (Path): need not exist.
        needed (int): bytes.
        what (str): for whom, for the message.

    Raises:
        AcquisitionError: there is less.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed and needed + RESERVE > free:
        raise AcquisitionError(f'{folder}: {what} needs {size(needed + RESERVE)}, the disk has {size(free)} free')


def size(count: int) -> str:
    """Bytes in words."""
    return f'{count / 1e9:.1f} GB' if count >= 1e9 else f'{count / 1e6:.1f} MB'


def reason(error: BaseException) -> str:
    """An error's own words in one line, without the path that the message names anyway."""
    text = getattr(error, 'strerror', None) or str(error) or type(error).__name__
    return ' '.join(str(text).split())
