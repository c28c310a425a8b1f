"""What is said of the classes that the masks of a data set hold, and of what is wrong with its files."""

import io

import numpy as np
import pytest
from PIL import Image

from zs_methods.datasets import presence
from zs_methods.datasets.coverage import SHOWN, Coverage, survey
from zs_methods.datasets.spec import DatasetSpec


def coverage(train, val, ignored=(), classes=('background', 'cat', 'dog', 'cow'), **more):
    return Coverage(classes, {'train': 12, 'val': 4}, {'train': np.array(train), 'val': np.array(val)}, ignored, **more)


def test_every_class_is_counted_in_one_line():
    assert coverage([12, 6, 6, 3], [4, 3, 2, 1]).lines({'k1': (3,)}) == [
        'images (train/val): 12/4; with a class, * if unseen: background 12/4, cat 6/3, dog 6/2, cow* 3/1']
    assert 'background' not in coverage([0, 6, 6, 3], [0, 3, 2, 1], ignored=[0]).lines({'k1': (3,)})[0]


def test_of_many_classes_the_unseen_ones_are():
    classes = tuple(f'c{i}' for i in range(SHOWN + 1))
    many = coverage(range(1, SHOWN + 2), [2] * (SHOWN + 1), classes=classes)
    assert many.lines({'k1': (3,), 'k2': (3, 9)}) == [
        'images (train/val): 12/4; with a class, * if unseen: c3* 4/2, c9* 10/2',
        f'each of the {SHOWN - 1} other classes: 1 to {SHOWN + 1} in train, 2 to 2 in val; prepare verify lists '
        'them']


@pytest.mark.parametrize(('train', 'val', 'lines'), [
    ([12, 6, 6, 3], [4, 3, 2, 1], []),
    ([12, 6, 6, 0], [4, 3, 2, 1], ['no mask of train holds cow (unseen in k1, k2)']),
    ([12, 6, 6, 3], [4, 3, 0, 1], ['no mask of val holds dog (unseen in k2)']),
    ([12, 0, 6, 3], [4, 0, 2, 1], ['no mask at all holds cat']),
    ([12, 6, 6, 3], [4, 3, 2, 0], [
        'no mask of val holds cow (unseen in k1, k2)',
        'split k1: none of its unseen classes occurs in val: no unseen score and no hIoU can be measured']),
    ([12, 0, 6, 0], [4, 3, 0, 0], [
        'no mask at all holds cow (unseen in k1, k2)', 'no mask of train holds cat',
        'no mask of val holds dog (unseen in k2)',
        'split k1: none of its unseen classes occurs in val: no unseen score and no hIoU can be measured',
        'split k2: none of its unseen classes occurs in val: no unseen score and no hIoU can be measured']),
])
def test_classes_that_are_missing(train, val, lines):
    assert coverage(train, val).warnings({'k1': (3,), 'k2': (2, 3)}) == lines


def test_nothing_is_said_of_a_class_that_the_card_ignores():
    assert coverage([0, 6, 6, 3], [0, 3, 2, 1], ignored=[0]).warnings({'k1': (3,)}) == []


def test_files_that_take_no_part_are_told_last():
    assert coverage([1] * 4, [1] * 4, left_out=('x: 3 files',)).warnings({}) == ['x: 3 files']


@pytest.fixture
def own(tmp_path):
    """A data set of one's own: its description and its folder."""
    for subset, kinds in (('train', (1, 2, 3, 1)), ('val', (1, 2)), ('unlabelled', (3,))):
        for folder in ('i', 'm'):
            (tmp_path / subset / folder).mkdir(parents=True)
        for i, kind in enumerate(kinds):
            mask = np.zeros((20, 30), np.uint8)
            mask[5:] = kind
            Image.fromarray(mask).save(tmp_path / subset / f'm/{i}.png')
            Image.fromarray(np.random.default_rng(i).integers(0, 255, (20, 30, 3), np.uint8)).save(
                tmp_path / subset / f'i/{i}.jpg')
    yield DatasetSpec.model_validate({
        'name': 'own', 'classes': ['background', 'cat', 'dog', 'cow'], 'splits': {1: ['cow']}, 'vectors': 'v.txt',
        'image_suffix': '.jpg', 'subsets': {name: {'images': f'{name}/i', 'masks': f'{name}/m'}
                                            for name in ('train', 'val', 'unlabelled')}}), tmp_path
    presence._presence.cache_clear()


def test_a_survey_counts_every_subset(own):
    spec, root = own
    found = survey(spec, root)
    assert found.images == {'train': 4, 'val': 2, 'unlabelled': 1}
    assert {subset: counts.tolist() for subset, counts in found.counts.items()} == {
        'train': [4, 2, 1, 1], 'val': [2, 1, 1, 0], 'unlabelled': [1, 0, 0, 1]}
    assert found.left_out == () and found.classes == spec.classes
    assert survey(spec, root, ignored=[0]).counts['train'].tolist() == [0, 2, 1, 1]
    (root / 'train/m/9.png').write_bytes(b'')
    (root / 'val/i/9.tif').write_bytes(b'')
    assert survey(spec, root).left_out == (
        f'{root}/train/m: 1 masks without an image take no part, such as 9.png',
        f'{root}/val/i: 1 files that do not end with .jpg: .tif (1), take no part')


def jpeg(size):
    stream = io.BytesIO()
    Image.effect_noise(size, 50).save(stream, 'JPEG')
    return stream.getvalue()


@pytest.mark.parametrize('subset', ['train', 'val', 'unlabelled'])
@pytest.mark.parametrize(('file', 'content', 'message'), [
    ('i/0.jpg', b'', 'image cannot be read: no image, .* the file is empty'),
    ('i/0.jpg', jpeg((30, 20))[:-40], 'image cannot be read: image file is truncated'),
    ('i/0.jpg', jpeg((30, 21)), None),
    ('m/0.png', b'', 'mask cannot be read: .* the file is empty'),
    ('m/0.png', jpeg((30, 20)), 'JPEG is lossy')])
def test_what_is_wrong_is_named_whatever_the_subset(own, subset, file, content, message):
    spec, root = own
    (root / subset / file).write_bytes(content)
    path = root / subset / (file if message else 'm/0.png')
    with pytest.raises(ValueError, match=message or 'mask of 30 x 20 pixels for an image of 30 x 21') as error:
        survey(spec, root)
    assert str(error.value).startswith(f'{path}: ') and '\n' not in str(error.value)
