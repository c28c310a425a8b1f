"""What watches a training is no part of its address, and gets its losses."""

import json

import pytest
from mmengine.config import Config

from zs_methods.config_files import config_root
from zs_methods.engine.monitor import PLAIN, PLAIN_HOOKS, Monitor, addressed, read_monitor


def runner(**changes):
    config = Config.fromfile(config_root() / '_base_' / 'default_runtime.py').to_dict()
    return {'type': 'TrainSeen', 'config': {'train_cfg': {'max_iters': 2}, **config, **changes}}


def test_addresses_take_what_the_configs_say_today():
    plain = runner()
    assert addressed(plain) == plain
    assert all(plain['config'][name] == value for name, value in PLAIN.items())
    assert all(plain['config']['default_hooks'][name] == value for name, value in PLAIN_HOOKS.items())
    assert addressed({'type': 'Other', 'config': {'visualizer': 1}}) == {'type': 'Other', 'config': {'visualizer': 1}}


@pytest.mark.parametrize(('key', 'value', 'watches'), [
    ('visualizer', {'type': 'SegLocalVisualizer', 'vis_backends': [{'type': 'TensorboardVisBackend'}]}, True),
    ('log_level', 'INFO', True), ('log_processor', {'window_size': 3}, True),
    ('custom_hooks', [{'type': 'EMAHook'}], False), ('optim_wrapper', {'lr': 1}, False)])
def test_only_what_watches_is_left_out(key, value, watches):
    assert (addressed(runner(**{key: value})) == addressed(runner())) is watches


def test_of_the_default_hooks_only_timer_logger_and_pictures_are_left_out():
    hooks = runner()['config']['default_hooks']
    other = {**hooks, 'logger': {'type': 'LoggerHook', 'interval': 1},
             'visualization': {'type': 'SegVisualizationHook'}}
    assert addressed(runner(default_hooks=other)) == addressed(runner())
    assert addressed(runner(default_hooks={**hooks, 'param_scheduler': None})) != addressed(runner())


def test_losses_arrive_in_the_folder(tmp_path):
    monitor = Monitor(({'type': 'LocalVisBackend'},), folder=tmp_path / 'generator-1')
    monitor.scalars(50, {'loss': 0.5})
    monitor.close()
    lines = (tmp_path / 'generator-1' / 'scalars.json').read_text().splitlines()
    assert json.loads(lines[0]) == {'loss': 0.5, 'step': 50}


def test_backends_are_named_shortly_and_files_bring_hooks(tmp_path):
    assert read_monitor(['local', 'LocalVisBackend'])['backends'] == [{'type': 'LocalVisBackend'}] * 2
    (tmp_path / 'watch.py').write_text("custom_hooks = [dict(type='EmptyCacheHook')]\nvis_backends = []\n")
    assert read_monitor([str(tmp_path / 'watch.py')]) == {'backends': [], 'hooks': [{'type': 'EmptyCacheHook'}]}
    with pytest.raises(ValueError, match="unknown back-end 'tensorbord': did you mean 'tensorboard'"):
        read_monitor(['tensorbord'])
    with pytest.raises(ValueError, match='no such file'):
        read_monitor(['gone.py'])


def test_a_runner_gets_backends_and_hooks_beside_its_own(tmp_path):
    config = runner()['config']
    found = Monitor(({'type': 'LocalVisBackend'},), ({'type': 'EmptyCacheHook'},), tmp_path).applied(config)
    assert found['visualizer']['vis_backends'] == [{'type': 'LocalVisBackend'}, {
        'type': 'LocalVisBackend', 'save_dir': str(tmp_path)}]
    assert found['custom_hooks'] == [{'type': 'EmptyCacheHook'}] and config['custom_hooks'] == []
