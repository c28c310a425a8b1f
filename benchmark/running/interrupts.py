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
_received = False


def check() -> None:
    """Raises KeyboardInterrupt if a signal to end has come since `listen` or `listening` began."""
    if _received:
        raise KeyboardInterrupt


def listen() -> None:
    """Listens from now on, in a process that does nothing else; see `listening`."""
    global _received
    _received = False
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
    before, _received_before = {kind: signal.getsignal(kind) for kind in _SIGNALS}, _received
    listen()
    try:
        yield
    finally:
        _received = _received_before
        for kind, handler in before.items():
            if handler is not None:  # one that was not set from Python cannot be set again
                signal.signal(kind, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _received
    _received = True
    raise KeyboardInterrupt
