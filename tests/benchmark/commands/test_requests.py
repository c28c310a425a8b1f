"""A wrong call is one line, exit code 2, and nothing is touched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark import ROOT
from benchmark.commands import requests
from benchmark.commands.run import COMMAND
from benchmark.errors import UsageError
from benchmark.planning.methods import load_plugins
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions
from zs_methods.registry import METHODS

TOY_PLUGIN = Path(__file__).parents[1] / 'toy_plugin.py'
TAKEN = """
from zs_methods.methods import ZS3
from zs_methods.registry import METHODS

@METHODS.register_module(name='zs3')
class Mine(ZS3):
    pass
"""
HOLLOW = """
from zs_methods.methods import Method
from zs_methods.registry import METHODS

@METHODS.register_module(name='hollow')
class Hollow(Method):
    summary = 'without a recipe'
"""
EMPTY = HOLLOW + """
    def stages(self):
        return []
"""
UNREGISTERED = HOLLOW + """
    def stages(self):
        return [self.stage('evaluate', 'NobodyKnows')]
"""


@pytest.fixture
def plugin(tmp_path):
    """Writes a plugin file."""
    def write(text, name='mine.py'):
        path = tmp_path / name
        path.write_text(text)
        return path
    return write


@pytest.fixture
def refused(run_py, capsys, untouched, monkeypatch):
    """Calls run.py, makes sure that it refused properly, and returns its line."""
    monkeypatch.delattr('benchmark.planning.data.prepare_data')  # never on to training

    def call(*arguments):
        assert run_py(*arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ''
        assert captured.err.startswith('run.py: ') and captured.err.count('\n') == 1 and captured.err.endswith('\n')
        assert not any(folder.parent.exists() for folder in untouched.values())
        return captured.err
    return call


@pytest.mark.parametrize(('words', 'parts'), [
    (['--methods', 'zs33'], ["unknown method 'zs33'", "did you mean 'zs3'?", 'zsmmd']),
    (['--methods', 'zs3,zsmdm'], ["'zsmdm'", "did you mean 'zsmmd'?"]),
    (['--methods', 'all,zs3'], ["unknown method 'all'"]),
    (['--methods', ','], ['--methods is empty', 'zs3']),
    (['--dataset', 'shape'], ["unknown dataset 'shape'", "did you mean 'shapes'?"]),
    (['--protocol', 'zs3-cleam'], ["unknown protocol 'zs3-cleam'", "did you mean 'zs3-clean'?"]),
    (['--ks', '3'], ['K=3', '2, 4, 6, 8, 10']),
    (['--ks', '2,0'], ['K=0']),
    (['--ks', ''], ['--ks takes whole numbers', "''"]),
    (['--ks', ' , '], ['--ks takes whole numbers']),
    (['--ks', 'two'], ['--ks takes whole numbers', "'two'"]),
    (['--ks', '2.0'], ['--ks takes whole numbers']),
    (['--ks', '2;4'], ['--ks takes whole numbers']),
    (['--ks', '²'], ['--ks takes whole numbers']),
    (['--ks', '-2'], ['--ks takes whole numbers']),
    (['--ks'], ['--ks', 'expected one argument']),
    (['--seeds', 'x'], ['--seeds takes whole numbers', "'x'"]),
    (['--seeds', '0,1.5'], ['--seeds takes whole numbers']),
    (['--cfg-options', 'classifier.weight=1'], ["'classifier.weight'", 'classifier, ']),
    (['--cfg-options', 'clasifier.unseen_weight=1'], ["'clasifier.unseen_weight'"]),
    (['--cfg-options', 'classifier.unseen_weight.deeper=1'], ["'classifier.unseen_weight.deeper'"]),
    (['--cfg-options', 'recursion.rounds=1', '--methods', 'zs3'], ["'recursion.rounds'"]),
    (['--cfg-options', 'classifier.unseen_weight'], ['--cfg-options takes KEY=VALUE']),
    (['--cfg-options', '=1'], ['--cfg-options']),
    (['--cfg-options', 'classifier.unseen_weight=[1,2'], ['--cfg-options takes KEY=VALUE']),
    (['--cfg-options', 'classifier.initial=sene'], ["method 'zs3'", "initial must be one of ('seen', 'uniform')"]),
    (['--cfg-options', 'classifier=1'], ['classifier=1: settings is expected']),
    (['--cfg-options'], ['--cfg-options', 'expected at least one argument']),
    (['--colour', 'red'], ['unrecognized arguments: --colour red']),
    (['--metods', 'zs3'], ["unrecognized arguments: --metods zs3: did you mean '--methods'?"]),
    (['zs3'], ['unrecognized arguments: zs3']),
    (['--launcher', 'lokal'], ["unknown launcher 'lokal': did you mean 'local'?", 'slurm']),
    (['--launcher-options', 'foo'], ['--launcher-options', 'KEY=VALUE']),
    (['--device', 'tpu'], ['--device takes auto, cpu, cuda or cuda:N', "'tpu'"]),
    (['--device', 'cud'], ["did you mean 'cuda'?"]),
    (['--monitor', 'tensorbord'], ["--monitor: unknown back-end 'tensorbord': did you mean 'tensorboard'?"]),
    (['--device', 'cpu:1'], ['--device takes']),
    (['--device', 'cuda:x'], ['--device takes']),
    (['--device', 'cuda:99'], ['--device cuda:99', 'CUDA devices']),
    (['--device', ''], ['--device takes']),
    (['--plugin', 'nowhere/mine.py'], ['--plugin nowhere/mine.py: no such file']),
    (['--list', '--plugin', 'nowhere/mine.py'], ['no such file']),
    (['--list', '--protocol', 'zs3-cleam'], ["did you mean 'zs3-clean'?"]),
])
@pytest.mark.parametrize('more', [[], ['--dry-run']], ids=['run', 'dry'])
def test_a_wrong_word_is_named(refused, words, parts, more):
    line = refused(*words, *more)
    assert [part for part in parts if part not in line] == []


@pytest.mark.parametrize('option', ['--work-dir', '--reports', '--data-root'])
@pytest.mark.parametrize('below', ['', 'deep', 'deep/deeper'])
def test_a_folder_that_cannot_be_made_is_named(refused, tmp_path, option, below):
    (tmp_path / 'file').write_text('precious')
    line = refused(option, tmp_path / 'file' / below)
    assert f'{option} {tmp_path / "file" / below}' in line and 'is not a folder' in line
    assert (tmp_path / 'file').read_text() == 'precious'


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_a_folder_without_permission_is_named(refused, tmp_path):
    (tmp_path / 'closed').mkdir(mode=0o500)
    assert 'is not a folder that can be written to' in refused('--work-dir', tmp_path / 'closed' / 'w')


@pytest.mark.parametrize(('text', 'parts'), [
    ('def broken(:\n', ['SyntaxError']),
    ('import nobody_has_this\n', ['ModuleNotFoundError', 'nobody_has_this']),
    ('raise RuntimeError("first\\nsecond")\n', ['RuntimeError: first second']),
    ('raise RuntimeError\n', ['RuntimeError']),
    (TAKEN, ['zs3', 'already registered']),
])
@pytest.mark.parametrize('more', [[], ['--list']], ids=['run', 'list'])
def test_a_plugin_that_cannot_be_loaded_is_named(refused, plugin, text, parts, more):
    path, before = plugin(text), METHODS.get('zs3')
    line = refused('--plugin', path, *more)
    assert str(path) in line and [part for part in parts if part not in line] == []
    assert METHODS.get('zs3') is before


@pytest.mark.parametrize('kind', ['text', 'folder'])
def test_a_plugin_that_is_no_python_file_is_named(refused, plugin, tmp_path, kind):
    path = plugin('', 'mine.txt') if kind == 'text' else tmp_path
    assert f'--plugin {path}: ' in refused('--plugin', path)


@pytest.mark.parametrize(('text', 'part'), [
    (HOLLOW, 'NotImplementedError'), (EMPTY, "'evaluate' as the last one"), (UNREGISTERED, 'NobodyKnows')])
def test_a_plugin_method_without_a_usable_recipe_is_named(refused, plugin, text, part):
    line = refused('--methods', 'hollow', '--plugin', plugin(text))
    assert "method 'hollow'" in line and part in line


def test_a_class_without_word_vector_is_named(refused, tmp_path):
    words = ('striped', 'banded', 'hatched', 'checked', 'red', 'green', 'blue', 'yellow', 'background')
    vectors = tmp_path / 'vectors.txt'
    vectors.write_text(f'{len(words)} 2\n' + ''.join(f'{word} 1 {index}\n' for index, word in enumerate(words)))
    line = refused('--ks', '2', '--vectors', vectors)
    assert "'dotted'" in line and "'dotted red'" in line and str(vectors) in line


def test_missing_word_vectors_are_named(refused, tmp_path):
    assert 'gone.txt' in refused('--ks', '2', '--vectors', tmp_path / 'gone.txt')


@pytest.mark.parametrize('text', ['', 'model = 5', 'model = (', "_base_ = ['gone.py']"])
def test_a_config_that_is_none_is_one_line(refused, tmp_path, text):
    (tmp_path / 'mine.py').write_text(text)
    assert f"network '{tmp_path / 'mine.py'}': " in refused('--methods', 'zs3', '--model', tmp_path / 'mine.py')


def test_records_of_another_schema_stop_a_run_before_it_begins(refused, tmp_path):
    (tmp_path / 'old/records').mkdir(parents=True)
    (tmp_path / 'old/records/shapes.json').write_text('{\n "schema_version": 1,\n "status": "done"}')
    line = refused('--methods', 'zs3', '--reports', tmp_path / 'old')
    assert '1 files are no records of schema 2 to 5, such as shapes.json' in line


@pytest.mark.parametrize(('words', 'parts'), [
    (['--seeds', '1' * 5000], ['--seeds takes whole numbers']),
    (['--splits', 'voc-15-5'], ["--splits: shapes offers no split 'voc-15-5'", 'offered: 2, 4, 6, 8, 10']),
    (['--splits', ','], ['--splits takes names']),
    (['--train-list', 'aug'], ['--train-list: shapes has one list']),
    (['--model', 'r102'], ["unknown model 'r102'", "did you mean 'r101'?"]),
    (['--model', 'mine.py'], ['--model mine.py: no such file']),
    (['--backbone-weights', 'gone.pth'], ['--backbone-weights gone.pth: no such file', 'torchvision://']),
    (['--processes', '0'], ['--processes takes a number from 1, got 0']),
    (['--dataset', 'gone.yaml'], ['gone.yaml: No such file']),
    (['--dataset', 'voc'], ["data set 'voc' not found; python -m benchmark prepare voc"]),
])
def test_wrong_choices_of_data_and_network(refused, words, parts):
    line = refused('--methods', 'zs3', *words)
    for part in parts:
        assert part in line


def test_splits_default_to_all_k_or_all_names(plan):
    assert {cell.id.k for cell in plan('--methods', 'zs3')} == {2, 4, 6, 8, 10}
    from benchmark.planning.cells import _splits
    from zs_methods.datasets import load_spec
    assert _splits(Request(), load_spec('cocostuff')) == ['cocostuff-156-15']
    assert _splits(Request(ks=(4, 2), splits=('voc-15-5',)), load_spec('voc')) == [4, 2, 'voc-15-5']


def test_defaults_are_the_whole_embedded_benchmark():
    args = COMMAND.parse([])
    assert requests.request_of(args) == Request()
    options = requests.run_options_of(args)
    assert options == RunOptions(ROOT / 'work_dirs', ROOT / 'reports' / 'local' / 'records', device=options.device)


@pytest.mark.parametrize(('text', 'expected'), [('2', (2,)), (' 4, 2 ,', (4, 2)), ('2,2,02', (2,))])
def test_numbers_keep_their_order_and_drop_repetitions(text, expected):
    assert requests.numbers('--ks', text) == expected


@pytest.mark.parametrize(('inherited', 'name', 'expected'), [
    (None, 'cuda:1', '1'), ('4,6', 'cuda:1', '6'), ('4,6', 'cuda', '4,6')])
def test_a_device_number_counts_among_the_visible_ones(monkeypatch, inherited, name, expected):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    if inherited is None:
        monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    else:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', inherited)
    assert requests.select_device(name) == 'cuda'
    assert os.environ['CUDA_VISIBLE_DEVICES'] == expected


def test_auto_takes_what_is_there(monkeypatch):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 0)
    assert requests.select_device('auto') == 'cpu'
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    assert requests.select_device('auto') == 'cuda'


def test_the_cpu_hides_every_gpu(monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')
    assert requests.select_device('cpu') == 'cpu' and os.environ['CUDA_VISIBLE_DEVICES'] == ''


def test_a_plugin_is_loaded_once(plugin):
    path = plugin(TAKEN.replace('zs3', 'mine'))
    load_plugins([path])
    first = METHODS.get('mine')
    load_plugins([path.parent / '.' / path.name])
    assert METHODS.get('mine') is first


def test_a_plugin_that_failed_is_not_taken_for_loaded(plugin):
    path = plugin('raise RuntimeError("boom")')
    for _ in range(2):
        with pytest.raises(UsageError, match='boom'):
            load_plugins([path])


def test_options_are_kept_with_the_methods_they_concern(plan):
    cells = plan('--methods', 'zs3,zsmmd', '--ks', 2, '--cfg-options', 'recursion.rounds=2')
    assert {cell.id.method: cell.id.variant for cell in cells} == {
        'seen_only': {}, 'zs3': {}, 'zsmmd': {'recursion.rounds': 2}, 'oracle': {}}
    assert {'generator_2', 'classifier_2'} <= {node.name for node in cells[2].nodes}


@pytest.mark.slow
def test_a_wrong_call_from_another_folder(tmp_path):
    done = subprocess.run([sys.executable, ROOT / 'benchmark' / 'run.py', '--methods', 'zs33'], cwd=tmp_path,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stdout == ''
    assert re.fullmatch(r"run\.py: unknown method 'zs33': did you mean 'zs3'\?.*\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('words', 'part'), [
    (['--backbone-weights', 'torchvision://nonsense'], 'nonsense'),
    (['--backbone-weights', 'open-mmlab://nonsense'], 'nonsense'),
    (['--processes', '3'], '3 processes cannot share a batch of 16'),
    (['--device', 'cpu', '--cfg-options', 'seen.amp=True'], 'mixed precision needs a CUDA device'),
    (['--cfg-options', 'train_cfg.max_iters=0'], 'must be at least 1'),
])
def test_what_training_would_refuse_is_refused_before(refused, words, part):
    assert part in refused('--methods', 'zs3', '--ks', '2', *words)


def test_weights_of_another_network_are_refused_before_anything_is_trained(refused, tmp_path):
    torch.save({'conv1.weight': torch.zeros(64, 3, 7, 7)}, tmp_path / 'r.pth')
    line = refused('--methods', 'zs3', '--ks', '2', '--backbone-weights', tmp_path / 'r.pth')
    assert 'r.pth' in line and 'missing' in line
