"""Tests of the scheduler with a launcher whose jobs end, or not, as the test says."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest
from launching import cells
from rich.console import Console

from benchmark.launchers import Launcher, LauncherError
from benchmark.launchers import scheduler as module
from benchmark.launchers.ray_cluster import _check_address
from benchmark.launchers.scheduler import Scheduler
from benchmark.planning.plan import Needs
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import Status, load_records
from benchmark.running import interrupts
from benchmark.running.cell import CellRunner
from benchmark.running.progress import Reporter


class Moody(Launcher):
    """Raises KeyboardInterrupt where it is told to; its jobs never end."""

    slots = 2
    at = 'start'

    def start(self, job):
        self.jobs = [*getattr(self, 'jobs', []), job]
        if self.at == 'start' and len(self.jobs) == 2:
            raise KeyboardInterrupt

    def ended(self, wait_s):
        if self.at in ('ended', 'forgotten'):
            self.jobs = [] if self.at == 'forgotten' else self.jobs  # the interrupt came before it could tell
            self.at = ''
            raise KeyboardInterrupt
        return []

    def kill(self, job):
        pass


@pytest.mark.parametrize('at', ['start', 'ended', 'forgotten'])
def test_an_interrupt_at_any_moment_leaves_a_record_of_every_cell(tmp_path, monkeypatch, at):
    monkeypatch.setattr(module, 'GRACE_S', 0.1)
    plan = cells(tmp_path, ('launched_ok',), range(4))
    options = RunOptions(tmp_path, tmp_path / 'records')
    launcher = Moody(options, Needs(), options.jobs / 'own')
    launcher.at = at
    with pytest.raises(KeyboardInterrupt):
        Scheduler(CellRunner(options, Reporter(Console(quiet=True), 4), {'argv': ['run.py']}), launcher).run(plan)
    found = {record.cell.seed: record.status for record in load_records(tmp_path / 'records')}
    begun = 1 if at == 'start' else 2
    assert found == {seed: Status.INTERRUPTED if seed < begun else Status.NOT_RUN for seed in range(4)}
    assert list((tmp_path / 'jobs').iterdir()) == []


@pytest.mark.parametrize('error', [OSError(28, 'No space left on device'), RuntimeError('a launcher broke')])
def test_whatever_ends_a_sweep_every_cell_has_its_record(tmp_path, monkeypatch, error):
    class Broken(Moody):
        def ended(self, wait_s):
            if len(self.jobs) == 2 and self.at:
                self.at = ''
                raise error
            return [(job, None) for job in self.jobs]

    monkeypatch.setattr(module, 'GRACE_S', 0.1)
    options = RunOptions(tmp_path, tmp_path / 'records')
    launcher = Broken(options, Needs(), options.jobs / 'own')
    launcher.at = 'once'
    with pytest.raises(type(error)):
        Scheduler(CellRunner(options, Reporter(Console(quiet=True), 4), {'argv': ['run.py']}), launcher).run(
            cells(tmp_path, ('launched_ok',), range(4)))
    found = {record.cell.seed: (record.status, record.reason) for record in load_records(tmp_path / 'records')}
    assert [found[seed][0] for seed in range(4)] == [Status.INTERRUPTED] * 2 + [Status.NOT_RUN] * 2
    assert str(error.args[-1]) in found[3][1]


def test_a_second_signal_hurries_and_loses_nothing(tmp_path):
    class Stubborn(Moody):
        asked = 0

        def ended(self, wait_s):
            self.asked += 1
            if self.asked in (1, 3):
                os.kill(os.getpid(), signal.SIGTERM)
            return [(job, None) for job in self.killed]

        def kill(self, job):
            self.killed.append(job)

    options = RunOptions(tmp_path, tmp_path / 'records')
    launcher = Stubborn(options, Needs(), options.jobs / 'own')
    launcher.at, launcher.killed = '', []
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), interrupts.listening():
        Scheduler(CellRunner(options, Reporter(Console(quiet=True), 4), {'argv': ['run.py']}), launcher).run(
            cells(tmp_path, ('launched_ok',), range(4)))
    assert time.monotonic() - began < module.GRACE_S / 2
    found = {record.cell.seed: record.status for record in load_records(tmp_path / 'records')}
    assert found == {seed: Status.INTERRUPTED if seed < 2 else Status.NOT_RUN for seed in range(4)}


def test_a_head_that_is_not_there_is_named_at_once():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        address = f'127.0.0.1:{free.getsockname()[1]}'
    with pytest.raises(LauncherError, match=f'--address {address}: no answer'):
        _check_address(address)
    for other in (None, 'auto', 'local'):
        _check_address(other)
