"""Which image and mask files a data set consists of, and a fingerprint of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from zs_methods.datasets import cache, shapes_generator
from zs_methods.datasets.names import composed, visible
from zs_methods.datasets.spec import DatasetSpec, ImageList, Subset, load_spec

#: End of the names of masks that mmsegmentation's converter of COCO-Stuff writes beside the raw ones.
CONVERTED = '_labelTrainIds'


def locate(spec: DatasetSpec, data_root: Path) -> Path:
    """The folder of a data set: the first of its ``folders`` below the data root that holds training images.

    If there is none, the first of them, where the data set would be.
    """
    folders = [(data_root / folder).absolute() for folder in spec.folders]
    candidates = [*folders, data_root.absolute()]
    images = spec.subsets['train'].images
    return Path(os.path.normpath(next((folder for folder in candidates if (folder / images).is_dir()), folders[0])))


def common_root(spec: DatasetSpec, data_root: Path) -> Path:
    """The folder that holds all data sets, for a data root that is it, this data set's own folder, or between them."""
    root = locate(spec, data_root)
    own = next((parts for folder in spec.folders if (parts := Path(folder).parts) == root.parts[-len(parts):]), ())
    return root.parents[len(own) - 1] if own else root


def image_list(spec: DatasetSpec, subset: str, training_list: str = '') -> ImageList | None:
    """The list that names the images of a subset, None if all images of its folder are meant.

    Raises:
        ValueError: the data set has no such training list.
    """
    if subset == 'train' and training_list:
        if training_list not in spec.training_lists:
            raise ValueError(f'{spec.name} has no training list {training_list!r}; it has: '
                             f'{", ".join(spec.training_lists) or "none"}')
        return spec.training_lists[training_list]
    part = spec.subsets[subset]
    return ImageList(file=part.list, count=part.count) if part.list else None


def list_file(spec: DatasetSpec, root: Path, listed: ImageList) -> Path:
    """Where a list of images is: beside the data set's description if it is there, else in the data set's folder."""
    return spec.beside(listed.file) or root / listed.file


def list_pairs(spec: DatasetSpec, root: Path, subset: str, training_list: str = '') -> list[tuple[Path, Path]]:
    """Image and mask of a subset, ordered by name, since lists of different preparations differ in their order.

    Args:
        spec (DatasetSpec): the data set.
        root (Path): its folder.
        subset (str): ``train``, ``val`` or ``unlabelled``.
        training_list (str): which of its training lists, see `image_list`.

    Raises:
        FileNotFoundError: a folder, list, image or mask is missing; one line that names it.
        ValueError: unknown subset or training list, a name with a path in it or twice in a list, or two files of one
            name.
    """
    if subset not in spec.subsets:
        raise ValueError(f'{spec.name} has no subset {subset!r}; it has: {", ".join(spec.subsets)}')
    part = spec.subsets[subset]
    listed = image_list(spec, subset, training_list)
    images = scan(root / part.images, spec.image_suffix)
    masks = [scan(folder, spec.mask_suffix) for folder in _existing_masks(root, part)]
    names = images.files if listed is None else read_list(list_file(spec, root, listed), _others(spec, root, listed))
    pairs = []
    for name in names:
        image = images.get(name)
        mask = next(filter(None, (folder.get(name) for folder in masks)), None)
        if image is None:
            raise FileNotFoundError(f'{visible(root / part.images / (name + spec.image_suffix))}: image not found, but '
                                    f'{visible(list_file(spec, root, listed))} names it')
        if mask is None:
            there = next((f'; there are: {folder.left_out()}' for folder in masks if folder.others), '')
            raise FileNotFoundError(
                f'{visible(root / part.masks[0] / (name + spec.mask_suffix))}: mask not found{there}')
        pairs.append((image, mask))
    if not pairs:
        there = f'; there are: {images.left_out()}' if images.others else ''
        raise FileNotFoundError(f'{visible(list_file(spec, root, listed))}: names no image' if listed else
                                f'{visible(root / part.images)}: no image *{spec.image_suffix} in it{there}')
    return sorted(pairs, key=lambda pair: pair[0].name[:-len(spec.image_suffix)])


