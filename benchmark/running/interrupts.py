"""SIGINT and SIGTERM become KeyboardInterrupt, and are remembered: libraries swallow exceptions.

yapf, for one, which mmengine calls to format a config, turns whatever is raised inside of it into a SyntaxError. So
whoever catches an error, or goes round a loop, asks `check` whether it was an interrupt.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_received = 0
_deferring = 0


def received() -> int:
    """How many signals to end have come since `listen` or `listening` began."""
    return _received


def check() -> None:
    """Raises KeyboardInterrupt if one has come, unless they are deferred now."""
    if _received and not _deferring:
        raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[None]:
    """Raises nothing inside the block, but after it: for a short piece of work that has to be whole.

    A mask of signals would not do: the kernel then gives a signal to another thread, and Python calls the handler in
    the main one all the same.
    """
    global _deferring
    _deferring += 1
    try:
        yield
    finally:
        _deferring -= 1
    check()


def listen() -> None:
    """Listens from now on, in a process that does nothing else; see `listening`."""
    global _received
    _received = 0
    for kind in _SIGNALS:
        signal.signal(kind, _interrupt)


@contextmanager
def listening() -> Iterator[None]:
    """Listens inside the block, and leaves things as they were: a notebook or a test goes on afterwards.

    A thread other than the main one cannot have a handler; there, signals do what they did.
    """
    global _received
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers, before = {kind: signal.getsignal(kind) for kind in _SIGNALS}, _received
    listen()
    _received = before if _interrupt in handlers.values() else 0  # of a block around this one
    try:
        yield
    finally:
        for kind, handler in handlers.items():
            if handler is not None:  # one that was not set from Python cannot be set again
                signal.signal(kind, handler)
        if _interrupt not in handlers.values():
            _received = 0  # whoever called has been told; what comes after has not been interrupted


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _received
    _received += 1
    if not _deferring:
        raise KeyboardInterrupt
