"""Tests of zs_methods/models/checkpoint_file.py: files that others made."""

from __future__ import annotations

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from zs_methods.models.checkpoint_file import CheckpointError, load_tensors
from zs_methods.models.weights import read_checkpoint
from zs_methods.models.zs3_checkpoint import ZS3Checkpoint


def saved(path, content, **options):
    torch.save(content, path, **options)
    return path


class Payload:
    """Unpickling it runs a command."""

    def __init__(self, mark, call=os.system):
        self.mark, self.call = mark, call

    def __reduce__(self):
        return self.call, (f'touch {self.mark}' if self.call is os.system else f'open({str(self.mark)!r}, "w")',)


@pytest.mark.parametrize('call', [os.system, eval, exec])
@pytest.mark.parametrize('form', ['zip', 'legacy', 'pickle', 'pickle2', 'pickle0'])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, form, call):
    file, mark = tmp_path / 'a.pth', tmp_path / 'ran'
    content = {'state_dict': {'decoder.conv1.weight': torch.ones(2)}, 'best_pred': Payload(mark, call)}
    if form in ('zip', 'legacy'):
        torch.save(content, file, _use_new_zipfile_serialization=form == 'zip')
    else:
        file.write_bytes(pickle.dumps({'best_pred': content['best_pred']}, protocol=int(form[6:] or 4)))
    with pytest.raises(CheckpointError) as error:
        ZS3Checkpoint.load(file)
    assert not mark.exists()
    assert str(error.value).startswith(f'{file}: ')
    assert '\n' not in str(error.value)
    if form in ('zip', 'legacy', 'pickle2'):
        wanted = 'posix.system' if call is os.system else call.__name__
        assert f'refused, since its pickle asks for {wanted} and could run code' in str(error.value)
    else:  # pickle protocols that torch never writes
        assert 'will not read without running code' in str(error.value)
    if form in ('pickle', 'pickle2'):  # the payload is a real one
        pickle.loads(file.read_bytes())
        assert mark.exists()


def test_a_whole_module_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r'refused, since its pickle asks for torch\.nn\.modules\.linear\.Linear'):
        load_tensors(saved(tmp_path / 'a.pth', torch.nn.Linear(2, 2)))


@pytest.mark.parametrize('module', ['numpy.core.multiarray', 'numpy._core.multiarray'])
def test_a_numpy_score_is_passed_over(tmp_path, module):
    """Checkpoints keep the best score as a numpy scalar; its pickle, as numpy 1 and 2 write it, is not run."""
    written = saved(tmp_path / 'a.pth', {'best_pred': np.float64(0.5), 'state_dict': {'a.b': torch.ones(2)}})
    file = tmp_path / 'b.pth'
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(file, 'w') as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(np._core.multiarray.scalar.__module__.encode(),
                                                            module.encode()))
    assert not isinstance(load_tensors(file)['best_pred'], np.generic)
    assert list(ZS3Checkpoint.load(file).network) == ['a.b']
    with pytest.raises(CheckpointError, match='entries beside the tensors: c'):
        ZS3Checkpoint.load(saved(file, {'a.b': torch.ones(2), 'c': np.float64(1)}))


def test_reading_leaves_torchs_safe_globals_alone(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    load_tensors(saved(tmp_path / 'a.pth', {}))
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize('content', [b'', b'not\na checkpoint', b'PK\x03\x04 not a zip', pickle.dumps({}, protocol=2)])
def test_not_a_checkpoint(tmp_path, content):
    file = tmp_path / 'a.pth'
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r'a\.pth: not a checkpoint of torch, or ') as error:
        load_tensors(file)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('zipped', [True, False])
def test_half_a_checkpoint(tmp_path, zipped):
    file = saved(tmp_path / 'a.pth', {'a': torch.zeros(1000)}, _use_new_zipfile_serialization=zipped)
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match='not a checkpoint of torch, or damaged'):
        load_tensors(file)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth'):
        load_tensors(tmp_path / 'none.pth')
    with pytest.raises(IsADirectoryError):
        load_tensors(tmp_path)


def test_a_numpy_score_before_torch_2_5(tmp_path, monkeypatch):
    file = saved(tmp_path / 'a.pth', {'best_pred': np.float64(0.5)})
    monkeypatch.delattr(torch.serialization, 'safe_globals')
    with pytest.raises(CheckpointError, match=r'pickle asks for numpy\.\S+: torch >= 2\.5 reads such files'):
        read_checkpoint(file)


@pytest.mark.parametrize('error', [
    IndexError('pop from empty list'), AssertionError(), OSError(22, 'Invalid argument'), MemoryError(),
    pickle.UnpicklingError('Weights only load failed. Re-running `torch.load` with `weights_only` set to `False`'),
    pickle.UnpicklingError('Weights only load failed. Re-running `torch.load`. WeightsUnpickler error: \n\nBad 7 '
                           'Check the documentation of torch.load'),
])
def test_whatever_is_raised_is_one_line_without_torchs_advice(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    file = saved(tmp_path / 'a.pth', {})
    monkeypatch.setattr(torch, 'load', fail)
    with pytest.raises(CheckpointError, match=r'a\.pth: not a checkpoint of torch, or ') as found:
        load_tensors(file)
    assert '\n' not in str(found.value)
    assert 'Re-running' not in str(found.value) and 'documentation' not in str(found.value)


@pytest.mark.parametrize('zipped', [True, False])
def test_damage_anywhere_is_one_line_or_harmless(tmp_path, zipped):
    file = saved(tmp_path / 'a.pth', {'a': torch.zeros(10)}, _use_new_zipfile_serialization=zipped)
    content, rng = file.read_bytes(), np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
        file.write_bytes(damaged[:rng.integers(1, 2 * len(content))])
        try:
            load_tensors(file)
        except CheckpointError as error:
            assert str(error).startswith(f'{file}: ') and '\n' not in str(error)
