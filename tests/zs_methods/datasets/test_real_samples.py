"""Real images, read if $GZS3_SHARED_DATA names a folder that holds samples of the published data sets."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from zs_methods.datasets.files import list_pairs, locate
from zs_methods.datasets.masks import read_labels
from zs_methods.datasets.photographs import image_sizes
from zs_methods.datasets.presence import class_presence
from zs_methods.datasets.spec import IGNORE, load_spec, spec_file

SAMPLES = Path(os.environ.get('GZS3_SHARED_DATA') or 'absent')
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason='$GZS3_SHARED_DATA names no folder of samples')


def test_voc_masks_with_and_without_255():
    spec = load_spec('voc')
    root = locate(spec, SAMPLES / 'VOCdevkit')
    pairs = list_pairs(spec, root, 'train', 'aug') + list_pairs(spec, root, 'val')
    present = class_presence([mask for _, mask in pairs], spec.lookup(), 21)
    assert present[:, 0].mean() > 0.9 and present[:, 1:].any(axis=1).all()
    folders = {mask.parent.name for _, mask in pairs}
    assert folders == {'SegmentationClass', 'SegmentationClassAug'}
    with_ignore = {folder: [bool((read_labels(mask, spec.lookup()) == IGNORE).any()) for _, mask in pairs
                            if mask.parent.name == folder] for folder in folders}
    assert all(with_ignore['SegmentationClass']) and not any(with_ignore['SegmentationClassAug'])


def test_cocostuff_masks_of_182_ids(tmp_path):
    content = yaml.safe_load(spec_file('cocostuff').read_text())
    folders = {'train': {'images': 'train/images', 'masks': 'train/masks'},
               'val': {'images': 'val/images', 'masks': 'val/masks'}}
    (tmp_path / 'sample.yaml').write_text(yaml.safe_dump({
        **content, 'name': 'sample', 'folders': ['cocostuff_sample'], 'subsets': folders}))
    spec = load_spec(str(tmp_path / 'sample.yaml'))
    for subset, count in (('train', 13), ('val', 8)):
        pairs = list_pairs(spec, locate(spec, SAMPLES), subset)
        assert len(pairs) == count
        for _, mask in pairs:
            raw, labels = np.asarray(Image.open(mask)), read_labels(mask, spec.lookup())
            known = raw != 255
            assert (np.asarray(spec.mask_ids)[labels[known]] == raw[known]).all()
            assert (labels[~known] == IGNORE).all()


@pytest.mark.parametrize('part', ['VOCdevkit/VOC2012/JPEGImages', 'tiny_coco', 'cocostuff_sample'])
def test_no_photograph_is_taken_for_one_that_was_cut_short(part):
    found = sorted((SAMPLES / part).rglob('*.jpg'))
    if not found:
        pytest.skip(f'{part} is not there')
    assert image_sizes(found).min() > 0
