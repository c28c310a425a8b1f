"""A built-in method could have been a plugin: a copy of ZS-MMD's package, under another name, is the same method."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import zs_methods
from benchmark.planning.plan import plan_cell
from zs_methods.configs import load_config
from zs_methods.plugins import import_file
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(zs_methods.__file__).parent / 'methods/zsmmd'
#: What the package registers; a name that is taken is an error.
REGISTERED = ("name='zsmmd'", 'class TrainZSMMDGenerator', 'class DiagnoseFeedback', 'class GatherCandidates',
              'class TrainZSMMDJointly', 'class ZSMMDLoss')


@pytest.fixture
def copy(tmp_path):
    """The package in a folder of its own, with its config, and with `Copy` behind all names that it registers."""
    folder = tmp_path / 'zsmmd_copy'
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns('__pycache__'))
    names = '|'.join(re.search(r'\w+$', name.strip("'")).group() for name in REGISTERED[1:])
    for file in folder.glob('*.py'):
        text = re.sub(rf'\b({names})\b', r'\1Copy', file.read_text())
        file.write_text(text.replace("name='zsmmd'", "name='zsmmd_copy'"))
    (folder / 'zsmmd_copy_tiny.py').write_text(
        f"_base_ = ['{ROOT}/configs/zsmmd/zsmmd_tiny.py']\n"
        "recursion = dict(loss=dict(type='zs_methods.ZSMMDLossCopy'))\n")
    return folder


def test_all_that_the_package_registers_is_renamed():
    text = ''.join(file.read_text() for file in sorted(PACKAGE.glob('*.py')))
    assert text.count('.register_module(') == len(REGISTERED)
    assert all(name in text for name in REGISTERED)


def test_every_file_of_the_package_is_part_of_the_addresses(copy, micro_root):
    task, card = Task.create('shapes', 2, micro_root, PROTOCOLS['zs3-clean']), PROTOCOLS['zs3-clean']

    def keys(name):
        config = load_config(name, 'shapes', 'tiny')
        config.network = dict(model='tiny', config='', backbone='', weights='none', sha256='', pretraining='none')
        cell = plan_cell(METHODS.get(name)(config, task, card), name, task, 0, {})
        return {node.name: node.key for node in cell.nodes}

    import_file(copy)
    ours, builtin = keys('zsmmd_copy'), keys('zsmmd')
    trunk = [name for name in builtin if ours[name] == builtin[name]]
    assert list(ours) == list(builtin) and trunk == [
        'seen', 'maps', 'features', 'generator', 'classifier', 'judge_1']
    (copy / '__pycache__').mkdir(exist_ok=True)
    (copy / '__pycache__/more.pyc').write_bytes(b'')
    assert keys('zsmmd_copy') == ours
    (copy / 'candidates.py').write_text((copy / 'candidates.py').read_text() + '#')  # registers nothing
    edited = keys('zsmmd_copy')
    assert [name for name in ours if edited[name] == ours[name]] == trunk


@pytest.mark.slow
def test_the_copy_has_the_numbers_of_the_built_in_method(copy, micro_root, micro_options, tmp_path):
    result = subprocess.run(
        [sys.executable, str(ROOT / 'benchmark/run.py'), '--methods', 'zsmmd,zsmmd_copy', '--ks', '2', '--plugin',
         str(copy), '--data-root', str(micro_root), '--reports', 'reports', '--device', 'cpu', '--cfg-options',
         'recursion.weight=5.0', *micro_options('generator', 'recursion')],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    records = {record['cell']['method']: record for record in map(
        json.loads, (path.read_text() for path in (tmp_path / 'reports/records').glob('*.json')))}
    ours, builtin = records['zsmmd_copy'], records['zsmmd']
    assert ours['metrics'] == builtin['metrics'] and ours['confusion'] == builtin['confusion']
    assert ours['confusion'] != records['seen_only']['confusion']
    assert ours['stages'][-1]['key'] != builtin['stages'][-1]['key']
