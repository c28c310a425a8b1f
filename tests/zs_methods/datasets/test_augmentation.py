"""Tests of the published augmentation."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from zs_methods.registry import TRANSFORMS


def sample(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return {'img': rng.integers(256, size=(height, width, 3), dtype=np.uint8),
            'gt_seg_map': rng.integers(5, size=(height, width), dtype=np.uint8), 'seg_fields': ['gt_seg_map']}


def build(**config):
    return TRANSFORMS.build(config)


@pytest.mark.parametrize(('height', 'width', 'expected'), [(30, 50, (21, 35)), (50, 30, (35, 21)), (40, 40, (21, 21)),
                                                           (30, 40, (21, 28)), (31, 40, (21, 27))])
def test_short_side_keeps_the_aspect_and_rounds_the_long_side_down(height, width, expected):
    before = sample(height, width)
    after = build(type='zs_methods.RandomShortSide', low=21, high=21)(dict(before))
    assert after['img'].shape == (*expected, 3)
    assert after['gt_seg_map'].shape == after['img_shape'] == expected
    image = Image.fromarray(before['img']).resize(expected[::-1], Image.Resampling.BILINEAR)
    assert (after['img'] == np.asarray(image)).all()
    labels = Image.fromarray(before['gt_seg_map']).resize(expected[::-1], Image.Resampling.NEAREST)
    assert (after['gt_seg_map'] == np.asarray(labels)).all()
    assert after['img'].flags.writeable


def test_a_fixed_short_side_is_pillows_for_image_and_labels_alike():
    before = sample(60, 101)
    resize = build(type='zs_methods.ShortSide', size=23)
    after = resize(dict(before))
    image = Image.fromarray(before['img']).resize((38, 23), Image.Resampling.BILINEAR)
    labels = np.asarray(Image.fromarray(before['gt_seg_map']).resize((38, 23), Image.Resampling.NEAREST))
    assert (after['img'] == np.asarray(image)).all() and (after['gt_seg_map'] == labels).all()
    assert (resize.labels(before['gt_seg_map']) == labels).all()


def test_short_side_is_uniform_over_whole_numbers_with_both_ends():
    np.random.seed(0)
    resize = build(type='zs_methods.RandomShortSide', low=3, high=6)
    drawn = [resize(sample(8, 16))['img'].shape[0] for _ in range(400)]
    count = np.bincount(drawn, minlength=7)[3:]
    assert count.sum() == 400
    assert count.min() > 70


def test_blur_is_pillows_with_a_random_radius():
    blur = build(type='zs_methods.RandomGaussianBlur', prob=1.0, max_radius=1.0)
    before = sample(20, 30)
    np.random.seed(3)
    after = blur(dict(before))
    np.random.seed(3)
    np.random.random()
    expected = Image.fromarray(before['img']).filter(ImageFilter.GaussianBlur(np.random.random()))
    assert (after['img'] == np.asarray(expected)).all()
    assert (after['img'] != before['img']).any()
    assert after['gt_seg_map'] is before['gt_seg_map']


def test_half_of_the_images_are_blurred():
    np.random.seed(0)
    blur = build(type='zs_methods.RandomGaussianBlur')
    before = sample(8, 8)
    changed = sum(blur(dict(before))['img'] is not before['img'] for _ in range(400))
    assert 160 < changed < 240


@pytest.mark.parametrize(('config', 'message'), [
    (dict(type='zs_methods.RandomShortSide', low=0, high=5), 'low=0, high=5'),
    (dict(type='zs_methods.RandomShortSide', low=6, high=5), 'low=6, high=5'),
    (dict(type='zs_methods.ShortSide', size=0), 'at least 1 pixel, got 0'),
    (dict(type='zs_methods.RandomGaussianBlur', prob=1.5), '1.5'),
    (dict(type='zs_methods.RandomGaussianBlur', max_radius=-1.0), '-1.0'),
])
def test_wrong_settings_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        build(**config)


def test_small_images_are_padded_with_black_and_ignore_at_the_bottom_right():
    from mmengine.registry import DefaultScope
    with DefaultScope.overwrite_default_scope('mmseg'):
        steps = [TRANSFORMS.build(dict(type='Pad', size=(12, 12), pad_val=dict(img=0, seg=255))),
                 TRANSFORMS.build(dict(type='RandomCrop', crop_size=(12, 12)))]
    before = sample(7, 20)
    before['img'] |= 1  # no black of its own
    after = dict(before)
    for step in steps:
        after = step(after)
    assert after['img'].shape == (12, 12, 3)
    assert (after['img'][7:] == 0).all()
    assert (after['gt_seg_map'][7:] == 255).all()
    assert (after['img'][:7] > 0).all()
    assert (after['gt_seg_map'][:7] < 5).all()
