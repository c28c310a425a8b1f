import subprocess
import sys

import pytest


def run(code):
    return subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize('code', [
    'import zs_methods',
    'from mmengine.config import Config; '
    'Config.fromfile("custom.py")',
])
def test_importing_the_package_is_enough_for_mmseg(code, tmp_path, monkeypatch):
    (tmp_path / 'custom.py').write_text("custom_imports = dict(imports=['zs_methods'], allow_failed_imports=False)\n")
    monkeypatch.chdir(tmp_path)
    names = {'MODELS': ['DeepLabV3PlusHead', 'GMMNGenerator', 'MMDLoss', 'ZSMMDLoss', 'WeightedCrossEntropy'],
             'DATASETS': ['ZeroShotDataset'], 'TRANSFORMS': ['LoadLabels'], 'METRICS': ['ZeroShotMetric']}
    result = run(f'{code}; import mmseg.registry as r; '
                 f'missing = [(k, n) for k, ns in {names!r}.items() for n in ns '
                 "if getattr(r, k).get(f'zs_methods.{n}') is None]; assert not missing, missing")
    assert result.returncode == 0, result.stderr


def test_a_called_stand_in_says_what_to_install():
    result = run('import zs_methods, mmcv._ext as e\n'
                 'try: e.nms(1)\n'
                 'except RuntimeError as error: print(error)\n'
                 'else: print("real" if zs_methods.compat.REPLACED["mmcv_ext"] == "real" else "silent")')
    assert 'install full mmcv' in result.stdout or result.stdout.strip() == 'real'


def test_without_any_mmcv_the_error_says_what_to_install():
    result = run('import zs_methods\n'
                 'from importlib.machinery import PathFinder\n'
                 'find = PathFinder.find_spec\n'
                 "PathFinder.find_spec = lambda name, *more: None if name == 'mmcv' else find(name, *more)\n"
                 'import zs_methods.registry')
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].startswith('ImportError: mmcv is not installed: pip install')


def test_cards_speak_of_access_in_the_words_of_the_scale():
    from zs_methods.protocols import ACCESS, HANDLING, PROTOCOLS, stronger_access
    assert set(HANDLING.values()) <= set(ACCESS)
    assert {card.label_access for card in PROTOCOLS.values()} <= set(ACCESS)
    assert stronger_access('pixels', 'none') == 'pixels'


def test_the_science_knows_nothing_of_the_harness():
    result = run('import sys, zs_methods.methods, zs_methods.stages; '
                 "assert not [m for m in sys.modules if m.split('.')[0] == 'benchmark']")
    assert result.returncode == 0, result.stderr
