"""Puts folders in their places: from a tree that is there, from an archive that is there, or by download."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from zs_methods.datasets.acquisition import disk, downloads
from zs_methods.datasets.acquisition.archives import Archive, Placement, missing_bytes, unpack
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener
from zs_methods.datasets.acquisition.sources import Source


class Supply:
    """Where the parts of a data set come from.

    Args:
        root (Path): folder of all data sets; downloads are kept in ``downloads`` below it.
        given (Path, optional): folder in or below which archives and unpacked trees are looked for by their original
            names; with one, nothing is downloaded.
        listener (Listener): hears of the progress.
    """

    def __init__(self, root: Path, given: Path | None, listener: Listener) -> None:
        self.root, self.given, self.listener = root, given, listener
        self.downloads = root / 'downloads'
        #: What was used so far: file or folder -> address and checksum, for the data set's card.
        self.used: dict[str, dict[str, str]] = {}
        self._checksums: dict[Path, dict[str, str]] = {}

    def place(self, wanted: Sequence[tuple[Source, Sequence[Placement]]]) -> None:
        """Fills all folders that do not exist yet; nothing is written before all of them are known to succeed.

        Raises:
            AcquisitionError: an archive is missing, damaged or unsafe, or there is too little room.
        """
        trees: list[tuple[Path, Placement]] = []
        archives: list[tuple[Source, list[Placement]]] = []
        for source, placements in wanted:
            open_places = [placement for placement in placements if not placement.filled]
            found = {placement: self.tree(placement) for placement in open_places}
            trees += [(tree, placement) for placement, tree in found.items() if tree]
            rest = [placement for placement, tree in found.items() if not tree]
            archives += [(source, rest)] if rest else []
        files = self._files([source for source, _ in archives])
        with ExitStack() as stack:
            checked = [self._checksum(source, files[source]) for source, _ in archives]
            opened = [stack.enter_context(Archive(files[source])) for source, _ in archives]
            needed = sum(missing_bytes(archive, places) for archive, (_, places) in zip(opened, archives, strict=True))
            disk.check_free(self.root, needed, 'unpacking')
            for tree, placement in trees:
                _link(tree, placement)
                self.used[str(placement.folder.relative_to(self.root))] = {'tree': str(tree)}
                self.listener.line(f'{placement.folder}: linked to {tree}')
            for archive, checksum, (source, places) in zip(opened, checked, archives, strict=True):
                unpack(archive, places, checksum, self.listener)
                self.used[source.file] = {'url': source.url, **checksum}
                self.listener.line(f'{", ".join(str(place.folder) for place in places)}: from {archive.path.name}, '
                                   + ', '.join(f'{key} {value}' for key, value in checksum.items() if key != 'note')
                                   + (f' ({checksum["note"]})' if 'note' in checksum else ' as published'))

    def small_file(self, source: Source, beside: Sequence[Path] = ()) -> Path | None:
        """A single file that may be missing: in folders that are known, in ``--from``, or by download.

        Raises:
            AcquisitionError: it is there with a wrong checksum.
        """
        known = [folder / source.file for folder in beside] + self._index.get(source.file, [])
        file = next((path for path in [*known, self.downloads / source.file] if path.is_file()), None)
        if file is None and self.given is None:
            try:
                file = self._download(source)
            except AcquisitionError as error:
                self.listener.line(str(error))
        if file is not None:
            self.used[source.file] = {'url': source.url, **self._checksum(source, file)}
        return file

    def tree(self, placement: Placement) -> Path | None:
        """An unpacked copy of a placement's folder below ``--from``."""
        for folder in self._index.get(placement.prefix.rsplit('/', maxsplit=1)[-1], []):
            if folder.is_dir() and all(next(folder.glob(mark), None) for mark in placement.marks):
                return folder.resolve()
        return None

    @cached_property
    def _index(self) -> dict[str, list[Path]]:
        """Everything in and below ``--from`` by name, the least deep first."""
        index: dict[str, list[Path]] = {}
        if self.given is None:
            return index
        index[self.given.resolve().name] = [self.given]
        for folder, folders, files in os.walk(self.given):
            folders[:] = sorted(name for name in folders if not name.endswith('.partial'))
            for name in [*folders, *(name for name in files if name.endswith(('.tar', '.tgz', '.gz', '.zip', '.txt')))]:
                index.setdefault(name, []).append(Path(folder, name))
        return {name: sorted(paths, key=lambda path: (len(path.parts), path)) for name, paths in index.items()}

    def _files(self, sources: Sequence[Source]) -> dict[Source, Path]:
        """The archives, downloaded if need be."""
        files = {}
        for source in sources:
            known = [*self._index.get(source.file, []), self.downloads / source.file]
            files[source] = next((path for path in known if path.is_file()), None)
        absent = [source for source, file in files.items() if file is None]
        if absent and self.given is not None:
            raise AcquisitionError(f'{self.given}: neither in nor below it: '
                                   + ', '.join(f'{source.file} (or what it unpacks to)' for source in absent))
        begun = {source: downloads.part_of(self.downloads / source.file) for source in absent}
        disk.check_free(self.root, sum(
            source.unpacked + source.bytes - (begun[source].stat().st_size if begun[source].exists() else 0)
            for source in absent), 'download and unpacking')
        return {source: file or self._download(source) for source, file in files.items()}

    def _download(self, source: Source) -> Path:
        file, checksum = downloads.fetch(source, self.downloads, self.listener)
        self._checksums[file] = checksum
        return file

    def _checksum(self, source: Source, file: Path) -> dict[str, str]:
        if file not in self._checksums:
            self._checksums[file] = downloads.check(source, file, self.listener)
        return self._checksums[file]


def _link(tree: Path, placement: Placement) -> None:
    """Makes a folder out of a tree that stays where it is."""
    placement.folder.parent.mkdir(parents=True, exist_ok=True)
    if placement.folder.is_dir():
        placement.folder.rmdir()  # it is empty
    if not placement.written:
        placement.folder.symlink_to(tree, target_is_directory=True)
        return
    if placement.partial.exists():
        shutil.rmtree(placement.partial)
    placement.partial.mkdir()
    for entry in sorted(entry for entry in tree.iterdir() if entry.name not in placement.left):
        if entry.name not in placement.written:
            (placement.partial / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
            continue
        for file in filter(Path.is_file, entry.rglob('*')):
            copy = placement.partial / file.relative_to(tree)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with disk.full_disk_in_one_line(copy):
                shutil.copyfile(file, copy)
    os.replace(placement.partial, placement.folder)
