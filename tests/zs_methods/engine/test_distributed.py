"""Tests of stage ``seen`` in two processes, which talk through gloo on the CPU."""

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from zs_methods.config_files import model_file
from zs_methods.datasets import audit
from zs_methods.engine import distributed
from zs_methods.plugins import import_file
from zs_methods.registry import STAGES
from zs_methods.stages import StageContext
from zs_methods.task import Task


def workers(folder):
    """Ids of the processes that train into a folder."""
    lines = {}
    for file in Path('/proc').glob('[0-9]*/cmdline'):
        with contextlib.suppress(OSError):
            lines[int(file.parent.name)] = file.read_bytes().decode(errors='replace').replace('\0', ' ')
    return [pid for pid, line in lines.items()
            if f'{distributed.WORKER} {folder}' in line and 'distributed.run' not in line]


@pytest.fixture
def train(micro_root, tmp_path):
    def run(iterations=2, batch=4, processes=2, progress=lambda done, total: None, **options):
        config = Config.fromfile(model_file('tiny', 'shapes'))
        config.merge_from_dict({'train_cfg.max_iters': iterations, 'train_dataloader.batch_size': batch, **options})
        plain = config.to_dict()
        stage = STAGES.get('TrainSeen')({key: plain[key] for key in config.runner_keys}, 'mask', processes=processes)
        context = StageContext(Task.create('shapes', 2, micro_root), {}, tmp_path, 0, progress=progress)
        return stage.run(context)
    return run


@pytest.mark.slow
def test_two_processes_train_one_network_on_the_same_images(train, tmp_path):
    seen = []
    with audit.collect() as together:
        summary = train(progress=lambda *steps: seen.append(steps))
    state = torch.load(tmp_path / 'model.pth', weights_only=True)['state_dict']
    assert all(torch.isfinite(value).all() for value in state.values())
    assert not any(name.startswith('module.') for name in state)
    assert (summary['processes'], summary['weights_spread'], summary['iterations']) == (2, 0.0, 2)
    assert seen[-1] == (2, 2)
    assert not (tmp_path / 'processes').exists()
    with audit.collect() as alone:
        single = train(processes=1)
    assert together == alone  # hidden pixels are counted before augmentation: these are the same images
    assert together['train']['images'] == 2 * 4
    assert together['train']['pixels_masked'] > 0
    assert summary['images'] == single['images']


@pytest.mark.slow
def test_the_error_of_a_process_is_that_of_the_stage(train, tmp_path):
    with pytest.raises(RuntimeError, match=r'training with 2 processes failed: rank \d: .*no such loss') as error:
        train(**{'model.decode_head.loss_decode.type': 'no such loss'})
    assert '\n' not in str(error.value)
    assert not workers(tmp_path)


PLUGIN = """
from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy
from zs_methods.registry import MODELS

@MODELS.register_module()
class LossOfAPlugin(WeightedCrossEntropy):
    pass
"""


@pytest.mark.slow
def test_the_processes_know_what_plugins_register(train, tmp_path):
    file = tmp_path.with_name('plugin_with_a_loss.py')
    file.write_text(PLUGIN)
    import_file(file)
    summary = train(**{'model.decode_head.loss_decode.type': 'zs_methods.LossOfAPlugin'})
    assert (summary['processes'], summary['weights_spread']) == (2, 0.0)


def when_running(folder, act):
    """Calls act(process ids) in a thread once both processes train."""
    def wait():
        while not (folder / 'processes' / distributed.PROGRESS).exists():
            time.sleep(0.1)
        act(workers(folder))
    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.slow
def test_a_killed_process_ends_the_stage(train, tmp_path):
    when_running(tmp_path, lambda pids: os.kill(pids[1], signal.SIGKILL))
    with pytest.raises(RuntimeError, match=r'a process was killed \(Signal 9'):
        train(iterations=1000)
    assert not workers(tmp_path)


@pytest.mark.slow
def test_an_interrupt_leaves_no_process_behind(train, tmp_path):
    def interrupt(done, total):
        assert len(workers(tmp_path)) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(iterations=1000, progress=interrupt)
    assert not workers(tmp_path)


def test_a_batch_must_be_divisible(train):
    with pytest.raises(ValueError, match=r'3 processes cannot share a batch of 4'):
        train(processes=3)


def test_images_count_once_that_all_processes_drop(tmp_path):
    for rank, pixels in enumerate(({'b': 5}, {'b': 1, 'c': 2})):
        counts = {'images': 8, 'images_dropped': 11, 'images_masked': rank, 'pixels_masked': 7, 'images_chosen': 4,
                  'images_unseen': 1, 'unseen_pixels': pixels}
        (tmp_path / f'access-{rank}').write_text(json.dumps({'train': counts}))
    assert distributed._total_access(tmp_path) == {'train': {
        'images': 16, 'images_dropped': 11, 'images_masked': 1, 'pixels_masked': 14, 'images_chosen': 4,
        'images_unseen': 2, 'unseen_pixels': {'b': 6, 'c': 2}}}


def test_labels_read_elsewhere_count():
    counts = {'images': 8, 'images_dropped': 0, 'images_masked': 3, 'pixels_masked': 70, 'images_chosen': 0,
              'images_unseen': 2, 'unseen_pixels': {'b': 5}}
    with audit.collect() as access:
        audit.add_external('train', ('a', 'b', 'c'), (1, 2), counts)
    assert access == {'train': counts}
