"""``python -m benchmark doctor``: which known breakages apply."""

import pytest

from benchmark.commands import breakages, doctor


@pytest.fixture
def versions(monkeypatch):
    """Lets packages have other versions; those that are not named are not installed."""
    def install(**found):
        monkeypatch.setattr(breakages, 'version', lambda name: found.get(name.replace('-', '_')))
    return install


@pytest.mark.parametrize(('look', 'found', 'state'), [
    ('_mmcv_versions', {'mmcv': (2, 2, 0)}, 'problem'), ('_mmcv_versions', {'mmcv': (2, 1, 0)}, 'ok'),
    ('_mmcv_versions', {'onedl_mmcv': (2, 3, 6)}, 'ok'),
    ('_mmcv_versions', {}, 'problem'), ('_mmcv_versions', {'mmcv': (2, 1, 0), 'mmcv_lite': (2, 1, 0)}, 'problem'),
    ('_numpy', {'numpy': (2, 0, 0), 'torch': (2, 1, 0)}, 'problem'),
    ('_numpy', {'numpy': (2, 4, 6), 'torch': (2, 13, 0)}, 'ok'),
    ('_weights_only', {'torch': (2, 6, 0), 'mmengine': (0, 10, 7)}, 'handled'),
    ('_weights_only', {'torch': (2, 5, 0), 'mmengine': (0, 10, 7)}, 'ok'),
    ('_adafactor', {'mmengine': (0, 10, 5), 'torch': (2, 5, 0), 'transformers': (4, 0, 0)}, 'problem'),
    ('_adafactor', {'mmengine': (0, 10, 7), 'torch': (2, 5, 0), 'transformers': (4, 0, 0)}, 'ok'),
    ('_yapf', {'yapf': (0, 40, 2), 'mmengine': (0, 8, 0)}, 'problem')])
def test_versions_decide(versions, look, found, state):
    versions(**found)
    verdict = getattr(breakages, look)()
    assert verdict[0] == state and (state == 'ok' or (verdict[1] and verdict[2]))


def test_this_environment_has_no_problem_and_all_is_told(tmp_path, capsys):
    assert doctor.main(['--data-root', str(tmp_path), '--work-dir', str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for part in ('Known breakages', 'mmengine', 'prepare voc', 'painted on first use', 'no problems'):
        assert part in out


def test_a_library_that_cannot_be_imported_is_a_problem(monkeypatch, tmp_path, capsys):
    def broken():
        raise ImportError('libcudart.so\nis missing')
    monkeypatch.setitem(breakages._LOOKS, 'torch and CUDA', broken)
    assert doctor.main(['--data-root', str(tmp_path), '--work-dir', str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert 'problem: torch and CUDA: ImportError: libcudart.so is missing. install what constraints.txt pins' in out
