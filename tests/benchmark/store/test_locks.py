"""Locks between processes."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmark.store import locks
from benchmark.store.locks import Lock, is_alive, is_held, started_at

ROOT = Path(__file__).parents[3]
#: What a process does to hold a lock: one of ours, one of a library.
OURS = 'from pathlib import Path; from benchmark.store.locks import Lock; Lock(Path(sys.argv[1])).acquire()'
LEASE = 'from filelock import SoftFileLease; lock = SoftFileLease(sys.argv[1], lease_duration={}); lock.acquire()'


@pytest.fixture
def path(tmp_path):
    return tmp_path / '.seen-0.lock'


def owner(path, **changes):
    """Writes a lock as another process would have left it."""
    with Lock(path):
        content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))


def ended_process():
    process = subprocess.Popen(['true'])
    process.wait()
    return process.pid


def refuse(*_, **__):
    raise OSError(errno.EINVAL, 'Invalid argument')


@contextmanager
def struck(code, path, sign):
    """While a process that holds a lock is stopped, or was killed and has not been waited for."""
    script = f'import sys, time; {code}; print(flush=True); time.sleep(60)'
    with subprocess.Popen([sys.executable, '-c', script, path], cwd=ROOT, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(sign)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        yield
        process.kill()


def test_a_lock_exists_while_it_is_held_and_names_its_owner(path):
    with Lock(path):
        assert is_held(path) and json.loads(path.read_text())['pid'] == os.getpid()
        assert not Lock(path).acquire()
    assert not path.exists() and not is_held(path)


def test_a_second_one_waits_says_so_and_goes_on(path):
    said = []
    with Lock(path):
        waiting = threading.Thread(target=lambda: Lock(path, said.append).__enter__())
        waiting.start()
        time.sleep(0.6)
        assert waiting.is_alive()
    waiting.join(5)
    assert not waiting.is_alive() and is_held(path)
    assert len(said) == 1 and f'held by process {os.getpid()}' in said[0]


def test_the_lock_of_a_dead_process_is_taken_over(path):
    owner(path, pid=ended_process())
    said = []
    assert not is_held(path)
    with Lock(path, said.append):
        assert is_held(path)
    assert len(said) == 1 and 'dead' in said[0]


def test_a_process_that_got_the_number_of_the_owner_is_not_the_owner(path):
    owner(path, started=(started_at(os.getpid()) or 0) + 1)
    assert not is_held(path)


def test_an_owner_on_another_machine_is_judged_by_the_age_of_its_last_sign(path):
    owner(path, node='elsewhere', pid=ended_process())
    assert is_held(path)
    old = time.time() - locks.DEAD_AFTER_S - 1
    os.utime(path, (old, old))
    assert not is_held(path)


def test_a_lock_without_a_name_is_held_for_seconds_only(path):
    path.touch()
    assert is_held(path)
    old = time.time() - locks.UNNAMED_S - 1
    os.utime(path, (old, old))
    assert not is_held(path)


def test_who_was_taken_for_dead_does_not_free_the_lock_of_the_next(path):
    first = Lock(path)
    assert first.acquire()
    owner_now = {**json.loads(path.read_text()), 'since': 1.0}
    path.write_text(json.dumps(owner_now))
    first.release()
    assert json.loads(path.read_text()) == owner_now


def test_who_was_taken_for_dead_gives_no_sign_for_the_next(path, monkeypatch):
    monkeypatch.setattr(locks, 'BEAT_S', 0.01)
    with Lock(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), 'since': 1.0}))
        time.sleep(0.1)  # a sign that was on its way
        os.utime(path, (1, 1))
        time.sleep(0.1)
        assert path.stat().st_mtime == 1


def test_who_was_taken_for_dead_before_it_had_written_its_name_has_no_lock(path, monkeypatch):
    owner(path, since=1.0)
    of_the_next = path.read_text()
    path.unlink()

    def robbed(pid):
        path.unlink()
        path.write_text(of_the_next)
        return started_at(pid)

    monkeypatch.setattr(locks, 'started_at', robbed)
    assert not Lock(path).acquire() and path.read_text() == of_the_next


def test_who_cannot_read_its_own_lock_still_has_it(path, monkeypatch):
    monkeypatch.setattr(Path, 'read_text', refuse)
    assert Lock(path).acquire()


def test_a_killed_owner_is_followed_at_once_also_where_files_are_only_made_and_removed(path, monkeypatch):
    """NFS exchanges no names, other file systems have no hard links."""
    with struck(OURS, path, signal.SIGKILL):
        for name in ('rename', 'replace', 'link'):
            monkeypatch.setattr(os, name, refuse)
        assert Lock(path).acquire()


def test_an_owner_on_this_machine_that_is_stopped_for_long_keeps_its_lock(path):
    with struck(OURS, path, signal.SIGSTOP):
        os.utime(path, (1, 1))
        assert is_held(path) and not Lock(path).acquire()


def test_a_lease_of_filelock_outlives_a_killed_owner_and_is_taken_from_a_stopped_one(path):
    """Why locks of its own, docs/clusters.md; once this fails, the question is open again."""
    filelock = pytest.importorskip('filelock')  # which PyTorch needs
    with struck(LEASE.format(30), path, signal.SIGKILL), pytest.raises(filelock.Timeout):
        filelock.SoftFileLease(path, lease_duration=30).acquire(timeout=0.3)
    path.unlink()
    with struck(LEASE.format(0.5), path, signal.SIGSTOP):
        filelock.SoftFileLease(path, lease_duration=0.5, is_singleton=False).acquire(timeout=20)


def test_of_many_that_find_a_dead_owner_one_at_a_time_gets_the_lock(path):
    owner(path, pid=ended_process())
    inside, most = [], []

    def work(_):
        with Lock(path):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.002)
            inside.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert max(most) == 1 and len(most) == 40 and list(path.parent.iterdir()) == []


def test_processes_exclude_each_other(path, tmp_path):
    """Each adds 1 to a number in a file, fifty times, by reading and writing."""
    number = tmp_path / 'number'
    number.write_text('0')
    code = ('import sys, time; from pathlib import Path; from benchmark.store.locks import Lock\n'
            'for _ in range(50):\n'
            '    with Lock(Path(sys.argv[1])):\n'
            '        n = int(Path(sys.argv[2]).read_text())\n'
            '        time.sleep(0.0005)\n'
            '        Path(sys.argv[2]).write_text(str(n + 1))')
    processes = [subprocess.Popen([sys.executable, '-c', code, path, number], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert number.read_text() == '150'


def test_a_process_that_has_ended_and_not_been_waited_for_is_dead():
    process = subprocess.Popen(['true'])
    until = time.monotonic() + 5
    while started_at(process.pid) != -1 and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(process.pid, None)
    process.wait()


def test_one_sign_that_could_not_be_given_is_not_the_last(path, monkeypatch):
    monkeypatch.setattr(locks, 'BEAT_S', 0.01)
    calls, utime = [], os.utime

    def touch(*args):
        calls.append(args)
        if len(calls) == 1:
            raise OSError(errno.ESTALE, 'stale')
        utime(*args)

    monkeypatch.setattr(locks.os, 'utime', touch)
    with Lock(path):
        until = time.monotonic() + 10
        while len(calls) < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert len(calls) >= 3
