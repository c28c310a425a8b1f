"""Tests of SPNet's augmentation: sizes, where pixels come from, and what is drawn."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from zs_methods.registry import TRANSFORMS

PIPELINE = Config.fromfile(str(Path(__file__).resolve().parents[3] / 'configs/_base_/datasets/photos_spnet.py'))


def sample(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return {'img': rng.integers(256, size=(height, width, 3), dtype=np.uint8),
            'gt_seg_map': rng.integers(5, size=(height, width), dtype=np.uint8), 'seg_fields': ['gt_seg_map']}


def build(**config):
    return TRANSFORMS.build(config)


def test_a_warped_image_is_interpolated_between_two_pixels_and_labels_are_those_rounded_down():
    before = sample(40, 64)
    after = build(type='zs_methods.Warp', size=16)(dict(before))
    assert after['img'].shape == (16, 16, 3) and after['img_shape'] == (16, 16)
    rows, columns = np.arange(16) * 40 // 16, np.arange(16) * 64 // 16
    assert (after['gt_seg_map'] == before['gt_seg_map'][rows[:, None], columns]).all()
    y, x = (np.arange(16) + 0.5) * 40 / 16 - 0.5, (np.arange(16) + 0.5) * 64 / 16 - 0.5
    top, left = y.astype(int), x.astype(int)
    image, down, right = before['img'].astype(float), (y - top)[:, None, None], (x - left)[None, :, None]
    above, below = (image[row[:, None], left] * (1 - right) + image[row[:, None], left + 1] * right
                    for row in (top, top + 1))
    assert np.abs(above * (1 - down) + below * down - after['img']).max() <= 1


def test_one_factor_for_both_sides_is_uniform_and_sizes_are_rounded():
    np.random.seed(0)
    scale = build(type='zs_methods.RandomScale', low=0.5, high=1.5)
    shapes = []
    for _ in range(400):
        after = scale(sample(20, 40))
        factor = after['scale_factor'][0]
        assert after['img'].shape[:2] == after['gt_seg_map'].shape == (round(20 * factor), round(40 * factor))
        shapes.append(factor)
    assert np.histogram(shapes, bins=4, range=(0.5, 1.5))[0].min() > 70


def test_the_border_lies_around_the_image_in_its_mean_colour_and_is_ignored():
    before = sample(5, 12)
    after = build(type='zs_methods.CentredPad', size=10)(dict(before))
    assert after['img'].shape == (10, 12, 3) and after['gt_seg_map'].shape == after['img_shape'] == (10, 12)
    assert (after['img'][2:7] == before['img']).all() and (after['gt_seg_map'][2:7] == before['gt_seg_map']).all()
    assert (after['img'][:2] == (104, 117, 123)).all() and (after['img'][7:] == (104, 117, 123)).all()
    assert (after['gt_seg_map'][[0, 1, 7, 8, 9]] == 255).all()


def test_training_crops_come_from_513_pixels_and_hold_their_border():
    np.random.seed(1)
    with DefaultScope.overwrite_default_scope('mmseg'):
        steps = [TRANSFORMS.build(step) for step in PIPELINE.train_pipeline[2:-1]]
    assert [type(step).__name__ for step in steps] == ['Warp', 'RandomScale', 'CentredPad', 'RandomCrop', 'RandomFlip']
    borders = 0
    for seed in range(20):
        results = sample(40, 60, seed)
        for step in steps:
            if type(step).__name__ == 'RandomCrop':
                assert min(results['img_shape']) >= 513
            results = step(results)
        assert results['img'].shape == (321, 321, 3) and results['gt_seg_map'].shape == (321, 321)
        borders += bool((results['gt_seg_map'] == 255).any())
    assert 4 <= borders <= 16  # half of the images are smaller than 513


@pytest.mark.parametrize(('config', 'message'), [
    (dict(type='zs_methods.Warp', size=0), 'size=0'), (dict(type='zs_methods.RandomScale', low=0, high=1), 'low=0'),
    (dict(type='zs_methods.RandomScale', low=2, high=1), 'high=1')])
def test_wrong_settings_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        build(**config)
