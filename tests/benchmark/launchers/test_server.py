"""The server that forks the processes of jobs; it and they are started for real."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from launching import cells

from benchmark import ROOT
from benchmark.launchers import server as module
from benchmark.launchers.base import Job
from benchmark.launchers.events import EVENTS
from benchmark.launchers.job import OUTPUT, Order, write_job
from benchmark.launchers.server import Server, ServerError
from benchmark.planning.run_options import RunOptions
from benchmark.records.provenance import program_sha256
from benchmark.store.locks import is_alive, started_at
from zs_methods.plugins import imported_files


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    built = Server('cpu', tmp_path_factory.mktemp('server'), {'OMP_NUM_THREADS': '1'})
    yield built
    built.close()


def orders(folder, methods, gpu=None, stay=True):
    """Jobs of toys, ready to be handed out."""
    driver, found = (os.getpid(), started_at(os.getpid())), []
    for number, cell in enumerate(cells(folder, methods, (0,))):
        job = Job(cell, folder / f'job{number}', RunOptions(folder / 'work', folder / 'records'), program_sha256(),
                  {'argv': []}, imported_files())
        write_job(job)
        found.append(Order(str(job.folder), driver, gpu, stay))
    return found


def wait(server, count=1):
    """The next ends of jobs."""
    ends, until = [], time.monotonic() + 60
    while len(ends) < count:
        ends += server.ended(0.2)
        assert time.monotonic() < until
    return ends


def told(order):
    """Kinds of the events of a job."""
    return [json.loads(line)[0] for line in (Path(order.folder) / EVENTS).read_text().splitlines()]


def test_a_process_that_is_to_stay_takes_the_next_job_and_each_prints_into_its_own_folder(server, tmp_path):
    first, second = orders(tmp_path, ('launched_ok', 'launched_more'))
    pid = server.run(first)
    [end] = wait(server)
    assert (end.folder, end.code, end.gone) == (first.folder, 0, False)
    assert server.run(second) == pid
    assert wait(server)[0].folder == second.folder
    assert told(first)[-1] == told(second)[-1] == 'ended'
    assert all((Path(order.folder) / OUTPUT).is_file() for order in (first, second))


def test_a_process_takes_jobs_of_its_own_gpu_only(server, tmp_path):
    first, second, third = orders(tmp_path, ('launched_ok', 'launched_more', 'launched_slow'), gpu='0')
    pid = server.run(first)
    wait(server)
    assert server.run(replace(second, gpu='1')) != pid
    assert server.run(third) == pid
    wait(server, 2)


def test_a_job_that_failed_ends_its_process_since_nobody_knows_what_it_left(server, tmp_path):
    failing, other = orders(tmp_path, ('launched_fail', 'launched_ok'))
    pid = server.run(failing)
    [end] = wait(server)
    assert (end.code, end.gone) == (0, True)
    assert server.run(other) != pid
    assert not wait(server)[0].gone


def test_how_a_killed_process_ended_is_told(server, tmp_path):
    [order] = orders(tmp_path, ('launched_killed',))
    server.run(order)
    [end] = wait(server)
    assert (end.code, end.gone) == (-signal.SIGKILL, True)


def test_a_server_that_was_killed_is_started_again_and_processes_without_work_end_with_it(tmp_path):
    server = Server('cpu', tmp_path, {})
    first, second = orders(tmp_path, ('launched_ok', 'launched_more'))
    pid = server.run(first)
    began = started_at(pid)
    wait(server)
    server._process.kill()
    server._process.wait()
    assert server.run(second) != pid
    assert wait(server)[0].folder == second.folder
    until = time.monotonic() + 10
    while is_alive(pid, began):
        assert time.monotonic() < until
        time.sleep(0.05)
    server.close()


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    broken = tmp_path / 'broken.py'
    broken.write_text("raise ImportError('no such thing here')\n")
    monkeypatch.setattr(module, 'WORKER', broken)
    with pytest.raises(ServerError, match='ended, again and again: ImportError: no such thing here'):
        Server('cpu', tmp_path, {}).run(Order('nowhere', (os.getpid(), None)))


@pytest.mark.slow
def test_where_forked_processes_could_not_use_cuda_each_loads_everything_itself(tmp_path, monkeypatch):
    door = tmp_path / 'door.py'  # the real one, on a machine where PyTorch would mark forked processes
    door.write_text(
        f'import sys\nsys.path.insert(0, {str(ROOT)!r})\n'
        'from pathlib import Path\nfrom benchmark.launchers import server, worker\n'
        'server._children_are_marked, server.WORKER = lambda: True, Path(__file__)\n'
        'server._fork = None\n'
        'sys.exit(worker.main(sys.argv[1:]))\n')
    monkeypatch.setattr(module, 'WORKER', door)
    server = Server('cuda', tmp_path, {})
    first, second = orders(tmp_path, ('launched_ok', 'launched_more'))
    pid = server.run(first)
    assert not wait(server)[0].gone
    assert server.run(second) == pid
    assert wait(server)[0].code == 0 and told(second)[-1] == 'ended'
    assert str(door).encode() in Path(f'/proc/{pid}/cmdline').read_bytes()
    server.close()


def test_the_interpreter_that_runs_jobs_is_this_one(server, tmp_path):
    [order] = orders(tmp_path, ('launched_ok',), gpu='exe')
    pid = server.run(order)
    assert os.readlink(f'/proc/{pid}/exe') == os.path.realpath(sys.executable)
    wait(server)
