"""Tests of processes on this machine that need no process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.launchers import LauncherError, Settings
from benchmark.launchers.local import SERVER_STARTS, LocalLauncher, SerialLauncher, fitting
from benchmark.options import ROOT


def test_workers_follow_cores_and_memory(tmp_path):
    assert fitting(10_000) == 1 <= fitting(1)
    assert LocalLauncher(Settings(workers=3, threads=1, device='cpu', folder=tmp_path)).slots == 3
    with pytest.raises(LauncherError, match='--launcher local has --workers'):
        SerialLauncher(Settings(workers=2, threads=1, device='cpu', folder=tmp_path))


@pytest.mark.parametrize(('deaths', 'lost'), [(1, False), (SERVER_STARTS, True)])
def test_a_server_that_dies_is_started_again_and_costs_a_cell_at_last(tmp_path, monkeypatch, deaths, lost):
    class Process:
        pid, exitcode, sentinel, tries = 0, 0, None, []

        def __init__(self, **_):
            pass

        def start(self):
            self.tries.append(1)
            if len(self.tries) <= deaths:
                raise EOFError('unexpected EOF')

    monkeypatch.setattr('benchmark.launchers.local.time.sleep', lambda seconds: None)
    monkeypatch.setattr('benchmark.launchers.local.connection.wait', lambda *_: None)
    monkeypatch.setattr('benchmark.launchers.local._kill_group', lambda pid: None)
    launcher = LocalLauncher(Settings(workers=1, threads=1, device='cpu', folder=tmp_path))
    monkeypatch.setattr(launcher, 'context', SimpleNamespace(Process=Process))
    job = SimpleNamespace(folder=tmp_path, cell=SimpleNamespace(file_name='a.json'))
    launcher.start(job)
    [(ended, loss)] = launcher.ended(0)
    assert ended is job and launcher.ended(0) == []
    assert (loss and loss.reason) == ('the server that starts processes was killed, again and again' if lost else None)


@pytest.fixture
def gpus(tmp_path, monkeypatch):
    """Makes launchers of sweeps on one machine, with two GPUs that are names."""
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    monkeypatch.setattr('benchmark.launchers.leases.visible_gpus', lambda: ['0', '1'])
    taken = []

    def sweep(workers=None):
        launcher = LocalLauncher(Settings(workers=workers, threads=1, device='cuda', folder=tmp_path))
        monkeypatch.setattr(launcher, '_fork', lambda folder, gpu, driver: taken.append(gpu) or SimpleNamespace(
            exitcode=None, sentinel=0, pid=0))
        return launcher
    monkeypatch.setattr('benchmark.launchers.local.connection.wait', lambda *_: None)
    monkeypatch.setattr('benchmark.launchers.local._kill_group', lambda pid: None)
    return sweep, taken


def start(launcher, name):
    launcher.start(SimpleNamespace(folder=Path(name), cell=SimpleNamespace(file_name=name)))


def test_sweeps_share_gpus_and_none_waits_inside_a_start(gpus):
    sweep, taken = gpus
    one, other = sweep(), sweep(workers=1)
    assert one.slots == 1
    start(one, 'a')
    assert one.slots == 2
    one.ended(0)  # nothing else to start now: the slot is free again
    assert other.slots == 1
    start(other, 'b')
    assert (one.slots, other.slots) == (1, 1) and taken == ['0', '1']
    one._running['a'][1].exitcode = 0
    assert len(one.ended(0)) == 1
    assert one.slots == 1 and other.slots == 1
    start(one, 'c')
    assert taken == ['0', '1', '0']


def test_a_job_that_is_not_known_any_more_can_be_interrupted_and_killed(tmp_path):
    launcher = LocalLauncher(Settings(workers=1, threads=1, device='cpu', folder=tmp_path))
    job = SimpleNamespace(folder=tmp_path, cell=SimpleNamespace(file_name='a.json'))
    launcher.interrupt(job)
    launcher.kill(job)
    assert launcher.ended(0) == []


def test_a_slot_is_free_again_if_the_start_was_interrupted(gpus, monkeypatch):
    sweep, _ = gpus
    one, other = sweep(), sweep(workers=2)

    def interrupt(*_):
        raise KeyboardInterrupt

    assert one.slots == 1
    monkeypatch.setattr(one, '_fork', interrupt)
    with pytest.raises(KeyboardInterrupt):
        start(one, 'a')
    assert other.slots == 1
    start(other, 'b')
    assert other.slots == 2


def test_the_server_knows_its_code_before_anything_can_change_it():
    found = subprocess.run([sys.executable, '-c', (
        'import benchmark.launchers.preload, benchmark.provenance as p\n'
        'print(p.code_sha256.cache_info().currsize, p._git.cache_info().currsize)')],
        capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ['1', '1']
