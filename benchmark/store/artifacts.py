"""The artifact store: what stages left on disk, addressed by a hash of exactly their inputs."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.store.checksums import content_hash, file_sha256, read_json, sync_folder, write_json
from benchmark.store.locks import Lock, is_held

__all__ = ['MANIFEST', 'ArtifactStore', 'content_hash']

MANIFEST = 'manifest.json'


class ArtifactStore:
    """Folders ``<root>/<stage>-<key>``, each complete and with a manifest, or absent.

    Beside them, while a stage runs, with a dot in front: its lock, its unfinished folder, and its scratch folder, which
    holds checkpoints and outlives an interrupted run.

    Args:
        root (Path): the folder of all artifacts.
        warn (Callable): takes one line about a damaged artifact, or a lock that is waited for.
    """

    def __init__(self, root: Path, warn: Callable[[str], None] = print) -> None:
        self.root, self.warn = root, warn
        self._verified: set[Path] = set()

    def path(self, name: str, key: str) -> Path:
        """Where the artifact of a stage is, or will be."""
        return self.root / f'{name}-{key}'

    def scratch(self, name: str, key: str) -> Path:
        """Where a stage may leave what lets it continue; removed with `create`."""
        return self.root / f'.{name}-{key}.scratch'

    def lock(self, name: str, key: str) -> Lock:
        """What a process holds while it makes the artifact."""
        return Lock(self.root / f'.{name}-{key}.lock', lambda line: self.warn(line))

    def exists(self, name: str, key: str) -> bool:
        """Whether the artifact is there; its content is checked by `manifest` when it is used."""
        return (self.path(name, key) / MANIFEST).is_file()

    def manifest(self, name: str, key: str) -> dict[str, Any] | None:
        """The manifest of an intact artifact, or None.

        Checksums are compared once per process. A damaged artifact is set aside and reported.
        """
        path = self.path(name, key)
        if not self.exists(name, key):
            return None
        try:
            manifest = read_json(path / MANIFEST)
            if path not in self._verified:
                found = {str(file.relative_to(path)) for file in path.rglob('*') if file.is_file()}
                if stray := found ^ {*manifest['files'], MANIFEST}:
                    raise ValueError(f'{min(stray)} is missing or does not belong there')
                for file, sha256 in manifest['files'].items():
                    if file_sha256(path / file) != sha256:
                        raise ValueError(f'{file} has changed')
                self._verified.add(path)
            return manifest
        except (OSError, ValueError, KeyError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOENT, errno.EIO):
                raise  # nothing is known of the artifact: too many open files, a server that does not answer
            aside = path.with_name(f'{path.name}.damaged-{uuid.uuid4().hex[:6]}')
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                os.replace(path, aside)
            self.warn(f'{path}: damaged ({error}); set aside as {aside.name} and made again')
            return None

    @contextmanager
    def create(self, name: str, key: str, manifest: dict[str, Any]) -> Iterator[Path]:
        """Yields an empty folder that becomes the artifact when the block ends without an error.

        All files are on the disk before the artifact has its name. Hold `lock` meanwhile.

        Args:
            name (str): stage.
            key (str): address.
            manifest (dict): completed by the block, then written with the checksums of all files.
        """
        path = self.path(name, key)
        part = path.with_name(f'.{path.name}.partial-{uuid.uuid4().hex[:6]}')
        part.mkdir(parents=True)
        try:
            yield part
            files = sorted(file for file in part.rglob('*') if file.is_file())
            manifest['files'] = {str(file.relative_to(part)): file_sha256(file) for file in files}
            for file in files:
                _sync(file)
            write_json(part / MANIFEST, manifest)
            for folder in {file.parent for file in files}:
                sync_folder(folder)
            if path.exists():
                os.replace(path, part.with_name(f'{part.name}.replaced'))
            os.replace(part, path)
            sync_folder(self.root)
            self._verified.add(path)
            shutil.rmtree(self.scratch(name, key), ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)
            shutil.rmtree(part.with_name(f'{part.name}.replaced'), ignore_errors=True)

    def clean(self) -> None:
        """Removes what processes that were killed have left: locks, unfinished folders, scratch without a use."""
        for path in self.root.glob('.*-*.*') if self.root.is_dir() else ():
            match = re.fullmatch(r'\.(\w+)-(\w+)\.(lock|scratch|partial-\w+(?:\.replaced)?)', path.name)
            if not match or is_held(self.lock(match[1], match[2]).path):
                continue
            if match[3] == 'lock':
                lock = Lock(path)
                with contextlib.suppress(OSError):
                    if lock.acquire():  # takes over the dead owner's, and frees it
                        lock.release()
            elif match[3] != 'scratch' or self.exists(match[1], match[2]):
                shutil.rmtree(path, ignore_errors=True)


def _sync(file: Path) -> None:
    """Has a file written to the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
