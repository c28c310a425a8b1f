"""``python -m benchmark check``: every way to break the contract is found, under its own check and in useful words."""

import re

import pytest
import torch
from environments import call

from benchmark import ROOT
from benchmark.checking.data import K, write_roots
from benchmark.checking.forked import Crash, run_forked
from benchmark.checking.same import difference, not_finite
from benchmark.checking.shrink import has_steps, shrink
from benchmark.commands.check import main
from zs_methods.datasets import load_spec
from zs_methods.datasets.presence import class_presence
from zs_methods.task import Task

PLUGINS = ROOT / 'tests/plugins'
#: method -> what fails, and what the message names
BROKEN = {
    'reads_unseen': ('labels', r"stage 'prior' reads unseen labels \(pixels; declared image-filter.*\): 11 images of "
                               r"subset 'train' with their labels, \d+ pixels of 'dotted blue'"),
    'past_the_audit': ('labels', "stage 'prior' reads labels of unseen pixels past the audit.*prior"),
    'nan_loss': ('trains', "stage 'tune': summary.final_loss: nan"),
    'not_resumable': ('resumes', r"stage 'recall' cannot resume: needs state of an earlier stage that is not on disk "
                                 r"\(KeyError: 'offset'\)"),
    'not_resumable_quietly': ('resumes', "stage 'recall' cannot resume: needs state .* offset is another one"),
    'unseeded': ('repeats', "stage 'noise': .* offset is not: .* use ctx.stream"),
    'one_seed': ('repeats', 'seeds 0 and 1 give the same'),
    'loses_backbone': ('gradients', r"stage 'tune': it trains backbone\.\S+ of stage 'seen'.* does not leave them"),
    'overwrites': ('gradients', "stage 'tune': it overwrites model.pth of stage 'seen'"),
    'forgets_to_step': ('gradients', "stage 'tune': its number of steps changes nothing"),
    'disconnected': ('gradients', "stage 'tune': parameters .* never get a gradient: bias"),
    'never_unseen': ('saves', 'no feature makes the finished model predict striped red, dotted blue'),
    'wrong_role': ('builds', "role must be one of .* got 'champion'"),
    'not_plain': ('builds', "stage 'odd': settings must be plain data"),
    'needs_labels': ('odd data', "stage 'largest': ValueError: zero-size array"),
    'needs_predictions': ('empty', "stage 'inverse': ZeroDivisionError"),
    'small_k_only': ('K=10', "stage 'small': IndexError: 10 unseen classes"),
}
HEALTHY = 'ridge_gaussian'


@pytest.fixture(scope='module')
def checked():
    """`check` on all broken plugins and a healthy one, in one run: rows of the table and lines of the failures."""
    plugins = [word for file in (*PLUGINS.glob('broken_*.py'), PLUGINS / f'{HEALTHY}.py')
               for word in ('--plugin', str(file))]
    result = call('check', '--device', 'cpu', *plugins, '--methods', ','.join([*BROKEN, HEALTHY]), text=True)
    assert result.returncode == 1, result.stdout + result.stderr
    rows = {words[0]: words[1:] for line in result.stdout.splitlines()
            if len(words := re.findall(r'[^│┃\s]+(?: data)?', line)) > 5 and line.startswith(('│', '┃'))}
    failures = [tuple(line.split(' ', 1)) for line in result.stdout.splitlines() if line.split(' ')[0] in BROKEN]
    return rows, failures


@pytest.mark.slow
@pytest.mark.parametrize('name', BROKEN)
def test_broken_plugin_is_caught_by_its_check_alone(checked, name):
    rows, failures = checked
    check, message = BROKEN[name]
    states = dict(zip(rows['method'], rows[name], strict=True))
    also = {'nan_loss': {'saves'}}.get(name, set())  # scores of NaN weights
    assert {column for column, state in states.items() if state == 'FAIL'} == {check} | also
    (line,) = [text for method, text in failures if method == name and text.startswith(f'{check}: ')]
    assert re.search(message, line), line


@pytest.mark.slow
def test_healthy_plugin_passes_beside_broken_ones(checked):
    rows, _ = checked
    assert set(rows[HEALTHY]) == {'pass'}


