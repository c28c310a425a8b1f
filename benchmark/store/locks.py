"""Locks as files, with owner and age, on any file system that several processes or machines share."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from zs_methods.engine.processes import is_alive, started_at

#: A live owner touches its lock this often; one on another machine is dead after so long without.
BEAT_S, DEAD_AFTER_S = 15, 120
#: An owner writes its name right after making the file; after so long, it has died in between.
UNNAMED_S = 5


class Lock:
    """A file that exists while its owner works; used as a context manager.

    An owner on this machine is alive if its process is; one elsewhere if it has touched the file lately, since no
    process of another machine can be asked. A dead owner's lock is taken over.

    Args:
        path (Path): the file; its folder is made.
        say (Callable): takes one line when the lock has to be waited for, or is taken over.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = lambda line: None) -> None:
        self.path, self.say = path, say
        self._owner: dict[str, Any] = {}
        self._stop = threading.Event()

    def __enter__(self) -> Lock:
        """Waits until the lock is free or its owner is dead."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        pause, said = 0.02, False
        while not self.acquire():
            if not said and pause > 0.1:
                said = True
                self.say(f'waiting for {describe(self.path)}')
            time.sleep(pause)
            pause = min(2 * pause, 1.0)
        return self

    def __exit__(self, *_: object) -> None:
        """Frees the lock."""
        self.release()

    def release(self) -> None:
        """Frees the lock, unless this owner was taken for dead and another one has it."""
        self._stop.set()
        if _read(self.path) == self._owner:
            self.path.unlink(missing_ok=True)

    def acquire(self) -> bool:
        """Takes the lock if it is free or its owner dead; does not wait."""
        try:
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return _remove_stale(self.path, self.say) and self.acquire()
        self._owner = {**machine(), 'pid': os.getpid(), 'started': started_at(os.getpid()), 'since': time.time()}
        with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
            json.dump(self._owner, file)
        if self._is_robbed():  # it was stopped before this, for so long that it was taken for dead
            return False
        # A thread, since the owner is busy; a daemon, since the lock must not outlive it.
        threading.Thread(target=self._beat, daemon=True).start()
        return True

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_S):
            if self._is_robbed():
                return
            with contextlib.suppress(OSError):  # a network file system that does not answer now may do so next time
                os.utime(self.path)

    def _is_robbed(self) -> bool:
        """Whether this owner was taken for dead; a file that cannot be read now says nothing of that."""
        try:
            return json.loads(self.path.read_text(encoding='utf-8')) != self._owner
        except (FileNotFoundError, ValueError):  # gone, or the next owner's without its name
            return True
        except OSError:
            return False


def is_held(path: Path) -> bool:
    """Whether a living owner holds the lock."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return False
    owner = _read(path)
    if not owner:
        return age < UNNAMED_S
    if {key: owner[key] for key in machine()} == machine():
        return is_alive(owner['pid'], owner['started'])
    return age < DEAD_AFTER_S


def remove_abandoned(paths: Iterable[Path]) -> None:
    """Removes folders with their locks, ``<folder>.lock``, unless a living owner holds the lock."""
    for path in paths:
        lock = path if path.suffix == '.lock' else path.with_name(f'{path.name}.lock')
        if not is_held(lock):
            lock.unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)


def describe(path: Path) -> str:
    """Name, owner and age of a lock, in words."""
    owner = _read(path)
    if not owner:
        return path.name
    age = time.time() - owner['since']
    return f'{path.name}, held by process {owner["pid"]} on {owner["node"]} for {age:.0f} s'


def _read(path: Path) -> dict[str, Any]:
    """What the owner wrote; nothing if it has not yet, or is gone."""
    try:
        owner = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
    complete = isinstance(owner, dict) and {*machine(), 'pid', 'started', 'since'} <= owner.keys()
    return owner if complete else {}


def _remove_stale(path: Path, say: Callable[[str], None]) -> bool:
    """Removes the lock of a dead owner; whether it is worth trying again at once.

    Several may find the same dead owner: only who holds a second file, the guard, removes; so no lock taken meanwhile
    can be removed for the one that was there before.
    """
    if is_held(path):
        return False
    guard = path.with_name(f'{path.name}.guard')
    try:
        os.close(os.open(guard, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        try:
            if time.time() - guard.stat().st_mtime > UNNAMED_S:  # holding it takes milliseconds
                guard.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        return False
    try:
        if path.exists() and not is_held(path):
            say(f'the owner of {describe(path)} is dead; its work is taken over')
            path.unlink(missing_ok=True)
        return not path.exists()
    finally:
        guard.unlink(missing_ok=True)


@cache
def machine() -> dict[str, str]:
    """What tells one set of process numbers from another: the machine, its boot, the container's process table."""
    def text(read: Callable[[], str]) -> str:
        try:
            return read().strip()
        except OSError:
            return ''

    return {'node': platform.node(), 'boot': text(Path('/proc/sys/kernel/random/boot_id').read_text),
            'processes': text(lambda: os.readlink('/proc/self/ns/pid'))}
