"""``python -m benchmark config``: a training that mmengine's own Runner takes."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from benchmark.commands.config import main
from zs_methods.config_files import config_root
from zs_methods.stages.network import classifier_of
from zs_methods.stages.plain_config import SeenHook

MICRO = ['train_cfg.max_iters=2', 'train_dataloader.batch_size=4']


@pytest.fixture
def written(micro_root, tmp_path, capsys):
    """Writes a config on the micro data and loads it."""
    def call(*words, options=MICRO):
        file = tmp_path / 'deeplab.py'
        assert main([*words, '--data-root', str(micro_root), '--out', str(file), '--cfg-options', *options]) == 0
        assert capsys.readouterr().out == f'{file}\n'
        config = Config.fromfile(file)
        config.work_dir, config.log_level = str(tmp_path / 'work'), 'ERROR'
        return config
    return call


def test_a_plain_runner_trains_and_scores_it(written):
    runner = Runner.from_cfg(written('tiny', '--ks', '2'))
    assert type(runner) is Runner
    network = runner.train()
    assert runner.iter == 2 and len(runner.train_dataloader.dataset.metainfo['classes']) == 21
    assert runner.message_hub.get_scalar('val/gzs3/seen_miou').current() >= 0
    checkpoint = torch.load(f'{runner.work_dir}/iter_2.pth', map_location='cpu', weights_only=False)
    assert checkpoint['state_dict'].keys() == network.state_dict().keys()


def test_ignored_classes_are_never_predicted(written):
    config = written('tiny', '--ks', '2', '--protocol', 'spnet')
    assert config.custom_hooks[-1].ignored == (0,) and config.train_dataloader.dataset.unseen_images == 'mask'
    network = Runner.from_cfg(config).train()
    assert classifier_of(network).bias[0].item() == -1e4 and not classifier_of(network).weight[0].any()


def test_weights_of_the_backbone_are_loaded(written, tmp_path):
    plain = Runner.from_cfg(written('tiny', '--ks', '2'))
    weights = {name: torch.full_like(value, 0.5) for name, value in plain.model.backbone.state_dict().items()}
    torch.save(weights, tmp_path / 'half.pth')
    hook = SeenHook(str(tmp_path / 'half.pth'))
    hook.before_train(plain)
    assert all((value == 0.5).all() for name, value in plain.model.backbone.state_dict().items()
               if 'num_batches' not in name)


def test_epochs_become_iterations(written, tmp_path):
    network = tmp_path / 'longer.py'
    network.write_text(f"_base_ = ['{config_root() / 'deeplab' / 'tiny.py'}']\nseen = dict(epochs=3)\n"
                       'train_cfg = dict(max_iters=None)\n')
    config = written(str(network), '--ks', '2', options=['train_dataloader.batch_size=16'])
    images = len(Runner.build_dataloader(config.train_dataloader, seed=0).dataset)
    assert config.train_cfg.max_iters == 3 * -(-images // 16) == config.param_scheduler[0].total_steps


def test_it_is_printed_and_nothing_else_is(micro_root, capsys):
    assert main(['--ks', '2', '--data-root', str(micro_root)]) == 0
    text = capsys.readouterr().out
    assert Config.fromstring(text, '.py').work_dir == 'work_dirs/tiny_shapes_k2'


@pytest.mark.parametrize(('words', 'says'), [
    ([], 'a config is of one split: --ks K or --splits NAME, of k2, k4, k6, k8, k10'),
    (['--ks', '3'], '--ks: shapes offers no split with K=3'),
    (['tinny', '--ks', '2'], "did you mean 'tiny'"),
    (['--ks', '2', '--out', 'a.yaml'], '--out a.yaml: a config is a .py file'),
    (['--ks', '2', '--protocol', 'spent'], "did you mean 'spnet'"),
    (['r101', '--dataset', 'voc', '--ks', '2', '--data-root', 'nowhere'], 'nowhere')])
def test_a_wrong_call_is_one_line(words, says, capsys):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('config: ') and says in line
