"""Safe and resumable unpacking of tar and zip archives.

Members are copied as plain bytes into paths that were checked before the first one is written; owners, modes, links
and devices of an archive never reach the disk. A folder is filled as ``<name>.partial`` and renamed when complete.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener

MARKER = '.from-archive.json'
_DRIVE = re.compile('[A-Za-z]:')


@dataclass(frozen=True)
class Placement:
    """Where a folder of an archive goes.

    Attributes:
        prefix (str): the folder inside the archive; its last part is also the name of an unpacked copy.
        folder (Path): what it becomes.
        wanted (tuple[str, ...]): patterns of the members to take, relative to the prefix.
        beside (tuple[str, ...]): members outside of the prefix to put into the folder as well.
        marks (tuple[str, ...]): patterns of paths that an unpacked copy must have.
        written (tuple[str, ...]): subfolders that will be written to; of a tree that is there already, these are
            copied while the rest is linked. Without any, the whole folder is linked.
        left (tuple[str, ...]): subfolders of a tree that are not taken over.
    """

    prefix: str
    folder: Path
    wanted: tuple[str, ...] = ('*',)
    beside: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def partial(self) -> Path:
        """The folder's name until it is complete."""
        return self.folder.with_name(f'{self.folder.name}.partial')

    @property
    def filled(self) -> bool:
        """Whether the folder is there; an empty one does not count."""
        return self.folder.is_dir() and next(self.folder.iterdir(), None) is not None

    def target(self, member: str) -> Path | None:
        """Where a member goes, below `partial`; None if it is not wanted."""
        if member in self.beside:
            return self.partial / member
        inside = member.removeprefix(f'{self.prefix}/')
        wanted = inside != member and any(fnmatch(inside, pattern) for pattern in self.wanted)
        return self.partial / inside if wanted else None


@dataclass(frozen=True)
class Member:
    """A file inside an archive, its size in bytes, and how to read it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


class Archive:
    """An open archive whose members are all plain files and folders with harmless names.

    Args:
        path (Path): ``.zip``, or tar with any compression.

    Raises:
        AcquisitionError: damaged, or a member is absolute, has ``..`` in it, or is neither file nor folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _damage_in_one_line(path):
            zipped = path.suffix == '.zip'
            self._file = zipfile.ZipFile(path) if zipped else tarfile.open(path)  # noqa: SIM115, closed by __exit__
            try:
                listed = self._zip() if zipped else self._tar()
                self.members = list({member.name: member for member in listed}.values())
            except BaseException:
                self._file.close()
                raise

    def __enter__(self) -> Archive:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self._file.close()

    def _zip(self) -> Iterator[Member]:
        for info in self._file.infolist():
            mode = info.external_attr >> 16
            kind = '' if info.is_dir() or not stat.S_IFMT(mode) or stat.S_ISREG(mode) else 'a link or device'
            name = self._checked(info.orig_filename, kind)
            if not info.is_dir():
                yield Member(name, info.file_size, lambda info=info: self._file.open(info))

    def _tar(self) -> Iterator[Member]:
        for info in self._file.getmembers():
            name = self._checked(info.name, '' if info.isfile() or info.isdir() else 'a link or device')
            if info.isfile():
                yield Member(name, info.size, lambda info=info: self._file.extractfile(info))

    def _checked(self, name: str, kind: str) -> str:
        path = PurePosixPath(name)
        if path.is_absolute() or '..' in path.parts or '\\' in name or '\0' in name or _DRIVE.match(name):
            kind = "a path that leaves the archive's folder"
        if kind:
            raise AcquisitionError(f'{self.path}: member {name!r} is {kind}; nothing was unpacked')
        return str(path)


def missing_bytes(archive: Archive, placements: Sequence[Placement]) -> int:
    """Bytes that `unpack` still has to write."""
    return sum(member.size for member, target in _targets(archive, placements) if not _complete(target, member))


def unpack(archive: Archive, placements: Sequence[Placement], identity: dict[str, str], listener: Listener) -> None:
    """Fills the folders of the placements; files of an interrupted call that are complete are kept.

    Args:
        archive (Archive): where from.
        placements (Sequence[Placement]): folders that do not exist yet.
        identity (dict[str, str]): the archive's checksum; what another archive left behind is thrown away.
        listener (Listener): hears of the progress.

    Raises:
        AcquisitionError: a folder is not in the archive, a member is damaged, or the disk is full.
    """
    targets = _targets(archive, placements)
    for placement in placements:
        if not any(target.is_relative_to(placement.partial) for _, target in targets):
            raise AcquisitionError(f'{archive.path}: holds no files in {placement.prefix}/; is it the right archive?')
        marker = placement.partial / MARKER
        if placement.partial.exists() and (not marker.is_file() or
                                           json.loads(marker.read_text(encoding='utf-8')) != identity):
            shutil.rmtree(placement.partial)
        disk.write_text(marker, json.dumps(identity))
    total, done = sum(member.size for member, _ in targets), 0
    with _damage_in_one_line(archive.path):
        for member, target in targets:
            if not _complete(target, member):
                _copy(archive, member, target)
            done += member.size
            listener.step(f'unpacking {archive.path.name}', done, total, 'bytes')
    for placement in placements:
        (placement.partial / MARKER).unlink()
        os.replace(placement.partial, placement.folder)


def _targets(archive: Archive, placements: Sequence[Placement]) -> list[tuple[Member, Path]]:
    """Members to take and their places, in the archive's order: compressed tars cannot be read in any other."""
    pairs = ((member, placement.target(member.name)) for member in archive.members for placement in placements)
    return [(member, target) for member, target in pairs if target]


def _complete(target: Path, member: Member) -> bool:
    return target.is_file() and target.stat().st_size == member.size


def _copy(archive: Archive, member: Member, target: Path) -> None:
    with disk.atomic(target) as part, member.open() as source, open(part, 'wb') as stream:
        shutil.copyfileobj(source, stream, 1 << 20)
        if stream.tell() != member.size:
            raise AcquisitionError(f'{archive.path}: member {member.name!r} is cut off; get the archive again')


@contextmanager
def _damage_in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, UnicodeError,
            NotImplementedError, RuntimeError) as error:
        raise AcquisitionError(f'{path}: archive is damaged or cut off ({disk.reason(error)}); get it again') from None
    except OSError as error:
        if error.errno is not None:  # of the disk; gzip and bz2 raise theirs without a number
            raise
        raise AcquisitionError(f'{path}: archive is damaged or cut off ({disk.reason(error)}); get it again') from None
