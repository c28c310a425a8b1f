"""Tests of zs_methods.datasets.acquisition.cocostuff."""

import numpy as np
import pytest
from PIL import Image
from published_archives import coco, pack, tree

from zs_methods.datasets.acquisition import AcquisitionError, cocostuff
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.masks import read_labels
from zs_methods.datasets.spec import INVALID, load_spec

#: Raw ids of the 182 that no pixel has, and the position of some others among the 171.
EMPTY = (11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90)
KNOWN = {20: 19, 24: 23, 32: 28, 56: 51, 86: 76, 99: 88, 105: 94, 123: 112, 144: 133, 148: 137, 168: 157, 171: 160}


def test_from_archives(archives, tmp_path, listener):
    root = tmp_path / 'data'
    assert cocostuff.prepare(Supply(root, archives, listener)) == []
    folder = root / 'coco_stuff164k'
    for kind, suffix in (('images', '.jpg'), ('annotations', '.png')):
        assert [len(list((folder / kind / name).glob(f'*{suffix}'))) for name in ('train2017', 'val2017')] == [3, 1]
    mask = folder / 'annotations/train2017/000000000009.png'
    with Image.open(mask) as raw:
        assert np.unique(raw).tolist() == [0, 181, 255]
    assert np.unique(read_labels(mask, load_spec('cocostuff').lookup())).tolist() == [0, 170, 255]
    assert any('no published checksum' in line for line in listener.lines)


def test_raw_ids_become_171_classes():
    lookup = load_spec('cocostuff').lookup()
    assert all(lookup[raw] == INVALID for raw in EMPTY)
    assert {raw: int(lookup[raw]) for raw in KNOWN} == KNOWN
    labels = lookup[np.arange(182)]
    assert sorted(labels[labels != INVALID]) == list(range(171))
    assert lookup[255] == 255


def test_from_unpacked_trees(archives, tmp_path, listener):
    given = tmp_path / 'trees'
    members = coco()
    tree(given / 'images', {**members['train2017.zip'], **members['val2017.zip']})
    masks = members['stuffthingmaps_trainval2017.zip']
    converted = {name.replace('.png', '_labelTrainIds.png'): content for name, content in masks.items()}
    tree(given / 'stuffthingmaps', {**masks, **converted})
    assert cocostuff.prepare(Supply(tmp_path / 'data', given, listener)) == []
    linked = tmp_path / 'data/coco_stuff164k/annotations/val2017'
    assert linked.resolve() == given / 'stuffthingmaps/val2017'


def test_incomplete_archive(archives, tmp_path, listener):
    members = coco()['train2017.zip']
    members.popitem()
    pack(archives / 'train2017.zip', members)
    with pytest.raises(AcquisitionError, match=r'images/train2017: holds 2 \.jpg files, 3 are published; remove'):
        cocostuff.prepare(Supply(tmp_path / 'data', archives, listener))
    assert not (tmp_path / 'data/coco_stuff164k/prepared.json').exists()


def test_published_sizes_are_those_of_the_papers():
    assert {name: part.count for name, part in load_spec('cocostuff').subsets.items()} == {'train': 118287, 'val': 5000}
