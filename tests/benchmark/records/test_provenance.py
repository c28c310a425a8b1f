"""The provenance in records, and what is measured while a stage runs."""

from __future__ import annotations

import getpass
import json
import mmap
import os
import socket
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import torch

from benchmark.records import provenance
from benchmark.records.provenance import (
    code_sha256,
    command_line,
    environment,
    peak_gpu_mib,
    peak_rss_mib,
    reset_peak_gpu,
    reset_peak_rss,
    without_paths,
)

CPU = torch.device('cpu')
NOTHING = {'sha': None, 'dirty': None, 'diff': None}


@pytest.mark.parametrize(('called', 'name'), [
    ('/somewhere/benchmark/run.py', 'run.py'), ('/somewhere/benchmark/__main__.py', 'benchmark'),
    ('some/benchmark', 'benchmark'), ('.', 'benchmark'), ('__main__.py', 'benchmark')])
def test_the_program_is_named_without_its_folder(called, name, tmp_path, monkeypatch):
    (tmp_path / 'benchmark').mkdir()
    monkeypatch.chdir(tmp_path / 'benchmark')
    monkeypatch.setattr(sys, 'argv', [called, 'select', '--ks', '2'])
    assert command_line() == [name, 'select', '--ks', '2']


def test_environment_says_what_a_number_depends_on():
    found = environment()
    assert {'git', 'code', 'python', 'packages', 'compat', 'hardware', 'kernel'} <= found.keys()
    assert {'sha', 'dirty', 'diff'} == found['git'].keys()
    assert bool(found['git']['diff']) == bool(found['git']['dirty'])
    assert {'torch', 'mmengine', 'mmsegmentation', 'numpy'} <= found['packages'].keys()
    assert found['hardware']['cores'] >= 1 and found['hardware']['cpu']
    assert {'gpu', 'cuda', 'cudnn', 'driver', 'threads', 'thread_limits'} <= found['hardware'].keys()
    assert found['code'] == code_sha256() and len(found['code']) == 16
    assert json.loads(json.dumps(found)) == found


def test_environment_names_no_machine_and_no_folder():
    text = json.dumps(environment())
    assert str(Path.home()) + '/' not in text and str(provenance.ROOT) not in text
    assert f'"{socket.gethostname()}"' not in text
    assert f'/{getpass.getuser()}/' not in text


def test_peak_memory_grows_with_use_and_starts_anew():
    reset_peak_rss()
    before = peak_rss_mib()
    assert before > 0
    with mmap.mmap(-1, 64 * 2**20) as block:  # fresh pages, not what other tests freed
        for start in range(0, len(block), 4096):
            block[start] = 1  # touched, hence resident
        assert peak_rss_mib() > before + 48


