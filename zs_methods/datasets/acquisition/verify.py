"""Looks at every image and mask of a data set and says what is wrong with which file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.cocostuff import CONVERTED
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener
from zs_methods.datasets.images import ImageFileError, opened
from zs_methods.datasets.spec import INVALID, DatasetSpec, ImageList


@dataclass
class Findings:
    """What was found.

    Attributes:
        rows (list): per subset or list its name, images, published images (None if unknown) and images with a mask.
        problems (dict[str, list[str]]): kind -> one line per problem, each naming a file.
    """

    rows: list[tuple[str, int, int | None, int]] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, line: str) -> None:
        """Notes a problem."""
        self.problems.setdefault(kind, []).append(line)


def verify(spec: DatasetSpec, root: Path, listener: Listener) -> Findings:
    """Counts images, masks, ids and overlaps, and reads every file.

    Args:
        spec (DatasetSpec): the data set.
        root (Path): its folder.
        listener (Listener): hears of the progress.

    Returns:
        Findings: what is there, and all problems.
    """
    findings, pairs, members = Findings(), {}, {}
    for label, subset, listed in _parts(spec):
        part = spec.subsets[subset]
        images = _files(root / part.images, spec.image_suffix, findings)
        masks: dict[str, Path] = {}
        folders = [root / folder for folder in part.masks]
        for folder in reversed([folder for folder in folders if folder.is_dir()] or folders[:1]):
            masks.update(_files(folder, spec.mask_suffix, findings))
        names = sorted(images) if listed is None else _listed(root / listed.file, findings)
        expected = listed.count if listed else part.count
        where = root / (listed.file if listed else part.images)
        if expected is not None and names is not None and len(names) != expected:
            findings.add('count', f'{where}: {len(names)} images, {expected} are published')
        for name in names or ():
            image = images.get(name)
            if image is None:
                findings.add('missing image', f'{root / part.images / (name + spec.image_suffix)}: image not found, '
                                              f'but {where.name} names it')
            elif name not in masks:
                others = ''.join(f', nor in {folder.name}' for folder in folders[1:])
                findings.add('missing mask', f'{folders[0] / (name + spec.mask_suffix)}: mask not found{others}')
            else:
                pairs[image] = masks[name]
        if listed is None:
            for name in sorted(name for name in set(masks) - set(images) if not name.endswith(CONVERTED)):
                findings.add('missing image', f'{masks[name]}: mask without an image')
        folder = (root / part.images).resolve()
        members[label] = {folder / (name + spec.image_suffix) for name in names or ()}
        findings.rows.append((label, len(names or ()), expected, sum(name in masks for name in names or ())))
    _overlaps(members, findings)
    _read_all(pairs, spec.lookup(), findings, listener)
    return findings


def _parts(spec: DatasetSpec) -> Iterator[tuple[str, str, ImageList | None]]:
    """Label, subset and list of everything that has images."""
    known = {entry.file for entry in spec.training_lists.values()}
    for name, part in spec.subsets.items():
        if name != 'train' or part.list not in known:
            yield name, name, ImageList(file=part.list, count=part.count) if part.list else None
    for name, entry in spec.training_lists.items():
        yield f'train ({name})', 'train', entry


def _files(folder: Path, suffix: str, findings: Findings) -> dict[str, Path]:
    try:
        return {path.name[:-len(suffix)]: path for path in folder.iterdir() if path.name.endswith(suffix)}
    except OSError as error:
        line = f'{folder}: {disk.reason(error)}'
        if line not in findings.problems.get('missing folder', ()):
            findings.add('missing folder', line)
        return {}


def _listed(file: Path, findings: Findings) -> list[str] | None:
    try:
        return disk.read_names(file)
    except AcquisitionError as error:
        findings.add('list', str(error))
        return None


def _overlaps(members: dict[str, set[Path]], findings: Findings) -> None:
    """No training image may be a validation image; images of one name in two folders are two images."""
    for label, images in members.items():
        if label.split()[0] == 'train':
            for image in sorted(images & members['val']):
                findings.add('overlap', f'{image}: is in {label} and in val')


def _read_all(pairs: dict[Path, Path], lookup: np.ndarray, findings: Findings, listener: Listener) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # Pillow decodes outside Python's lock
        futures = [threads.submit(_read, image, mask, lookup) for image, mask in pairs.items()]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                for kind, line in future.result():
                    findings.add(kind, line)
                listener.step('reading images and masks', done, len(futures))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    for kind, lines in findings.problems.items():
        findings.problems[kind] = sorted(set(lines))  # a file can be in several lists


def _read(image: Path, mask: Path, lookup: np.ndarray) -> list[tuple[str, str]]:
    """Reads one pair; problems as kind and line."""
    problems, sizes = [], []
    try:
        with opened(image) as content:
            sizes.append(content.size)
            content.draft('L', (1, 1))  # a JPEG at an eighth of its size: all of the file is still read
            content.load()
    except ImageFileError as error:
        problems.append(('unreadable', str(error)))
    try:
        with opened(mask, 'mask') as content:
            content.verify()  # checksums of a PNG
        with opened(mask, 'mask') as content:
            sizes.append(content.size)
            values = _values(content)
    except ImageFileError as error:
        return [*problems, ('unreadable', str(error))]
    if len(set(sizes)) > 1:
        problems.append(('size', '{}: mask of {} x {} pixels for an image of {} x {}'.format(
            mask, *sizes[1], *sizes[0])))
    if values is None:
        problems.append(('ids', f'{mask}: a mask is a palette or grey image whose values are class ids'))
    else:
        wrong = [int(value) for value in values if lookup[min(max(value, 0), len(lookup) - 1)] == INVALID]
        if wrong:
            problems.append(('ids', f'{mask}: {_ids(wrong)} neither that of a class nor one to ignore'))
    return problems


def _values(mask: Image.Image) -> np.ndarray | None:
    """The values that occur in a mask, None for a colour image."""
    if mask.mode in ('P', 'L'):
        return np.flatnonzero(mask.histogram())
    return np.unique(np.asarray(mask)) if mask.mode.startswith('I') else None


def _ids(wrong: Sequence[int]) -> str:
    shown = ', '.join(map(str, wrong[:5])) + (', ...' if len(wrong) > 5 else '')
    return f'id {shown} is' if len(wrong) == 1 else f'ids {shown} are'
