"""The artifact store: what stages left on disk, addressed by a hash of exactly their inputs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark.records import write_json
from zs_methods.word_vectors import file_sha256

MANIFEST = 'manifest.json'


def content_hash(content: Any) -> str:
    """Hash of plain data, independent of key order; 16 hexadecimal digits."""
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ArtifactStore:
    """Folders ``<root>/<stage>-<key>``, each complete and with a manifest, or absent.

    Args:
        root (Path): the folder of all artifacts.
        warn (Callable): takes one line about a damaged artifact.
    """

    def __init__(self, root: Path, warn: Callable[[str], None] = print) -> None:
        self.root, self.warn = root, warn
        self._verified: set[Path] = set()

    def path(self, name: str, key: str) -> Path:
        """Where the artifact of a stage is, or will be."""
        return self.root / f'{name}-{key}'

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
            manifest = json.loads((path / MANIFEST).read_text())
            if path not in self._verified:
                for file, sha256 in manifest['files'].items():
                    if file_sha256(path / file) != sha256:
                        raise ValueError(f'{file} has changed')
                self._verified.add(path)
            return manifest
        except (OSError, ValueError, KeyError) as error:
            aside = path.with_name(f'{path.name}.damaged-{uuid.uuid4().hex[:6]}')
            os.replace(path, aside)
            self.warn(f'{path}: damaged ({error}); set aside as {aside.name} and made again')
            return None

    @contextmanager
    def create(self, name: str, key: str, manifest: dict[str, Any]) -> Iterator[Path]:
        """Yields an empty folder that becomes the artifact when the block ends without an error.

        Args:
            name (str): stage.
            key (str): address.
            manifest (dict): completed by the block, then written with the checksums of all files.
        """
        path = self.path(name, key)
        part = path.with_name(f'.{path.name}.partial-{os.getpid()}-{uuid.uuid4().hex[:6]}')
        part.mkdir(parents=True)
        try:
            yield part
            files = sorted(file for file in part.rglob('*') if file.is_file())
            manifest['files'] = {str(file.relative_to(part)): file_sha256(file) for file in files}
            write_json(part / MANIFEST, manifest)
            if path.exists():
                os.replace(path, part / '.replaced')
                shutil.rmtree(part / '.replaced')
            os.replace(part, path)
            self._verified.add(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
