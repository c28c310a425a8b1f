"""Tests of stage ``seen`` in one process."""

import numpy as np
import pytest
import torch
from mmengine.config import Config

from zs_methods.config_files import model_file
from zs_methods.engine.seen_runner import SeenRunner, end_with, iterations, join_groups
from zs_methods.registry import STAGES
from zs_methods.stages import StageContext
from zs_methods.stages.network import EXCLUDED
from zs_methods.task import Task


@pytest.fixture
def stage():
    """A function that builds the stage from a config of configs/deeplab with some settings changed."""
    def build(model='tiny', options=None, **settings):
        config = Config.fromfile(model_file(model, 'shapes'))
        config.merge_from_dict({'train_cfg.max_iters': 2, 'train_dataloader.batch_size': 4, **(options or {})})
        plain = config.to_dict()
        return STAGES.get('TrainSeen')({key: plain[key] for key in config.runner_keys}, 'drop',
                                       **{**plain['seen'], **settings})
    return build


@pytest.fixture
def context(micro_root, tmp_path):
    def build(ignored=(), files=None, **settings):
        task = Task.create('shapes', 2, micro_root, files=files)
        task = Task(**{**task.to_dict(), 'ignored': ignored})
        return StageContext(task, {}, tmp_path, 0, **settings)
    return build


def weights(folder):
    return torch.load(folder / 'model.pth', weights_only=True)['state_dict']


def test_schedules_end_with_the_training():
    schedules = [dict(type='OneCycleLR', total_steps=None), dict(type='PolyLR', end=None), dict(type='LinearLR', end=5),
                 dict(type='CosineAnnealingLR', T_max=None)]
    assert end_with(schedules, 100) == [
        dict(type='OneCycleLR', total_steps=100), dict(type='PolyLR', end=101), dict(type='LinearLR', end=5),
        dict(type='CosineAnnealingLR', T_max=100)]
    assert schedules[0]['total_steps'] is None
    assert end_with(None, 3) == []
    assert end_with(dict(type='PolyLR', end=7), 3) == [dict(type='PolyLR', end=7)]


