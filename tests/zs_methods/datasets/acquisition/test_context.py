"""Tests of zs_methods.datasets.acquisition.context."""

import numpy as np
import pytest
from PIL import Image
from published_archives import (
    CONTEXT_TRAIN,
    CONTEXT_VAL,
    context_labels,
    context_masks,
    context_mat,
    labels,
    pack,
    png,
    tree,
    voc2010,
)

from zs_methods.datasets.acquisition import AcquisitionError, context
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.spec import load_spec

CLASSES = load_spec('context').classes


def test_from_archives(archives, tmp_path, listener):
    root = tmp_path / 'data'
    assert context.prepare(Supply(root, archives, listener)) == []
    folder = root / 'VOCdevkit/VOC2010'
    for name, expected in (('train', CONTEXT_TRAIN), ('val', CONTEXT_VAL)):
        assert (folder / f'ImageSets/SegmentationContext/{name}.txt').read_text().split() == expected
    with Image.open(folder / 'SegmentationClassContext/2008_000031.png') as mask:
        assert mask.mode == 'L'
        assert np.array_equal(np.asarray(mask), np.where(labels(10, 0) == 10, CLASSES.index('cow'), 0))
    with Image.open(folder / 'SegmentationClassContext/2008_000041.png') as mask:
        assert np.unique(mask).tolist() == [0, CLASSES.index('table')]


def test_labels_beside_an_unpacked_tree(archives, tmp_path, listener):
    (archives / 'trainval.tar.gz').unlink()
    tree(archives / 'full_annotations', context_masks())
    assert context.prepare(Supply(tmp_path / 'data', archives, listener)) == []


def test_masks_in_another_order_are_not_taken_over(archives, tmp_path, listener):
    theirs = {'VOCdevkit/VOC2010/SegmentationClassContext/2008_000031.png': png(labels(20))}
    given, root = tree(tmp_path / 'trees', {**voc2010(), **context_masks(), **theirs}), tmp_path / 'data'
    assert context.prepare(Supply(root, given, listener)) == []
    masks = root / 'VOCdevkit/VOC2010/SegmentationClassContext'
    with Image.open(masks / '2008_000031.png') as mask:
        assert np.unique(mask).tolist() == [0, CLASSES.index('cow')]
    assert context.prepare(Supply(root, given, listener)) == []
    (masks / 'classes.txt').unlink()
    with pytest.raises(AcquisitionError, match='SegmentationClassContext: holds masks with another order of classes'):
        context.prepare(Supply(root, given, listener))


def test_without_label_names(archives, tmp_path, listener):
    pack(archives / 'trainval.tar.gz', {k: v for k, v in context_masks().items() if k != 'labels.txt'})
    with pytest.raises(AcquisitionError, match=r'labels\.txt with the 459 names is missing; get it from http'):
        context.prepare(Supply(tmp_path / 'data', archives, listener))


def test_label_out_of_range(archives, tmp_path, listener):
    members = context_masks()
    members['trainval/2008_000041.mat'] = context_mat(labels(33).astype(np.int64) * 20)
    pack(archives / 'trainval.tar.gz', members)
    with pytest.raises(AcquisitionError, match=r'2008_000041\.mat: label 660 is not in labels\.txt'):
        context.prepare(Supply(tmp_path / 'data', archives, listener))
    assert not (tmp_path / 'data/VOCdevkit/VOC2010/ImageSets/SegmentationContext').exists()


def test_other_spellings(tmp_path):
    text = context_labels()
    for ours, other in context.OTHER_SPELLINGS.items():
        text = text.replace(f': {ours}\n', f': {other}\n')
    (tmp_path / 'labels.txt').write_text(text)
    table = context.translation(tmp_path / 'labels.txt', CLASSES)
    assert table.shape == (460,)
    assert [table[3 * index] for index in range(60)] == list(range(60))
    assert set(table[np.arange(460) % 3 != 0]) == {0}


@pytest.mark.parametrize(('text', 'message'), [
    ('1: person\n2 bicycle\n', "line 2: \"id: name\" is expected, it is '2 bicycle'"),
    ('0: unlabeled\n1: person\n', "has no label 'aeroplane'; is it the list of the 459 names"),
])
def test_wrong_label_lists(tmp_path, text, message):
    (tmp_path / 'labels.txt').write_text(text)
    with pytest.raises(AcquisitionError, match=message):
        context.translation(tmp_path / 'labels.txt', CLASSES)


def test_published_sizes_are_those_of_the_papers():
    assert {name: part.count for name, part in load_spec('context').subsets.items()} == {'train': 4998, 'val': 5105}
    assert len(CLASSES) == 60


def test_first_word_of_a_line_of_the_main_lists(tmp_path):
    (tmp_path / 'cow_train.txt').write_text('2008_000031  1\n2008_000041 -1\n\n')
    assert context._main_list(tmp_path / 'cow_train.txt') == ['2008_000031', '2008_000041']
    with pytest.raises(AcquisitionError, match=r'absent\.txt: list of images cannot be read: No such file'):
        context._main_list(tmp_path / 'absent.txt')
