"""Pascal-VOC 2012 with the extra annotations of SBD, in mmsegmentation's layout."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets.acquisition import card, disk, sources
from zs_methods.datasets.acquisition.archives import Placement
from zs_methods.datasets.acquisition.convert import convert, read_mat
from zs_methods.datasets.acquisition.listener import AcquisitionError
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.spec import IGNORE, load_spec, pascal_palette

LISTS = 'ImageSets/Segmentation'
#: SBD's masks that stand in where VOC has none of its own.
AUG = 'SegmentationClassAug'


def prepare(supply: Supply) -> list[str]:
    """Makes ``VOCdevkit/VOC2012``: images, VOC's masks, SBD's masks, and the training lists.

    Lists that came with the archives are left alone. ``trainaug`` is VOC train with SBD train and val, ``aug`` the
    part of it that only SBD has, ``zs3_official`` VOC train with SBD train_noval; none holds an image of VOC val.

    Args:
        supply (Supply): where from and where to.

    Returns:
        list[str]: what could not be made, one line each; empty if all is complete.

    Raises:
        AcquisitionError: the data set could not be made.

    Source: mmsegmentation 1.2.2's ``voc_aug.py`` for layout and ``trainaug``; valeoai/ZS3 6031f4a for the other list.
    """
    folder, sbd = supply.root / 'VOCdevkit/VOC2012', supply.root / 'VOCdevkit/VOCaug/dataset'
    own = Placement('VOCdevkit/VOC2012', folder, written=('ImageSets', AUG),
                    marks=('JPEGImages/*.jpg', 'SegmentationClass/*.png', f'{LISTS}/train.txt', f'{LISTS}/val.txt'))
    added = Placement('benchmark_RELEASE/dataset', sbd, wanted=('cls/*.mat', '*.txt'),
                      marks=('cls/*.mat', 'train.txt', 'val.txt'))
    ready = _has_aug(folder if own.filled else supply.tree(own))
    supply.place([(sources.VOC2012, [own]), *([] if ready else [(sources.SBD, [added])])])
    noval = supply.small_file(sources.SBD_TRAIN_NOVAL, beside=[sbd])

    train, val = (set(disk.read_names(folder / LISTS / f'{name}.txt')) for name in ('train', 'val'))
    extra = {name for file in ([folder / LISTS / 'aug.txt'] if ready else [sbd / 'train.txt', sbd / 'val.txt'])
             for name in disk.read_names(file)}
    lists = {'trainaug': (train | extra) - val, 'aug': extra - train - val}
    if noval:
        lists['zs3_official'] = (train | set(disk.read_names(noval))) - val
    published = {Path(entry.file).stem: entry.count for entry in load_spec('voc').training_lists.values()}
    for name, names in lists.items():
        card.check_count(folder / LISTS / f'{name}.txt', sorted(names), published.get(name))

    masks = {file.stem for file in (folder / 'SegmentationClass').glob('*.png')}
    needed = sorted(set().union(*lists.values()) - masks)
    limit = len(load_spec('voc').classes)
    convert({folder / AUG / f'{name}.png': sbd / 'cls' / f'{name}.mat' for name in needed},
            partial(sbd_mask, limit=limit), supply.listener, 'SBD masks')
    for name, names in lists.items():
        disk.write_names(folder / LISTS / f'{name}.txt', names)
        supply.listener.line(f'{folder / LISTS / name}.txt: {len(names)} images')
    card.write(folder, 'voc', supply.used, {name: len(names) for name, names in lists.items()})
    return [] if noval else [
        f'{folder / LISTS}/zs3_official.txt: not written (trainaug and aug were), for want of '
        f'{sources.SBD_TRAIN_NOVAL.file}; get it from {sources.SBD_TRAIN_NOVAL.url} and pass its folder with --from']


def _has_aug(folder: Path | None) -> bool:
    """Whether a tree has SBD's masks and their list already, as mmsegmentation's converter leaves them."""
    if folder is None or not (folder / LISTS / 'aug.txt').is_file():
        return False
    there = {file.stem for file in (folder / AUG).glob('*.png')}
    return set(disk.read_names(folder / LISTS / 'aug.txt')) <= there


def sbd_mask(file: Path, limit: int) -> Image.Image:
    """A mask of SBD as a palette image.

    Args:
        file (Path): ``cls/<name>.mat``.
        limit (int): number of classes.

    Raises:
        AcquisitionError: damaged, or an id that is no class.
    """
    labels = read_mat(file, lambda content: content['GTcls'][0]['Segmentation'][0])
    wrong = labels[(labels >= limit) & (labels != IGNORE)]
    if wrong.size:
        raise AcquisitionError(f'{file}: id {wrong[0]} is neither that of a class nor {IGNORE}')
    image = Image.fromarray(labels.astype(np.uint8))
    image.putpalette([value for rgb in pascal_palette(256) for value in rgb])
    return image
