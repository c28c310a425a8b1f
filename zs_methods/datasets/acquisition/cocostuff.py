"""COCO-Stuff 164k in mmsegmentation's layout, with the masks as they are published."""

from __future__ import annotations

from zs_methods.datasets.acquisition import card, sources
from zs_methods.datasets.acquisition.archives import Placement
from zs_methods.datasets.acquisition.listener import AcquisitionError
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.files import CONVERTED
from zs_methods.datasets.spec import load_spec

SUBSETS = {'train': 'train2017', 'val': 'val2017'}


def prepare(supply: Supply) -> list[str]:
    """Makes ``coco_stuff164k/{images,annotations}/{train2017,val2017}``.

    The masks keep their 182 raw ids; the data set's description translates them when they are loaded.

    Args:
        supply (Supply): where from and where to.

    Returns:
        list[str]: what could not be made; always empty.

    Raises:
        AcquisitionError: the data set could not be made, or has another number of images than published.
    """
    folder = supply.root / 'coco_stuff164k'
    supply.place([
        (source, [Placement(name, folder / kind / name, wanted=(f'*{suffix}',), marks=(f'*{suffix}',))
                  for name in names])
        for source, kind, suffix, names in (
            (sources.COCO_TRAIN, 'images', '.jpg', ['train2017']),
            (sources.COCO_VAL, 'images', '.jpg', ['val2017']),
            (sources.COCO_MASKS, 'annotations', '.png', ['train2017', 'val2017']))
    ])
    counts = {}
    for subset, name in SUBSETS.items():
        expected = load_spec('cocostuff').subsets[subset].count
        for kind, suffix in (('images', '.jpg'), ('annotations', '.png')):
            files = (file for file in (folder / kind / name).glob(f'*{suffix}') if not file.stem.endswith(CONVERTED))
            found = counts[f'{kind}/{name}'] = sum(1 for _ in files)
            if expected is not None and found != expected:
                raise AcquisitionError(f'{folder / kind / name}: holds {found} {suffix} files, {expected} are '
                                       'published; remove the folder and get its archive again')
    card.write(folder, 'cocostuff', supply.used, counts)
    return []
