"""Tests of zs_methods.config_files, and of ``python -m zs_methods``, which says where they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from zs_methods import config_files
from zs_methods.config_files import config_root, method_file, model_file
from zs_methods.configs import files_of, load_config
from zs_methods.task import Task

ROOT = Path(__file__).resolve().parents[2]


def folders(root):
    for name in ('_base_', 'deeplab'):
        (root / name).mkdir(parents=True)
    return root


def test_a_checkout_has_its_configs_beside_the_package():
    assert config_root() == ROOT / 'configs'


def test_an_installed_package_has_its_own_whatever_lies_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(config_files, '_PACKAGE', tmp_path / 'zs_methods')
    (tmp_path / 'configs').mkdir()  # somebody else's, in site-packages
    with pytest.raises(FileNotFoundError, match=r'has no configs, neither in .*\.mim/configs nor in ') as error:
        config_root()
    assert len(str(error.value).splitlines()) == 1
    folders(tmp_path / 'configs')
    assert config_root() == tmp_path / 'configs'
    own = folders(tmp_path / 'zs_methods' / '.mim' / 'configs')
    assert config_root() == own


@pytest.mark.parametrize(('model', 'dataset', 'expected'), [
    ('r101', 'context', 'r101_context.py'), ('r101', 'mine', 'r101.py'), ('tiny', 'shapes', 'tiny.py'),
    ('mobilenetv2', 'voc', 'mobilenetv2.py')])
def test_a_model_has_a_config_for_a_data_set_or_for_all(model, dataset, expected):
    assert model_file(model, dataset).name == expected


@pytest.mark.parametrize(('there', 'model', 'method'), [
    ((), 'net', 'mine'), (('voc',), 'net_voc', 'mine_voc'), (('voc', 'voc-15-5'), 'net_voc-15-5', 'mine_voc-15-5'),
    (('voc', 'voc-k2'), 'net_voc', 'mine_voc'), (('voc', 'voc-15-5', 'small'), 'net_voc-15-5', 'mine_small'),
    (('voc', 'voc-15-5', 'small', 'net'), 'net_voc-15-5', 'mine_net'), (('large', 'other'), 'net', 'mine')])
@pytest.mark.parametrize('plugin', [False, True])
def test_the_most_particular_config_counts(tmp_path, monkeypatch, there, model, method, plugin):
    """Network, family of networks, split, data set, all: in this order."""
    monkeypatch.setattr(config_files, '_PACKAGE', tmp_path / 'zs_methods')
    root = folders(tmp_path / 'configs')
    own = tmp_path if plugin else root / 'mine'
    own.mkdir(exist_ok=True)
    for place in ('', *(f'_{name}' for name in there)):
        (root / 'deeplab' / f'net{place}.py').touch()
        (own / f'mine{place or ("_config" if plugin else "")}.py').touch()
    assert model_file('net', 'voc', 'voc-15-5').stem == model
    found = method_file('mine', ('net', 'small'), 'voc', tmp_path, 'voc-15-5')
    assert found.stem == (method if method != 'mine' or not plugin else 'mine_config')
    assert method_file('other', ('net', 'small'), 'voc', tmp_path, 'voc-15-5') is None
    if there[-1:] == ('small',):
        assert method_file('mine', ('net', None), 'voc', tmp_path, 'voc-15-5').stem == 'mine_voc-15-5'


def test_every_method_with_settings_for_small_networks_takes_them_on_each_of_them_whatever_the_split():
    root = config_root()
    methods = sorted(file.parent.name for file in root.glob('*/*_small.py') if file.stem == f'{file.parent.name}_small')
    assert {'cagnet', 'joem', 'zs3', 'zsmmd', 'zsmmd_control', 'zsmmd_i', 'zsmmd_st'} <= set(methods)
    assert not list(root.glob('*/*_mobilenetv2.py'))
    for dataset, split in (('voc', '15-5'), ('voc-mini', 'k2')):
        task = Task(dataset, 'nowhere', split, (1, 2))
        for model in ('mobilenetv2', 'efficientnet_lite0', 'resnet50'):
            network, *own = files_of(methods, task, model)
            assert network.stem in (model, f'{model}_{dataset}')
            students = ('zs5', 'zsmmd_st') if model == 'efficientnet_lite0' else ()  # of another optimiser
            assert [file.stem for file in own] == [
                f'{name}_{model if name in students else "small"}' for name in methods]


def test_joem_has_constants_of_its_own_for_voc_15_5():
    found = {split: load_config('joem', 'voc', 'r101', split).joem.changes for split in (None, 'voc-k2', 'voc-15-5')}
    assert found[None] == found['voc-k2']
    heads = [found[split].model.decode_head for split in (None, 'voc-15-5')]
    assert [(head.sigma, head.loss_bar.ratio, head.loss_sc.temperature, head.loss_sc.loss_weight)
            for head in heads] == [(0.5, 0.25, 5.0, 0.1), (0.7, 0.5, 5.0, 1.0)]
    assert [found[split].train_dataloader.batch_size for split in (None, 'voc-15-5')] == [32, 24]


def test_the_package_says_what_it_is(tmp_path):
    done = subprocess.run([sys.executable, '-W', 'ignore', '-m', 'zs_methods'], capture_output=True, text=True,
                          check=True, cwd=tmp_path, env={'PYTHONPATH': str(ROOT)})
    assert f'configs: {ROOT / "configs"}\n' in done.stdout
    assert f'harness: python {ROOT / "benchmark" / "run.py"} --help' in done.stdout
    for name in ('zs_methods 0.', 'torch 2.', 'mmengine 0.', 'mmsegmentation 1.', 'mmcv 2.'):
        assert name in done.stdout
