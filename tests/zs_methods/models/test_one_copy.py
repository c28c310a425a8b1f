"""The preprocessor for GPUs, on the CPU: to the last bit what mmseg's gives."""

from __future__ import annotations

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.structures import SegDataSample
from torch import nn

import zs_methods  # noqa: F401  (before mmseg's models)
from zs_methods.models.one_copy import OneCopy, use_one_copy

SIZE = (32, 40)


@pytest.fixture
def plain():
    return SegDataPreProcessor(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True, size=SIZE,
                               pad_val=0, seg_pad_val=255)


def batch(size=SIZE, labels=SIZE, **fields):
    stream = torch.Generator().manual_seed(0)
    images = [torch.randint(256, (3, *size), generator=stream, dtype=torch.uint8) for _ in range(3)]
    samples = []
    for _ in images:
        maps = {} if labels is None else {
            'gt_sem_seg': PixelData(data=torch.randint(21, (1, *labels), generator=stream))}
        samples.append(SegDataSample(metainfo={'img_path': 'a', 'ori_shape': (9, 9)}, **maps, **fields))
    return {'inputs': images, 'data_samples': samples}


@pytest.mark.parametrize(('training', 'size', 'labels', 'fits'), [
    (True, SIZE, SIZE, True), (True, (20, 24), (20, 24), False), (False, SIZE, (64, 80), True),
    (False, (20, 24), (20, 24), True), (False, SIZE, None, True)])
def test_all_is_as_mmseg_makes_it(plain, monkeypatch, training, size, labels, fits):
    expected = plain(batch(size, labels), training)
    left = []
    monkeypatch.setattr(SegDataPreProcessor, 'forward', lambda self, *args: left.append(args) or expected)
    found = OneCopy.of(plain)(batch(size, labels), training)
    assert bool(left) is not fits
    assert torch.equal(found['inputs'], expected['inputs'])
    for one, other in zip(found['data_samples'], expected['data_samples'], strict=True):
        assert one.metainfo == other.metainfo and one.keys() == other.keys()
        assert labels is None or torch.equal(one.gt_sem_seg.data, other.gt_sem_seg.data)


def test_a_batch_can_be_used_again(plain):
    once, given = OneCopy.of(plain), batch()
    first, second = once(given, True), once(given, True)
    assert torch.equal(first['inputs'], second['inputs'])
    assert given['data_samples'][0].gt_sem_seg.data is not first['data_samples'][0].gt_sem_seg.data


def test_samples_with_more_than_labels_are_left_to_mmseg(plain):
    edges = PixelData(data=torch.zeros(1, *SIZE))
    found = OneCopy.of(plain)(batch(gt_edge_map=edges), True)
    assert 'gt_edge_map' in found['data_samples'][0]


def test_only_mmsegs_own_on_a_gpu_is_replaced(plain):
    class Other(SegDataPreProcessor):
        pass

    network = nn.Module()
    network.data_preprocessor = plain
    use_one_copy(network, torch.device('cpu'))
    assert type(network.data_preprocessor) is SegDataPreProcessor
    use_one_copy(network, torch.device('cuda'))
    assert type(network.data_preprocessor) is OneCopy and not network.state_dict()
    network.data_preprocessor = Other(size=SIZE)
    use_one_copy(network, torch.device('cuda'))
    assert type(network.data_preprocessor) is Other
