"""The data that methods are checked on: tiny versions of the embedded data set."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets.micro import write_micro
from zs_methods.datasets.spec import IGNORE, load_spec

DATASET = 'shapes'
K, LARGE_K = 2, 10
#: Sizes (height, width) of the odd images; the training crop is 64 x 64.
ODD_SIZES = ((64, 91), (65, 64), (33, 47), (96, 71))


@dataclass(frozen=True)
class Roots:
    """Data roots.

    Attributes:
        plain (Path): 60 images for training, 8 for validation, 4 unlabelled.
        relabelled (Path): the same with the unseen classes of K=2 exchanged in all masks but those for validation.
            Nothing that is allowed to be read of unseen labels differs, so neither may what is trained.
        odd (Path): images that are background only, of one class only, all ignored, of odd sizes; a seen class without
            any pixel for training; one image with an unseen class.
    """

    plain: Path
    relabelled: Path
    odd: Path


def write_roots(folder: Path) -> Roots:
    """Paints all data roots below a folder."""
    roots = Roots(*(folder / name for name in ('plain', 'relabelled', 'odd')))
    write_micro(roots.plain / DATASET, {'train': 60, 'val': 8, 'unlabelled': 4})
    shutil.copytree(roots.plain, roots.relabelled)
    unseen = load_spec(DATASET).unseen(K)
    exchange = np.arange(IGNORE + 1, dtype=np.uint8)
    exchange[list(unseen)] = unseen[::-1]
    for subset in ('train', 'unlabelled'):
        for mask in _masks(roots.relabelled, subset):
            Image.fromarray(exchange[_read(mask)]).save(mask)
    _write_odd(roots.odd, unseen)
    return roots


def _write_odd(root: Path, unseen: tuple[int, ...]) -> None:
    write_micro(root / DATASET, {'train': 30, 'val': 6, 'unlabelled': 4})
    hidden = np.isin(np.arange(IGNORE + 1), unseen)
    masks = _masks(root, 'train')
    seen = [c for c in range(1, len(load_spec(DATASET).classes)) if c not in unseen]
    with_unseen = [mask for mask in masks if hidden[_read(mask)].any()]
    for mask in with_unseen[1:]:  # of the images with an unseen class, one is left
        Image.fromarray(np.where(hidden[_read(mask)], 0, _read(mask)).astype(np.uint8)).save(mask)
    free = [mask for mask in masks if mask not in with_unseen[:1]]
    for mask in masks:  # a seen class that training never sees
        Image.fromarray(np.where(_read(mask) == seen[-1], 0, _read(mask)).astype(np.uint8)).save(mask)
    for mask, value in zip(free, (0, 0, seen[0], seen[1], IGNORE), strict=False):
        Image.fromarray(np.full_like(_read(mask), value)).save(mask)
    for index, mask in enumerate([*free[5:13], *_masks(root, 'val')[:4]]):
        size = ODD_SIZES[index % len(ODD_SIZES)][::-1]
        image = Path(str(mask).replace('ann_dir', 'img_dir'))
        Image.fromarray(_read(image)).resize(size, Image.Resampling.BILINEAR).save(image)
        Image.fromarray(_read(mask)).resize(size, Image.Resampling.NEAREST).save(mask)


def _masks(root: Path, subset: str) -> list[Path]:
    return sorted((root / DATASET / 'ann_dir' / subset).glob('*.png'))


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)
