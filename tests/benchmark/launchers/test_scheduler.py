"""Tests of the scheduler with a launcher whose jobs end, or not, as the test says."""

from __future__ import annotations

import socket

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


def test_a_head_that_is_not_there_is_named_at_once():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        address = f'127.0.0.1:{free.getsockname()[1]}'
    with pytest.raises(LauncherError, match=f'--address {address}: no answer'):
        _check_address(address)
    for other in (None, 'auto', 'local'):
        _check_address(other)