def test_an_option_shortens_training_and_schedule(stage, context, monkeypatch):
    seen, close = [], SeenRunner.close
    monkeypatch.setattr(SeenRunner, 'close', lambda self: (seen.extend(self.param_schedulers), close(self)))
    steps = []
    summary = stage(options={'train_cfg.max_iters': 3}).run(context(progress=lambda *done: steps.append(done)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert summary['iterations'] == 3
    assert [scheduler.total_steps for scheduler in seen] == [3]


def test_epochs_count_the_images_that_are_left(stage, context):
    summary = stage(options={'train_cfg.max_iters': None, 'train_dataloader.batch_size': 20}, epochs=1).run(context())
    assert 40 < summary['images'] < 60
    assert summary['iterations'] == iterations(1, summary['images'], 20) == 3


def test_either_iterations_or_epochs_are_needed(stage):
    with pytest.raises(ValueError, match=r'train_cfg.max_iters or seen.epochs'):
        stage(options={'train_cfg.max_iters': None})


def test_mixed_precision_needs_cuda(stage, context):
    with pytest.raises(ValueError, match='needs a CUDA device, not cpu'):
        stage(amp=True).run(context())


def test_ignored_classes_are_never_predicted(stage, context, tmp_path):
    stage().run(context(ignored=(0, 3)))
    state = weights(tmp_path)
    assert (state['decode_head.conv_seg.weight'][[0, 3]] == 0).all()
    assert (state['decode_head.conv_seg.bias'][[0, 3]] == EXCLUDED).all()
    assert (state['decode_head.conv_seg.weight'][1] != 0).any()
    assert all(torch.isfinite(value).all() for value in state.values())


def test_backbone_weights_are_where_training_starts(stage, context, tmp_path):
    from zs_methods.hashes import file_sha256
    from zs_methods.models import MobileNetV2
    torch.manual_seed(1)
    start = MobileNetV2().state_dict()
    np.savez(tmp_path / 'start.npz', **{name: value.numpy() for name, value in start.items()})
    small = {'train_pipeline.2.low': 48, 'train_pipeline.2.high': 64, 'train_pipeline.3.size': (48, 48),
             'train_pipeline.4.crop_size': (48, 48), 'model.data_preprocessor.size': (48, 48),
             'optim_wrapper.optimizer.lr': 0.0, 'optim_wrapper.optimizer.weight_decay': 0.0}
    chosen = {'name': 'start.npz', 'sha256': file_sha256(tmp_path / 'start.npz')}
    summary = stage('mobilenetv2', small, backbone_weights=chosen).run(
        context(files={'backbone': tmp_path / 'start.npz'}))
    assert summary['backbone']['source'] == 'start.npz'
    trained = weights(tmp_path)
    assert all(torch.equal(trained[f'backbone.{name}'], value) for name, value in start.items())
    assert not any(name.startswith('module.') for name in trained)


def test_wrong_backbone_weights_are_one_line(stage, context, tmp_path):
    torch.save({'conv1.weight': torch.zeros(1)}, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'^w.pth does not fit ResNetV1c: .* missing') as error:
        stage(backbone_weights={'name': 'w.pth'}).run(context(files={'backbone': tmp_path / 'w.pth'}))
    assert '\n' not in str(error.value)


def test_the_network_goes_where_the_context_says(stage, context, monkeypatch):
    """By itself, mmengine takes the first GPU there is."""
    import mmengine.runner.runner
    monkeypatch.setattr(mmengine.runner.runner, 'get_device', lambda: 'meta')
    assert np.isfinite(stage().run(context())['final_loss'])


def test_cudnn_is_left_as_it_was(stage, context, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, 'benchmark', False)
    stage(options={'env_cfg.cudnn_benchmark': True}).run(context())
    assert not torch.backends.cudnn.benchmark


def test_a_training_that_diverges_stops_early(stage, context, monkeypatch):
    from zs_methods.engine import seen_runner
    monkeypatch.setattr(seen_runner, 'CHECK_EVERY', 2)
    steps = []
    with pytest.raises(FloatingPointError, match=r'loss is (nan|inf) at iteration \d; lower the learning rate'):
        stage(options={'train_cfg.max_iters': 40, 'param_scheduler': [], 'optim_wrapper.optimizer.lr': 1e20}).run(
            context(progress=lambda *done: steps.append(done)))
    assert len(steps) < 10


def test_weight_decay_never_brings_an_ignored_class_back(stage, context, monkeypatch):
    from zs_methods.stages import train_seen
    biases = []

    def watched(conv, ids):
        biases.append(conv.bias.detach()[list(ids)].clone())
        exclude(conv, ids)

    exclude = train_seen.exclude_classes
    monkeypatch.setattr(train_seen, 'exclude_classes', watched)
    decay = {'param_scheduler': [], 'optim_wrapper.optimizer.lr': 0.5, 'optim_wrapper.optimizer.weight_decay': 1.0}
    stage(options={'train_cfg.max_iters': 3, **decay}).run(context(ignored=(0,)))
    after_steps = torch.stack(biases[1:])
    assert len(after_steps) == 3
    torch.testing.assert_close(after_steps, torch.full_like(after_steps, EXCLUDED / 2))  # one step's decay, no more


@pytest.mark.parametrize('length', [0, -1])
def test_a_training_has_at_least_one_iteration(stage, length):
    with pytest.raises(ValueError, match='must be at least 1'):
        stage(options={'train_cfg.max_iters': length})


def test_groups_of_equal_settings_are_joined_in_their_order():
    parameters = [torch.nn.Parameter(torch.full((1,), float(i))) for i in range(6)]
    rates = [1.0, 1.0, 2.0, 2.0, 1.0, 1.0]
    optimizer = torch.optim.SGD([{'params': [p], 'lr': rate} for p, rate in zip(parameters, rates, strict=True)], lr=0)
    optimizer.param_groups[5]['weight_decay'] = 0.5
    join_groups(optimizer)
    assert [[p.item() for p in group['params']] for group in optimizer.param_groups] == [[0, 1], [2, 3], [4], [5]]
    assert [group['lr'] for group in optimizer.param_groups] == [1, 2, 1, 1]


def test_joined_groups_train_to_the_same_weights(stage, context, tmp_path, monkeypatch):
    small = {'train_pipeline.2.low': 48, 'train_pipeline.2.high': 64, 'train_pipeline.3.size': (48, 48),
             'train_pipeline.4.crop_size': (48, 48), 'model.data_preprocessor.size': (48, 48)}
    from zs_methods.engine import seen_runner
    trained, groups = [], []

    def counting(optimizer):
        groups.append(len(optimizer.param_groups))
        joined(optimizer)
        groups.append(len(optimizer.param_groups))

    joined = seen_runner.join_groups
    for join in (counting, lambda optimizer: None):
        monkeypatch.setattr(seen_runner, 'join_groups', join)
        stage('mobilenetv2', small, backbone_weights=None).run(context())
        trained.append(weights(tmp_path))
    assert groups[0] > 50 and groups[1] == 2
    assert all(torch.equal(value, trained[1][name]) for name, value in trained[0].items())


@pytest.mark.parametrize('deterministic', [False, True])
def test_kernels_are_not_chosen_by_time_where_runs_have_to_be_exact(stage, context, monkeypatch, deterministic):
    monkeypatch.setattr(torch, 'are_deterministic_algorithms_enabled', lambda: deterministic)
    seen = []
    stage(options={'env_cfg.cudnn_benchmark': True}).run(
        context(progress=lambda *_: seen.append(torch.backends.cudnn.benchmark)))
    assert set(seen) == {not deterministic}
