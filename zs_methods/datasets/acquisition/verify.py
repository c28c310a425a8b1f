"""Looks at every image and mask of a data set and says what is wrong with which file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener
from zs_methods.datasets.coverage import Coverage
from zs_methods.datasets.files import Folder, list_file, masks_alone, other_files, scan
from zs_methods.datasets.images import ImageFileError, opened
from zs_methods.datasets.lookup import Lookup
from zs_methods.datasets.masks import MaskFormatError, check_size, read_values
from zs_methods.datasets.names import composed, visible
from zs_methods.datasets.photographs import check_end
from zs_methods.datasets.spec import DatasetSpec, ImageList


@dataclass
class Findings:
    """What was found.

    Attributes:
        rows (list): per subset or list its name, images, published images (None if unknown) and images with a mask.
        problems (dict[str, list[str]]): kind -> one line per problem, each naming a file.
        coverage (Coverage, optional): which classes the masks hold that could be read.
        unread (int): masks that could not.
    """

    rows: list[tuple[str, int, int | None, int]] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    coverage: Coverage | None = None
    unread: int = 0

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
    findings, parts, members = Findings(), {}, {}
    for label, subset, listed in _parts(spec):
        part = spec.subsets[subset]
        images = _files(root / part.images, spec.image_suffix, findings)
        folders = [root / folder for folder in part.masks]
        masks = [_files(folder, spec.mask_suffix, findings)
                 for folder in [folder for folder in folders if folder.is_dir()] or folders[:1]]
        names = sorted(images.files) if listed is None else _listed(list_file(spec, root, listed), findings)
        expected = listed.count if listed else part.count
        where = list_file(spec, root, listed) if listed else root / part.images
        if expected is not None and names is not None and len(names) != expected:
            findings.add('count', f'{visible(where)}: {len(names)} images, {expected} are published')
        pairs, with_mask = {}, 0
        for name in names or ():
            image = _get(images, name, findings)
            mask = next(filter(None, (_get(folder, name, findings) for folder in masks)), None)
            with_mask += mask is not None
            if image is None:
                findings.add('missing image', f'{visible(root / part.images / (name + spec.image_suffix))}: image not '
                                              f'found, but {visible(where.name)} names it')
            elif mask is None:
                others = ''.join(f', nor in {folder.name}' for folder in folders[1:])
                findings.add('missing mask',
                             f'{visible(folders[0] / (name + spec.mask_suffix))}: mask not found{others}')
            else:
                pairs[image] = mask
        folder = (root / part.images).resolve()
        members[label] = {folder / composed(name + spec.image_suffix) for name in names or ()}
        parts[label] = pairs
        findings.rows.append((label, len(names or ()), expected, with_mask))
    _overlaps(members, findings)
    other: list[str] = []
    with suppress(OSError, ValueError):  # a missing folder or list is a problem already
        for folder, names in masks_alone(spec, root).items():
            for name in names:
                findings.add('missing image', f'{visible(folder / name)}: mask without an image')
        other = other_files(spec, root)
    held = _read_all({image: mask for pairs in parts.values() for image, mask in pairs.items()}, spec, findings,
                     listener)
    parts = {label: pairs for label, pairs in parts.items() if pairs}
    findings.coverage = Coverage(
        spec.classes, {label: len(pairs) for label, pairs in parts.items()},
        {label: sum((held[image] for image in pairs if image in held), np.zeros(len(spec.classes), int))
         for label, pairs in parts.items()}, left_out=tuple(other))
    return findings


def _parts(spec: DatasetSpec) -> Iterator[tuple[str, str, ImageList | None]]:
    """Label, subset and list of everything that has images."""
    known = {entry.file for entry in spec.training_lists.values()}
    for name, part in spec.subsets.items():
        if name != 'train' or part.list not in known:
            yield name, name, ImageList(file=part.list, count=part.count) if part.list else None
    for name, entry in spec.training_lists.items():
        yield f'train ({name})', 'train', entry


def _files(folder: Path, suffix: str, findings: Findings) -> Folder:
    try:
        return scan(folder, suffix)
    except FileNotFoundError as error:
        if str(error) not in findings.problems.get('missing folder', ()):
            findings.add('missing folder', str(error))
        return Folder(folder, suffix, {}, Counter())


def _get(folder: Folder, name: str, findings: Findings) -> Path | None:
    try:
        return folder.get(name)
    except ValueError as error:
        findings.add('names', str(error))
        return folder.path / folder.files[composed(name)][0]


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
                findings.add('overlap', f'{visible(image)}: is in {label} and in val')


def _read_all(pairs: dict[Path, Path], spec: DatasetSpec, findings: Findings,
              listener: Listener) -> dict[Path, np.ndarray]:
    """Reads all pairs; returns by image which classes its mask holds, shape (classes,), bool, if it can be read."""
    held, lookup = {}, spec.lookup()
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # Pillow decodes outside Python's lock
        futures = {threads.submit(_read, image, mask, lookup): image for image, mask in pairs.items()}
        try:
            for done, future in enumerate(as_completed(futures), 1):
                problems, labels = future.result()
                for kind, line in problems:
                    findings.add(kind, line)
                if labels is None:
                    findings.unread += 1
                else:
                    held[futures[future]] = np.isin(np.arange(len(spec.classes)), labels)
                listener.step('reading images and masks', done, len(futures))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    for kind, lines in findings.problems.items():
        findings.problems[kind] = sorted(set(lines))  # a file can be in several lists
    return held


def _read(image: Path, mask: Path, lookup: Lookup) -> tuple[list[tuple[str, str]], np.ndarray | None]:
    """Reads one pair; problems as kind and line, and the labels in the mask if it can be read."""
    problems, size = [], None
    try:
        with opened(image) as content:
            size = content.size
            check_end(image, content)
            content.draft('L', (1, 1))  # a JPEG at an eighth of its size: all of the file is still read
            content.load()
    except ImageFileError as error:
        problems.append(('unreadable', str(error)))
    try:
        with opened(mask, 'mask') as content:
            content.verify()  # checksums of a PNG
        values = read_values(mask)
    except MaskFormatError as error:
        return [*problems, ('format', str(error))], None
    except ImageFileError as error:
        return [*problems, ('unreadable', str(error))], None
    try:
        check_size(mask, values.shape[::-1], size or values.shape[::-1])
    except ImageFileError as error:
        problems.append(('size', str(error)))
    values = np.unique(values)
    if unknown := lookup.unknown(values):
        problems.append(('ids', f'{visible(mask)}: {lookup.complaint(unknown)}'))
    return problems, lookup[values]
