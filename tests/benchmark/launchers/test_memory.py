"""Cells that need more memory than there is."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from launching import launch_toys
from PIL import Image

from benchmark.launchers.local import fitting
from benchmark.launchers.memory import LEAST_GIB, expected_gib
from benchmark.records.files import Failure, Status
from zs_methods.task import Task

WORDS = ('--launcher', 'local', '--workers', '2')


def test_memory_that_is_refused(tmp_path):
    found = launch_toys(tmp_path, ('launched_beyond', 'launched_ok'), (0,), *WORDS)
    assert found['launched_beyond', 0].failure is Failure.MEMORY
    assert "can't allocate memory" in found['launched_beyond', 0].reason
    assert found['launched_ok', 0].status is Status.DONE


@pytest.fixture
def group():
    """A control group whose processes may have 64 MiB, of either version."""
    for root, limits in (('/sys/fs/cgroup/memory', {'memory.limit_in_bytes': 2**26, 'memory.swappiness': 0}),
                         ('/sys/fs/cgroup', {'memory.max': 2**26, 'memory.swap.max': 0})):
        folder = Path(root, f'gzs3-{uuid.uuid4().hex[:8]}')
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            for name, limit in limits.items():
                (folder / name).write_text(str(limit))
        except OSError:
            folder.rmdir()
            continue
        yield folder
        folder.rmdir()
        return
    pytest.skip('control groups with a limit of memory need root')


def test_the_kernel_kills_a_cell_that_takes_too_much(tmp_path, group):
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work' / 'group').write_text(str(group))
    found = launch_toys(tmp_path, ('launched_greedy', 'launched_ok'), (0,), *WORDS)
    record = found['launched_greedy', 0]
    assert (record.status, record.failure) == (Status.FAILED, Failure.KILLED)
    assert record.reason == 'its process was killed (SIGKILL, as when memory runs out) in stage greedy'
    assert found['launched_ok', 0].status is Status.DONE


def described(folder, size):
    """A data set of three classes whose one validation image has this size."""
    for subset, shape in (('train', (8, 8)), ('val', size)):
        for kind in ('images', 'masks'):
            (folder / subset / kind).mkdir(parents=True)
            Image.new('L', shape).save(folder / subset / kind / 'a.png')
    (folder / 'words.txt').write_text('background 1 0\ncat 1 1\ncow 0 1\n')
    (folder / 'large.yaml').write_text(
        'name: large\nclasses: [background, cat, cow]\nvectors: words.txt\nsplits: {1: [cow]}\n'
        'subsets: {train: {images: train/images, masks: train/masks}, val: {images: val/images, masks: val/masks}}\n')
    return Task.create(str(folder / 'large.yaml'), 1, folder)


def test_what_a_cell_takes_follows_from_its_largest_image(tmp_path):
    small, large = described(tmp_path / 'small', (640, 480)), described(tmp_path / 'large', (4000, 3000))
    assert expected_gib([small]) == LEAST_GIB
    assert 3.5 < expected_gib([small, large]) < 4.5  # 4.0 was measured with MobileNetV2
    assert fitting(1, expected_gib([large])) <= fitting(1, LEAST_GIB)
    elsewhere = replace(small, data_root=str(tmp_path / 'gone'))
    assert expected_gib([elsewhere]) == LEAST_GIB
