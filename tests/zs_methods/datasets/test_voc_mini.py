"""Tests of the data set voc-mini: its lists, and what they give on real data if they are there."""

import os
from pathlib import Path

import numpy as np
import pytest

from zs_methods.datasets.files import list_file, list_pairs, locate
from zs_methods.datasets.presence import class_presence
from zs_methods.datasets.spec import ImageList, load_spec

SAMPLES = Path(os.environ.get('GZS3_SHARED_DATA') or 'absent')


def test_it_is_a_part_of_voc():
    mini, voc = load_spec('voc-mini'), load_spec('voc')
    same = ('classes', 'palette', 'folders', 'nested_unseen', 'mask_ids', 'ignore_index', 'normalise')
    assert all(getattr(mini, key) == getattr(voc, key) for key in same)
    assert {key: split.unseen for key, split in mini.splits.items()} == {
        key: split.unseen for key, split in voc.splits.items()}
    assert mini.ks == [2, 4, 6, 8, 10] and mini.named_splits == ['voc-15-5']
    assert mini.model == 'efficientnet_lite0' and next(iter(mini.vectors)) == 'zs3'


def test_its_lists_are_fixed():
    spec = load_spec('voc-mini')
    lists = {name: spec.beside(part.list).read_text().split() for name, part in spec.subsets.items()}
    assert {name: len(set(ids)) for name, ids in lists.items()} == {'train': 1000, 'val': 400}
    assert not set(lists['train']) & set(lists['val']) and all(ids == sorted(ids) for ids in lists.values())


def test_a_tree_cannot_bring_lists_of_its_own(tmp_path):
    (tmp_path / 'voc_mini_val.txt').write_text('2007_000001\n')
    spec = load_spec('voc-mini')
    assert list_file(spec, tmp_path, ImageList(file='voc_mini_val.txt')) == spec.beside('voc_mini_val.txt')
    assert list_file(spec, tmp_path, ImageList(file='other.txt')) == tmp_path / 'other.txt'


@pytest.mark.skipif(not (SAMPLES / 'VOCdevkit').is_dir(), reason='$GZS3_SHARED_DATA names no folder with VOCdevkit')
def test_images_of_every_split():
    spec = load_spec('voc-mini')
    root = locate(spec, SAMPLES / 'VOCdevkit')
    present = {subset: class_presence([mask for _, mask in list_pairs(spec, root, subset)], spec.lookup(), 21)
               for subset in ('train', 'val')}
    unseen = [list(spec.unseen(k)) for k in spec.ks]
    assert [int((~present['train'][:, ids].any(axis=1)).sum()) for ids in unseen] == [849, 721, 544, 486, 398]
    assert [int(present['val'][:, ids].any(axis=1).sum()) for ids in unseen] == [60, 114, 164, 203, 229]
    assert np.count_nonzero(present['val'].any(axis=1)) == 400
