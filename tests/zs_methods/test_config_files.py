"""Tests of zs_methods.config_files, and of ``python -m zs_methods``, which says where they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from zs_methods import config_files
from zs_methods.config_files import config_root, method_file, model_file

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


def test_a_method_has_settings_for_a_network_a_family_a_data_set_or_all(tmp_path):
    def found(*networks):
        file = method_file('mine', networks, 'voc', tmp_path)
        return file and file.name

    for name, expected in (('mine_config.py', 'mine_config.py'), ('mine_voc.py', 'mine_voc.py'),
                           ('mine_small.py', 'mine_small.py'), ('mine_net.py', 'mine_net.py')):
        (tmp_path / name).touch()
        assert found('net', 'small') == expected
    assert found('other', 'small') == 'mine_small.py' and found('other', None) == 'mine_voc.py'
    assert method_file('zs3', ('resnet50', 'small'), 'voc', tmp_path).name == 'zs3_small.py'


def test_the_package_says_what_it_is(tmp_path):
    done = subprocess.run([sys.executable, '-W', 'ignore', '-m', 'zs_methods'], capture_output=True, text=True,
                          check=True, cwd=tmp_path, env={'PYTHONPATH': str(ROOT)})
    assert f'configs: {ROOT / "configs"}\n' in done.stdout
    assert f'harness: python {ROOT / "benchmark" / "run.py"} --help' in done.stdout
    for name in ('zs_methods 0.', 'torch 2.', 'mmengine 0.', 'mmsegmentation 1.', 'mmcv 2.'):
        assert name in done.stdout