def masks_alone(spec: DatasetSpec, root: Path, training_list: str = '') -> dict[Path, list[str]]:
    """Masks that no image belongs to, in folders of which all images are meant; a list may leave out what it likes.

    Args:
        spec (DatasetSpec): the data set.
        root (Path): its folder.
        training_list (str): which of its training lists.

    Returns:
        dict[Path, list[str]]: folder -> names of files, ascending; folders without such masks are left out.

    Raises:
        FileNotFoundError: a folder or list is missing; one line that names it.
    """
    used: dict[Path, set[str]] = {}
    whole = set()
    for subset, part in spec.subsets.items():
        listed = image_list(spec, subset, training_list)
        names = (scan(root / part.images, spec.image_suffix).files if listed is None else
                 [composed(name) for name in read_list(list_file(spec, root, listed))])
        for folder in _existing_masks(root, part):
            used.setdefault(folder, set()).update(names)
            whole.update([folder] if listed is None else [])
    alone = {folder: sorted(file for name, files in scan(folder, spec.mask_suffix).files.items()
                            for file in files if name not in used[folder] and not name.endswith(CONVERTED))
             for folder in sorted(whole)}
    return {folder: names for folder, names in alone.items() if names}


def other_files(spec: DatasetSpec, root: Path, training_list: str = '') -> list[str]:
    """One line for each folder of which all images are meant that holds files with other endings than the data set's.

    Raises:
        FileNotFoundError: a folder is missing; one line that names it.
    """
    folders = {}
    for subset, part in spec.subsets.items():
        if image_list(spec, subset, training_list) is None:
            folders[root / part.images] = spec.image_suffix
            folders.update(dict.fromkeys(_existing_masks(root, part), spec.mask_suffix))
    scanned = [scan(folder, suffix) for folder, suffix in folders.items()]
    return [f'{visible(folder.path)}: {folder.left_out()}, take no part' for folder in scanned if folder.others]


@dataclass(frozen=True)
class Folder:
    """The files of a folder whose names do not begin with a dot.

    Attributes:
        path (Path): the folder.
        suffix (str): what the names of its images or masks end with, in small or capital letters.
        files (dict[str, list[str]]): name without suffix, composed -> the files of that name, mostly one.
        others (Counter[str]): endings of all other files.
    """

    path: Path
    suffix: str
    files: dict[str, list[str]]
    others: Counter[str]

    def get(self, name: str) -> Path | None:
        """The file of a name, in whatever form it is written, or None.

        Raises:
            ValueError: there are several; one line that names two.
        """
        found = self.files.get(composed(name), ())
        if len(found) > 1:
            shown = ascii if len({*map(composed, found)}) == 1 else visible  # two ways to write an accent look the same
            first, second = map(shown, sorted(found)[:2])
            raise ValueError(f'{visible(self.path)}: {first} and {second} differ only in the case of the suffix or in '
                             'how accents are written; keep one of them')
        return self.path / found[0] if found else None

    def left_out(self) -> str:
        """The other files in words."""
        kinds = ', '.join(f'{visible(suffix)} ({count})' for suffix, count in self.others.most_common(5))
        return f'{self.others.total()} files that do not end with {self.suffix}: {kinds}'


def scan(folder: Path, suffix: str) -> Folder:
    """Lists a folder.

    Raises:
        FileNotFoundError: it cannot be read; one line that names it.
    """
    files: dict[str, list[str]] = {}
    others: Counter[str] = Counter()
    ending = composed(suffix)
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith('.'):
                    continue
                name = composed(entry.name)
                if len(name) > len(ending) and name[-len(ending):].casefold() == ending.casefold():
                    files.setdefault(name[:-len(ending)], []).append(entry.name)
                elif entry.is_file():
                    others[Path(name).suffix or name] += 1
    except OSError as error:
        raise FileNotFoundError(f'{visible(folder)}: {error.strerror or error}') from None
    return Folder(folder, suffix, files, others)


