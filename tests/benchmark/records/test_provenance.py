"""The provenance in records, and what is measured while a stage runs."""

from __future__ import annotations

import getpass
import json
import mmap
import socket
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


def test_a_path_that_is_no_utf8_keeps_its_bytes_in_words():
    assert without_paths('/data/caf\udce9/x.png: cannot be read') == '/data/caf\\xe9/x.png: cannot be read'


@pytest.mark.parametrize(('visible', 'asked'), [(None, []), ('1', ['-i', '1']), ('GPU-1,GPU-2', ['-i', 'GPU-1,GPU-2'])])
def test_names_of_gpus_are_told_without_starting_cuda(monkeypatch, visible, asked):
    calls = []
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(provenance, 'output', lambda *words: calls.append(words) or b'NVIDIA H100 80GB HBM3\n\n')
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if visible:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)
    assert provenance._gpus() == ['NVIDIA H100 80GB HBM3'] and not torch.cuda.is_initialized()
    assert list(calls[0][3:]) == asked
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    assert provenance._gpus() == [] and len(calls) == 1
