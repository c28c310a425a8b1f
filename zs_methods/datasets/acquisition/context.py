"""Pascal-Context: the images of VOC 2010 with masks of 59 classes and background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets.acquisition import card, disk, sources
from zs_methods.datasets.acquisition.archives import Placement
from zs_methods.datasets.acquisition.convert import convert, read_mat
from zs_methods.datasets.acquisition.listener import AcquisitionError
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.spec import load_spec

MASKS = 'SegmentationClassContext'
LISTS = 'ImageSets/SegmentationContext'
ORDER = 'classes.txt'
#: Our name -> how some editions of the label list spell it.
OTHER_SPELLINGS = {'table': 'diningtable', 'bedclothes': 'bedcloth', 'cloth': 'clothes'}


def prepare(supply: Supply) -> list[str]:
    """Makes ``VOCdevkit/VOC2010`` with masks of 60 values, 0 for background and the other 400 labels.

    Args:
        supply (Supply): where from and where to.

    Returns:
        list[str]: what could not be made; always empty.

    Raises:
        AcquisitionError: the data set could not be made.

    Source: labels by name as in valeoai/ZS3 6031f4a; VOC 2010's Main lists as its train and val.
    """
    folder, mats = supply.root / 'VOCdevkit/VOC2010', supply.root / 'VOCdevkit/context459'
    supply.place([
        (sources.VOC2010, [Placement(
            'VOCdevkit/VOC2010', folder, written=('ImageSets',), left=(MASKS,),
            marks=('JPEGImages/*.jpg', 'ImageSets/Main/train.txt', 'ImageSets/Main/val.txt'))]),
        (sources.CONTEXT, [Placement('trainval', mats, wanted=('*.mat', 'labels.txt'),
                                        beside=('labels.txt',), marks=('*.mat',))]),
    ])
    # Out of the archive, beside the unpacked folder, or on the same site.
    labels = supply.small_file(sources.CONTEXT_LABELS, beside=[mats, mats.resolve().parent])
    if labels is None:
        raise AcquisitionError(f'{sources.CONTEXT_LABELS.file} with the 459 names is missing; get it from '
                               f'{sources.CONTEXT_LABELS.url} and pass its folder with --from')
    spec = load_spec('context')
    table = translation(labels, spec.classes)
    _claim(folder / MASKS, spec.classes)

    lists = {}
    for name in ('train', 'val'):
        lists[name] = _main_list(folder / 'ImageSets/Main' / f'{name}.txt')
        card.check_count(folder / LISTS / f'{name}.txt', lists[name], spec.subsets[name].count)
    convert({folder / MASKS / f'{name}.png': mats / f'{name}.mat' for name in sorted({*lists['train'], *lists['val']})},
            partial(context_mask, table=table), supply.listener, 'Context masks')
    for name, names in lists.items():
        disk.write_names(folder / LISTS / f'{name}.txt', names)
        supply.listener.line(f'{folder / LISTS / name}.txt: {len(names)} images')
    card.write(folder, 'context', supply.used, {name: len(names) for name, names in lists.items()})
    return []


def _main_list(file: Path) -> list[str]:
    """Names in a list of VOC for detection: the first word of a line, a sign may follow."""
    try:
        return [line.split()[0] for line in file.read_text(encoding='utf-8-sig').splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise AcquisitionError(f'{file}: list of images cannot be read: {disk.reason(error)}') from None


def _claim(masks: Path, classes: Sequence[str]) -> None:
    """Notes the order of the classes beside the masks: mmsegmentation's converter uses another one."""
    order = masks / ORDER
    if masks.is_dir() and any(masks.glob('*.png')):
        if not order.is_file() or order.read_text('utf-8-sig', 'replace').splitlines() != list(classes):
            raise AcquisitionError(f'{masks}: holds masks with another order of classes, such as that of '
                                   'mmsegmentation; move the folder away')
        return
    disk.write_text(order, ''.join(f'{name}\n' for name in classes))


def translation(labels: Path, classes: Sequence[str]) -> np.ndarray:
    """Table from the 459 ids to ours.

    Args:
        labels (Path): a line ``id: name`` per label.
        classes (Sequence[str]): our names; the first is the background, which every other label becomes.

    Returns:
        ndarray: shape (largest id + 1,), uint8; 255 for ids that the file does not have, 0 being "unlabelled".

    Raises:
        AcquisitionError: not such a file, or a class is not in it.
    """
    ids = {}
    for number, line in enumerate(labels.read_text(encoding='utf-8-sig', errors='replace').splitlines(), 1):
        key, colon, name = line.partition(':')
        if not line.strip():
            continue
        if not colon or not key.strip().isdecimal() or int(key) > 65535:
            raise AcquisitionError(f'{labels}: line {number}: "id: name" is expected, it is {line[:60]!r}')
        ids[''.join(name.split())] = int(key)
    table = np.full(max(ids.values(), default=0) + 1, 255, np.uint8)
    table[[0, *ids.values()]] = 0
    for index, name in enumerate(classes[1:], 1):
        found = next((spelling for spelling in (name, OTHER_SPELLINGS.get(name)) if spelling in ids), None)
        if found is None:
            raise AcquisitionError(f'{labels}: has no label {name!r}; is it the list of the 459 names?')
        table[ids[found]] = index
    return table


def context_mask(file: Path, table: np.ndarray) -> Image.Image:
    """A mask of our classes.

    Args:
        file (Path): ``<name>.mat`` with a ``LabelMap`` of the 459 ids.
        table (ndarray): see `translation`.

    Raises:
        AcquisitionError: damaged, or an id that the label list does not have.
    """
    labels = read_mat(file, lambda content: content['LabelMap']).astype(np.int64)
    known = (labels >= 0) & (labels < len(table))
    mask = table[np.where(known, labels, 0)]
    wrong = labels[~known | (mask == 255)]
    if wrong.size:
        raise AcquisitionError(f'{file}: label {wrong[0]} is not in labels.txt')
    return Image.fromarray(mask)