def read_list(file: Path, hint: str = '') -> list[str]:
    """The names in a list, one a line, in order; UTF-8 with or without a byte order mark.

    Raises:
        FileNotFoundError: there is no such file; `hint` ends the message.
        ValueError: a name is there twice, or has a path in it, or the file is no text.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileNotFoundError(
            f'{visible(file)}: list of images not found ({error.strerror or error}){hint}') from None
    try:
        names = sorted(filter(None, map(str.strip, content.decode('utf-8-sig').splitlines())))
    except UnicodeDecodeError as error:
        line = content[content.rfind(b'\n', 0, error.start) + 1:].split(b'\n', 1)[0].strip()
        raise ValueError(f'{visible(file)}: not a list of names in UTF-8: {line[:60]!r}') from None
    seen = set()
    for name in names:
        if '/' in name or '\\' in name or composed(name) in seen:
            raise ValueError(
                f'{visible(file)}: {name!r} is {"named twice" if composed(name) in seen else "no plain name"}')
        seen.add(composed(name))
    return names


def fingerprint(source: str, root: Path, training_list: str = '') -> str:
    """Names the content of a data set without reading its pixels; part of every artifact's address.

    An embedded data set has the version of its generator. Others have a hash of what their description says about
    classes and masks, of the content of every mask, and of name and size of every image: the same files give the same
    address anywhere.

    Args:
        source (str): see `load_spec`.
        root (Path): folder of the data set.
        training_list (str): which of its training lists.

    Raises:
        FileNotFoundError: something is missing; one line that names it.
        ValueError: an image is in both subsets, or a list is damaged.
    """
    spec = load_spec(source)
    if spec.embedded:
        return f'{spec.name}-v{shapes_generator.VERSION}'
    if not (root / spec.subsets['train'].images).is_dir():
        how = (f'python -m benchmark prepare {source}' if source == spec.name
               else 'check subsets, folders and --data-root')
        raise FileNotFoundError(f'{visible(root)}: data set {spec.name!r} not found; {how}')
    return f'{spec.name}-{_content(source, root, training_list)}'


@lru_cache(maxsize=32)
def _content(source: str, root: Path, training_list: str) -> str:
    spec = load_spec(source)
    digest = hashlib.sha256(json.dumps([spec.classes, spec.background, spec.mask_ids, spec.ignore_index]).encode())
    pairs = {subset: list_pairs(spec, root, subset, training_list) for subset in sorted(spec.subsets)}
    twice = {image for image, _ in pairs['train']} & {image for image, _ in pairs['val']}
    if twice:
        raise ValueError(f'{visible(min(twice))}: image in both train and val, and so are {len(twice) - 1} more')
    for subset, part in pairs.items():
        digest.update(f'\n{subset}'.encode())
        for image, _ in part:
            digest.update(os.fsencode(f'\n{image.name} {image.stat().st_size}'))
        digest.update(cache.per_file('sha256', [mask for _, mask in part], _sha256).tobytes())
    return digest.hexdigest()[:16]


def _sha256(file: Path) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(file.read_bytes()).digest(), np.uint8)


def _existing_masks(root: Path, part: Subset) -> list[Path]:
    folders = [root / folder for folder in part.masks]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        raise FileNotFoundError(f'{visible(folders[0])}: no such folder of masks')
    return found


def _others(spec: DatasetSpec, root: Path, listed: ImageList) -> str:
    """Says which other training lists are there."""
    found = [name for name, other in spec.training_lists.items()
             if other != listed and list_file(spec, root, other).is_file()]
    return f'; training lists that are there: {", ".join(found)}' if found else ''