def test_a_processor_has_no_gpu_memory():
    reset_peak_gpu(CPU)
    assert peak_gpu_mib(CPU) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_peak_gpu_memory_is_that_of_tensors_since_the_beginning():
    device = torch.device('cuda')
    torch.zeros(2 ** 26, device=device)
    reset_peak_gpu(device)
    before = peak_gpu_mib(device)
    torch.zeros(2 ** 22, device=device)
    assert 16 <= peak_gpu_mib(device) - before < 32


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of one file with one commit; returns a function that asks for its state."""
    def git(*args):
        subprocess.run(('git', '-c', 'user.name=x', '-c', 'user.email=x', '-C', str(tmp_path), *args), check=True,
                       capture_output=True)

    (tmp_path / 'code.py').write_text('one = 1\n')
    git('init')
    git('add', '.')
    git('commit', '-m', 'first')
    monkeypatch.setattr(provenance, 'ROOT', tmp_path)
    return provenance._git.__wrapped__


def test_a_clean_checkout_has_no_diff_whatever_a_run_wrote_to_reports(repository, tmp_path):
    (tmp_path / 'reports').mkdir()
    (tmp_path / 'reports' / 'shapes.md').touch()
    found = repository()
    assert len(found['sha']) == 40 and found['dirty'] is False and found['diff'] is None


def test_the_hash_of_a_diff_tells_changes_apart(repository, tmp_path):
    seen = []
    for name, text in (('code.py', 'one = 2\n'), ('code.py', 'one = 3\n'), ('new.py', 'two = 2\n'),
                       ('new.py', 'two = 3\n'), ('other.py', 'two = 3\n')):
        (tmp_path / name).write_text(text)
        found = repository()
        assert found['dirty'] is True and len(found['diff']) == 16
        seen.append(found['diff'])
    assert len(set(seen)) == 5
    assert repository()['diff'] == seen[-1]


def test_without_git_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, 'ROOT', tmp_path)
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(tmp_path.parent))
    assert provenance._git.__wrapped__() == NOTHING


def test_an_archive_inside_another_repository_claims_none_of_its_commits(repository, tmp_path, monkeypatch):
    inside = tmp_path / 'unpacked'
    inside.mkdir()
    (inside / 'code.py').write_text('one = 1\n')
    monkeypatch.setattr(provenance, 'ROOT', inside)
    assert repository() == NOTHING
    assert provenance._git_output('rev-parse', 'HEAD')  # which the other one has


def test_a_checkout_behind_a_link_is_one(repository, tmp_path, monkeypatch):
    link = tmp_path.with_name(f'{tmp_path.name}-link')
    link.symlink_to(tmp_path)
    monkeypatch.setattr(provenance, 'ROOT', link)
    assert len(repository()['sha']) == 40


@pytest.mark.parametrize('variables', [('GIT_DIR',), ('GIT_DIR', 'GIT_WORK_TREE'), ('GIT_INDEX_FILE',),
                                       ('GIT_COMMON_DIR',)], ids='+'.join)
def test_variables_of_git_lead_to_no_other_repository(repository, tmp_path, monkeypatch, variables):
    own = repository()
    other = tmp_path.with_name(f'{tmp_path.name}-other')
    subprocess.run(('git', 'init', '-q', str(other)), check=True)
    places = {'GIT_WORK_TREE': other, 'GIT_INDEX_FILE': other / 'index'}
    for name in variables:
        monkeypatch.setenv(name, str(places.get(name, other / '.git')))
    assert repository() == own
    monkeypatch.setattr(provenance, 'ROOT', other / 'nothing')
    assert repository() == NOTHING


@pytest.mark.skipif(os.getuid() != 0, reason='giving a file to another user needs root')
def test_a_repository_of_another_user_which_git_refuses_claims_nothing(repository, tmp_path, monkeypatch):
    monkeypatch.setenv('GIT_CONFIG_GLOBAL', os.devnull)
    monkeypatch.setenv('GIT_CONFIG_SYSTEM', os.devnull)
    for path in (tmp_path, tmp_path / '.git'):
        os.chown(path, 12345, 12345)
    assert repository() == NOTHING


def test_tracebacks_name_files_and_no_folders_of_the_machine():
    try:
        torch.zeros(2).reshape(3)
        pytest.fail('no error')
    except RuntimeError:
        own = traceback.format_exc()
    text = without_paths(f'{own}\n  File "{torch.__file__}"\n{Path.home() / "data" / "voc"} stays and/or is said')
    assert str(provenance.ROOT) not in text and str(Path.home()) + '/' not in text
    assert './tests/benchmark/records/test_provenance.py' in text and '<packages>/torch/__init__.py' in text
    assert '~/data/voc stays and/or is said' in text


def test_asking_git_writes_nothing_that_a_killed_process_could_leave(repository, tmp_path):
    index = tmp_path / '.git' / 'index'
    os.utime(tmp_path / 'code.py', (1, 1))  # on which git would like to refresh its index
    before = index.read_bytes()
    assert repository()['dirty'] is False
    assert index.read_bytes() == before


def test_a_path_that_is_no_utf8_keeps_its_bytes_in_words():
    assert without_paths('/data/caf\udce9/x.png: cannot be read') == '/data/caf\\xe9/x.png: cannot be read'


@pytest.mark.parametrize(('visible', 'asked'), [(None, []), ('1', ['-i', '1']), ('GPU-1,GPU-2', ['-i', 'GPU-1,GPU-2'])])
def test_names_of_gpus_are_told_without_starting_cuda(monkeypatch, visible, asked):
    calls = []
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(provenance, '_output', lambda *words: calls.append(words) or b'NVIDIA H100 80GB HBM3\n\n')
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if visible:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)
    assert provenance._gpus() == ['NVIDIA H100 80GB HBM3'] and not torch.cuda.is_initialized()
    assert list(calls[0][3:]) == asked
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    assert provenance._gpus() == [] and len(calls) == 1
