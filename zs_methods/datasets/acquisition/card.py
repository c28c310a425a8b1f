"""The note a preparation leaves behind: what a data set was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.listener import AcquisitionError

FILE = 'prepared.json'


def write(folder: Path, name: str, used: Mapping[str, Mapping[str, str]], lists: Mapping[str, int]) -> None:
    """Writes ``prepared.json`` as the last act of a preparation; sources of earlier calls stay in it.

    Args:
        folder (Path): the data set's folder.
        name (str): of the data set.
        used (Mapping): archive or tree -> address and checksum.
        lists (Mapping[str, int]): list -> number of images.
    """
    file = folder / FILE
    earlier = json.loads(file.read_text(encoding='utf-8'))['sources'] if file.is_file() else {}
    content = {'dataset': name, 'sources': {**earlier, **used}, 'lists': dict(lists)}
    disk.write_text(file, json.dumps(content, indent=2, sort_keys=True) + '\n')


def check_count(file: Path, names: Sequence[str], expected: int | None) -> None:
    """Compares the length of a list with the published one, before anything is written.

    Raises:
        AcquisitionError: they differ.
    """
    if expected is not None and len(names) != expected:
        raise AcquisitionError(f'{file}: would have {len(names)} images, {expected} are published; not written: '
                               'are the archives complete and of the right year?')
