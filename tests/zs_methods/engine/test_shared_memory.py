"""Tests of zs_methods.engine.shared_memory, some in a namespace of their own with a tiny ``/dev/shm``."""

import os
import sys
from collections import namedtuple

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from tiny_shared_memory import needs_mount, tiny

from zs_methods.engine import shared_memory
from zs_methods.engine.loading import build_loader
from zs_methods.engine.shared_memory import lack, share

LOADER = {'batch_size': 16, 'num_workers': 4}
PIPELINE = [{'type': 'Load'}, {'type': 'RandomCrop', 'crop_size': (312, 312)}, {'type': 'Pack'}]
#: What four workers keep ready of the published batches, and one that is in use.
NEEDED = 9 * 16 * 312 * 312 * 11
State = namedtuple('State', 'f_bavail f_frsize')


@pytest.fixture
def free(monkeypatch):
    """Says how many bytes are free, or that there is no such folder."""
    def say(size):
        def state(_):
            if size is None:
                raise FileNotFoundError
            return State(size, 1)
        monkeypatch.setattr(os, 'statvfs', state)
    return say


def test_what_a_container_has_is_too_little_for_the_published_loader(free):
    free(64 * 2 ** 20)
    line = lack(LOADER, PIPELINE)
    assert line.startswith('/dev/shm has 64 MiB free, and 4 loader workers need 147 MiB of it, 9 batches of 16 images '
                           'of 312 x 312 pixels; enlarge it (docker run --shm-size=1g, or mount -o remount,size=1g')
    assert line.endswith('train_dataloader.num_workers=0')


@pytest.mark.parametrize(('size', 'loader', 'pipeline', 'enough'), [
    (NEEDED - 1, LOADER, PIPELINE, False), (NEEDED, LOADER, PIPELINE, True), (None, LOADER, PIPELINE, True),
    (0, {**LOADER, 'num_workers': 0}, PIPELINE, True), (0, LOADER, PIPELINE[:1], True),
    (NEEDED - 1, {**LOADER, 'prefetch_factor': 1}, PIPELINE, True), (0, LOADER, [{'crop_size': 1}], False)])
def test_only_what_is_needed_is_asked_for(free, size, loader, pipeline, enough):
    free(size)
    assert (lack(loader, pipeline) is None) == enough


def test_a_batch_is_shared_before_it_is_sent():
    sample = SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, 2, 2)))
    batch = share(lambda samples: {'inputs': [torch.zeros(3)], 'data_samples': samples, 'more': (torch.ones(1), 3)},
                  [sample])
    tensors = batch['inputs'][0], batch['data_samples'][0].gt_sem_seg.data, batch['more'][0]
    assert all(tensor.is_shared() for tensor in tensors)


def test_other_errors_are_left_alone():
    loader = shared_memory.NamedFailures([1])
    with pytest.raises(RuntimeError, match=r'^shapes differ$'):
        list(loader._named(failing('shapes differ')))
    with pytest.raises(RuntimeError, match=r'^/dev/shm is too small for the batches of 0 loader workers'):
        list(loader._named(failing('DataLoader worker (pid 1) is killed by signal: Bus error. It is possible that')))


def failing(text):
    yield 1
    raise RuntimeError(text)


def test_settings_of_workers_do_not_stand_in_the_way_of_none():
    config = dict(dataset=[1, 2], sampler=dict(type='InfiniteSampler', shuffle=False), batch_size=1, num_workers=0,
                  persistent_workers=True, prefetch_factor=4, collate_fn=dict(type='pseudo_collate'))
    assert [batch for _, batch in zip(range(3), build_loader(config, 0), strict=False)] == [[1], [2], [1]]


LOAD = """
import torch
from zs_methods.engine.loading import build_loader
class Images(torch.utils.data.Dataset):
    metainfo = {}
    def __len__(self): return 64
    def __getitem__(self, index): return {'inputs': torch.zeros(3, 312, 312, dtype=torch.uint8)}
loader = build_loader(dict(dataset=Images(), sampler=dict(type='InfiniteSampler'), batch_size=16, num_workers=1,
                           collate_fn=dict(type='pseudo_collate')), 0)
try:
    for _, batch in zip(range(3), loader): print(len(batch['inputs']))
except RuntimeError as error:
    print(error)
"""


@pytest.mark.slow
@needs_mount
def test_no_room_ends_a_training_at_once_instead_of_never():
    done = tiny('1m', sys.executable, '-W', 'ignore', '-c', LOAD)
    (line,) = done.stdout.splitlines()
    assert line.startswith('/dev/shm is too small for the batches of 1 loader workers (now free: ')
    assert tiny('32m', sys.executable, '-W', 'ignore', '-c', LOAD).stdout.split() == ['16'] * 3