@pytest.mark.slow
def test_all_pass_is_exit_code_0():
    result = call('check', '--device', 'cpu', '--methods', 'seen_only,oracle', text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'FAIL' not in result.stdout and '2 methods, no failures' in result.stdout


@pytest.mark.parametrize(('words', 'message'), [
    (['--methods', 'zs33'], "unknown method 'zs33': did you mean 'zs3'?"),
    (['--methods', 'zs3_released'], 'unknown method'), (['--methods', ','], '--methods is empty'),
    (['--plugin', 'nowhere.py'], 'no such file'), (['--workers', '0'], '--workers'), (['--nonsense'], '--nonsense'),
    (['--device', 'abacus'], '--device'),
])
def test_wrong_calls_are_one_line_and_exit_code_2(words, message, capsys, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1


def test_shrink_follows_the_names():
    config = dict(type='X', iterations=500, noise_dim=300, lr=0.1, rounds=3, warm_start=True, batch_size=1024,
                  nested=[dict(max_iters=320, student_steps=1, unseen_samples=32, total_steps=None)],
                  loader=dict(batch_size=16, sampler=dict(type='Y')), milestones=(100, 200))
    small = shrink(config)
    assert small == {**config, 'iterations': 2, 'batch_size': 64, 'loader': dict(batch_size=4, sampler=dict(type='Y')),
                     'nested': [dict(max_iters=2, student_steps=1, unseen_samples=8, total_steps=None)]}
    assert has_steps(config) and not has_steps(dict(batch_size=9, steps=1))
    assert config['iterations'] == 500


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    return write_roots(tmp_path_factory.mktemp('roots'))


def presence(root, subset='train'):
    task = Task.create('shapes', K, root)
    masks = sorted((root / 'shapes/ann_dir' / subset).glob('*.png'))
    return class_presence(masks, task.spec.lookup(()), len(task.spec.classes)), task


def test_relabelled_data_differ_in_unseen_classes_of_training_images_only(roots):
    (before, task), (after, _) = presence(roots.plain), presence(roots.relabelled)
    first, second = task.unseen
    assert (before[:, first] != before[:, second]).any()
    assert (before[:, [first, second]] == after[:, [second, first]]).all()
    assert (before[:, list(task.seen)] == after[:, list(task.seen)]).all()
    for part in ('img_dir/train', 'img_dir/val', 'ann_dir/val'):
        for file in (roots.plain / 'shapes' / part).glob('*.png'):
            assert file.read_bytes() == (roots.relabelled / 'shapes' / part / file.name).read_bytes()


def test_odd_data_are_odd(roots):
    from PIL import Image
    present, task = presence(roots.odd)
    assert present[:, list(task.unseen)].any(axis=1).sum() == 1
    assert not present.any(axis=1).all()  # without labels
    assert (present[:, 0] & (present.sum(axis=1) == 1)).any()  # background only
    assert (~present[:, 0] & (present.sum(axis=1) == 1)).any()  # one class only
    assert not present[:, list(task.seen)].any(axis=0).all()
    sizes = {Image.open(file).size for file in (roots.odd / 'shapes/img_dir/train').glob('*.png')}
    assert (47, 33) in sizes and len(load_spec('shapes').classes) == present.shape[1]


def test_forked_jobs_return_fail_or_die_without_taking_others_down():
    import os

    def fail():
        raise ValueError('boom\nbang')

    found = run_forked({'fine': lambda: 7, 'fails': fail, 'dies': lambda: os._exit(3), 'late': lambda: 'x'}, 2)
    assert list(found) == ['fine', 'fails', 'dies', 'late']
    assert (found['fine'], found['late']) == (7, 'x')
    assert found['fails'] == Crash('ValueError: boom bang')
    assert 'exit code 3' in found['dies'].message


def test_difference_and_not_finite_name_the_place(tmp_path):
    first, second = tmp_path / 'a', tmp_path / 'b'
    for folder, value in ((first, 1.0), (second, 1.0 + 1e-6)):
        (folder / 'log').mkdir(parents=True)
        (folder / 'log/time.txt').write_text(str(value))  # logs do not count
        torch.save({'state_dict': {'w': torch.tensor([value, float('nan')])}}, folder / 'model.pth')
    assert difference(first, second) == 'model.pth: state_dict.w'
    assert difference(first, second, 1e-3) == ''
    assert difference(first, first) == ''
    (second / 'more.json').write_text('{}')
    assert difference(first, second) == 'file more.json'
    assert not_finite({'a': [1, {'b': float('inf')}]}) == 'a.1.b: inf'
    assert not_finite({'w': torch.tensor([1.0, float('nan')])}) == 'w: 1 of 2 values are NaN or infinite'
    assert not_finite({'w': torch.ones(2), 'text': 'nan', 'n': 3}) == ''
