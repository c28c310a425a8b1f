"""Tests of processes on this machine that need no process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark import ROOT
from benchmark.launchers import LauncherError
from benchmark.launchers.leases import MOST
from benchmark.launchers.local import LocalLauncher, SerialLauncher, fitting
from benchmark.launchers.server import End, ServerError
from benchmark.planning.plan import Needs
from benchmark.planning.run_options import RunOptions


def options(folder, **more):
    return RunOptions(folder / 'work', folder / 'records', **more)


def test_workers_follow_cores_and_memory(tmp_path):
    assert fitting(10_000, 2.0) == fitting(1, 1e6) == 1 <= fitting(1, 2.0)
    assert LocalLauncher(options(tmp_path, workers=3), Needs(), tmp_path).slots == 3
    with pytest.raises(LauncherError, match='--launcher local has --workers'):
        SerialLauncher(options(tmp_path, workers=2), Needs(), tmp_path)


def test_a_server_that_cannot_be_had_costs_a_cell(tmp_path, monkeypatch):
    def broken(order, began):
        raise ServerError('the server that starts processes ended, again and again')

    launcher = LocalLauncher(options(tmp_path, workers=1), Needs(), tmp_path)
    monkeypatch.setattr(launcher.server, 'run', broken)
    job = SimpleNamespace(folder=tmp_path, cell=SimpleNamespace(file_name='a.json'))
    launcher.start(job)
    [(ended, loss)] = launcher.ended(0)
    assert ended is job and launcher.ended(0) == []
    assert loss.reason == 'the server that starts processes ended, again and again'


def test_processes_whose_server_was_killed_are_watched_until_they_end(tmp_path, monkeypatch):
    launcher = LocalLauncher(options(tmp_path, workers=1), Needs(), tmp_path)
    process = subprocess.Popen(['sleep', '600'])
    monkeypatch.setattr(launcher.server, 'run', lambda order, began: began(process.pid))
    job = SimpleNamespace(folder=tmp_path, cell=SimpleNamespace(file_name='a.json'))
    launcher.start(job)
    assert launcher.ended(0) == []
    launcher.kill(job)
    process.wait()
    assert launcher.ended(0) == [(job, None)]


def test_nor_are_they_forgotten_once_there_is_a_new_server(tmp_path, monkeypatch):
    launcher = LocalLauncher(options(tmp_path, workers=2), Needs(), tmp_path)
    server, orphan, child = launcher.server, subprocess.Popen(['sleep', '600']), subprocess.Popen(['sleep', '600'])
    first, second = (SimpleNamespace(folder=tmp_path / name, cell=SimpleNamespace(file_name=name)) for name in 'ab')
    for generation, (job, process) in enumerate(((first, orphan), (second, child)), 1):
        server.generation = generation
        monkeypatch.setattr(server, 'run', lambda order, began, process=process: began(process.pid))
        launcher.start(job)
    monkeypatch.setattr(server, 'ended', lambda wait_s: [])  # the new one knows nothing of the first
    assert launcher.ended(0) == []
    for process in (orphan, child):
        process.kill()
        process.wait()
    assert launcher.ended(0) == [(first, None)]
    monkeypatch.setattr(server, 'ended', lambda wait_s: [End(str(second.folder), -9, gone=True)])
    [(job, loss)] = launcher.ended(0)
    assert job is second and 'SIGKILL' in loss.reason


@pytest.fixture
def gpus(tmp_path, monkeypatch):
    """Makes launchers of sweeps on one machine, with two GPUs that are names."""
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    monkeypatch.setattr('benchmark.launchers.leases.visible_gpus', lambda: ['0', '1'])
    monkeypatch.setattr('benchmark.launchers.leases.free_gib', lambda: 80.0)
    taken = []

    def sweep(workers=None, **more):
        launcher = LocalLauncher(options(tmp_path, workers=workers, device='cuda'), Needs(**more), tmp_path)
        monkeypatch.setattr(launcher.server, 'run', lambda order, began: (taken.append(order.gpu), began(os.getpid())))
        monkeypatch.setattr(launcher.server, 'ended', lambda wait_s: [])
        return launcher
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
    one.server.ended = lambda wait_s: [End('a')]
    assert len(one.ended(0)) == 1
    assert one.slots == 1 and other.slots == 1
    start(one, 'c')
    assert taken == ['0', '1', '0']


def test_cells_of_a_small_network_share_a_gpu_unless_told_otherwise(gpus, monkeypatch):
    sweep, taken = gpus
    monkeypatch.setattr('benchmark.launchers.leases._cores', lambda: 16)
    assert sweep().workers == 2  # nothing is known of this network
    small = sweep(gpu_gib=2.0)
    assert small.workers == 2 * MOST
    for name in 'abc':
        assert small.slots == len(taken) + 1
        start(small, name)
    assert taken == ['0', '1', '0']
    assert sweep(workers=1, gpu_gib=2.0).workers == 1
    assert sweep(gpu_gib=30.0).workers == 2 * 2
    assert sweep(gpu_gib=2.0, processes=2).workers == 1
    monkeypatch.setattr('benchmark.launchers.leases._cores', lambda: 4)
    assert sweep(gpu_gib=2.0).workers == 2 * 2
    monkeypatch.setattr('benchmark.launchers.leases.free_gib', lambda: None)
    assert sweep(gpu_gib=2.0).workers == 2


def test_a_job_that_is_not_known_any_more_can_be_interrupted_and_killed(tmp_path):
    launcher = LocalLauncher(options(tmp_path, workers=1), Needs(), tmp_path)
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
    monkeypatch.setattr(one.server, 'run', interrupt)
    with pytest.raises(KeyboardInterrupt):
        start(one, 'a')
    assert other.slots == 1
    start(other, 'b')
    assert other.slots == 2


def test_the_server_knows_its_code_before_anything_can_change_it():
    found = subprocess.run([sys.executable, '-c', (
        'import benchmark.launchers.preload, benchmark.records.provenance as p\n'
        'print(*(f.cache_info().currsize for f in (p.code_sha256, p.program_sha256, p.checkout.state)))')],
        capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ['1', '1', '1']
