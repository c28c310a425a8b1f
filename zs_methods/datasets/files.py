"""Which image and mask files a data set consists of, and a fingerprint of them."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from zs_methods.datasets import cache, shapes_generator
from zs_methods.datasets.spec import DatasetSpec, ImageList, Subset, load_spec


def locate(spec: DatasetSpec, data_root: Path) -> Path:
    """The folder of a data set: the first of its ``folders`` below the data root that holds training images.

    If there is none, the first of them, where the data set would be.
    """
    folders = [(data_root / folder).absolute() for folder in spec.folders]
    candidates = [*folders, data_root.absolute()]
    images = spec.subsets['train'].images
    return Path(os.path.normpath(next((folder for folder in candidates if (folder / images).is_dir()), folders[0])))


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


def list_pairs(spec: DatasetSpec, root: Path, subset: str, training_list: str = '') -> list[tuple[Path, Path]]:
    """Image and mask of a subset, ordered by name, since lists of different preparations differ in their order.

    Args:
        spec (DatasetSpec): the data set.
        root (Path): its folder.
        subset (str): ``train``, ``val`` or ``unlabelled``.
        training_list (str): which of its training lists, see `image_list`.

    Raises:
        FileNotFoundError: a folder, list, image or mask is missing; one line that names it.
        ValueError: unknown subset or training list, or a name with a path in it or twice in a list.
    """
    if subset not in spec.subsets:
        raise ValueError(f'{spec.name} has no subset {subset!r}; it has: {", ".join(spec.subsets)}')
    part = spec.subsets[subset]
    listed = image_list(spec, subset, training_list)
    images = _names(root / part.images, spec.image_suffix)
    names = sorted(images) if listed is None else read_list(root / listed.file, _others(spec, root, listed))
    masks = {}
    for folder in reversed(_existing_masks(root, part)):
        masks.update(dict.fromkeys(_names(folder, spec.mask_suffix), folder))
    for name in names:
        if name not in images:
            raise FileNotFoundError(f'{root / part.images / (name + spec.image_suffix)}: image not found, but '
                                    f'{root / listed.file} names it')
        if name not in masks:
            raise FileNotFoundError(f'{root / part.masks[0] / (name + spec.mask_suffix)}: mask not found')
    if not names:
        raise FileNotFoundError(f'{root / listed.file}: names no image' if listed else
                                f'{root / part.images}: no image *{spec.image_suffix} in it')
    return [(root / part.images / (name + spec.image_suffix), masks[name] / (name + spec.mask_suffix))
            for name in names]


def read_list(file: Path, hint: str = '') -> list[str]:
    """The names in a list, one a line, in order.

    Raises:
        FileNotFoundError: there is no such file; `hint` ends the message.
        ValueError: a name is there twice, or has a path in it, or the file is no text.
    """
    try:
        names = sorted(filter(None, (line.strip() for line in file.read_text(encoding='utf-8').splitlines())))
    except OSError as error:
        raise FileNotFoundError(f'{file}: list of images not found ({error.strerror or error}){hint}') from None
    except UnicodeDecodeError:
        raise ValueError(f'{file}: not a list of names in UTF-8') from None
    for name, following in zip(names, [*names[1:], None], strict=False):
        if '/' in name or '\\' in name or name == following:
            raise ValueError(f'{file}: {name!r} is {"named twice" if name == following else "no plain name"}')
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
        how = (f'python benchmark/prepare.py {source}' if source == spec.name
               else 'check subsets, folders and --data-root')
        raise FileNotFoundError(f'{root}: data set {spec.name!r} not found; {how}')
    return f'{spec.name}-{_content(source, root, training_list)}'


@lru_cache(maxsize=32)
def _content(source: str, root: Path, training_list: str) -> str:
    spec = load_spec(source)
    digest = hashlib.sha256(json.dumps([spec.classes, spec.background, spec.mask_ids, spec.ignore_index]).encode())
    pairs = {subset: list_pairs(spec, root, subset, training_list) for subset in sorted(spec.subsets)}
    twice = {image for image, _ in pairs['train']} & {image for image, _ in pairs['val']}
    if twice:
        raise ValueError(f'{min(twice)}: image in both train and val, and so are {len(twice) - 1} more')
    for subset, part in pairs.items():
        digest.update(f'\n{subset}'.encode())
        for image, _ in part:
            digest.update(f'\n{image.name} {image.stat().st_size}'.encode())
        digest.update(cache.per_file('sha256', [mask for _, mask in part], _sha256).tobytes())
    return digest.hexdigest()[:16]


def _sha256(file: Path) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(file.read_bytes()).digest(), np.uint8)


def _names(folder: Path, suffix: str) -> set[str]:
    """Names without suffix of all files of a folder that end so."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name[:-len(suffix)] for entry in entries if entry.name.endswith(suffix)}
    except OSError as error:
        raise FileNotFoundError(f'{folder}: {error.strerror or error}') from None


def _existing_masks(root: Path, part: Subset) -> list[Path]:
    folders = [root / folder for folder in part.masks]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        raise FileNotFoundError(f'{folders[0]}: no such folder of masks')
    return found


def _others(spec: DatasetSpec, root: Path, listed: ImageList) -> str:
    """Says which other training lists are there."""
    found = [name for name, other in spec.training_lists.items() if other != listed and (root / other.file).is_file()]
    return f'; training lists that are there: {", ".join(found)}' if found else ''
