"""A process that has loaded everything, and from which those that run cells are forked.

Python has such a server of its own, in `multiprocessing`. That one begins with the current folder on its import path
whatever it is told, runs a script without ``__main__`` guard a second time, and keeps its socket in a folder whose path
may be too long; this one is a script of this checkout (`benchmark.launchers.worker`) at the other end of a pair of
sockets.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from benchmark.launchers.job import Order, live
from benchmark.running import interrupts

WORKER = Path(__file__).with_name('worker.py')
#: Times the server is started before a cell counts as lost.
STARTS = 3
#: It answers in milliseconds, unless it has been stopped.
ANSWER_S = 30
#: What the server's own process prints, in the folder of the jobs.
LOG = 'server.log'


class ServerError(Exception):
    """The server cannot be had; the message says why."""


class Server:
    """The driver's end: orders jobs and hears of their ends.

    Args:
        device (str): ``cpu`` or ``cuda``.
        folder (Path): for what the server prints.
        environment (Mapping): variables besides those of this process.
    """

    def __init__(self, device: str, folder: Path, environment: Mapping[str, str]) -> None:
        self._device, self._folder = device, folder
        # Asked through NVML, PyTorch does not mark the process whose children then cannot use CUDA.
        self._environment = {**environment, 'PYTORCH_NVML_BASED_CUDA_CHECK': '1'}
        self._process: subprocess.Popen | None = None
        self._channel: Connection | None = None
        self._ends: list[End] = []
        #: How many servers there have been; what an earlier one has started, this one hears nothing of.
        self.generation = 0

    def run(self, order: Order, began: Callable[[int], None] = lambda pid: None) -> int:
        """Has a job run; starts the server if need be.

        Args:
            order (Order): the job.
            began (Callable): told the process, before an interrupt can come in between.

        Returns:
            int: the process that runs it.

        Raises:
            ServerError: the server ended `STARTS` times before it could do so.
        """
        for _ in range(STARTS):
            try:
                self._start()
                with interrupts.deferred():  # or nobody would know of the process
                    self._channel.send(order)
                    while isinstance(message := self._hear(), End):
                        self._ends.append(message)
                    began(message)
                return message
            except (EOFError, OSError):
                self.close()
        raise ServerError(f'the server that starts processes ended, again and again{self._last_line()}')

    def ended(self, wait_s: float) -> list[End] | None:
        """The jobs that have ended since the last call; None if the server is gone, and with it all that it knew.

        Args:
            wait_s (float): waits so long for one.
        """
        if not self._channel:
            return None
        try:
            while self._channel.poll(0 if self._ends else wait_s):
                self._ends.append(self._channel.recv())
        except (EOFError, OSError):
            self.close()
            return None
        ends, self._ends = self._ends, []
        return ends

    def close(self) -> None:
        """Ends the server and the processes that wait for work; those that work go on."""
        if self._channel:
            self._channel.close()
            self._channel = None
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
            self._process = None

    def _hear(self) -> Any:
        if not self._channel.poll(ANSWER_S):
            raise EOFError
        return self._channel.recv()

    def _start(self) -> None:
        if self._channel:
            return
        mine, its = socket.socketpair()
        self._folder.mkdir(parents=True, exist_ok=True)
        with its, open(self._folder / LOG, 'ab') as log:
            self._process = subprocess.Popen(
                [sys.executable, str(WORKER), '--serve', str(its.fileno()), self._device], pass_fds=[its.fileno()],
                env={**os.environ, **self._environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)  # Ctrl-C reaches the driver alone, which then ends its jobs in order
        self._channel, self.generation = Connection(mine.detach()), self.generation + 1
        try:
            self._channel.recv()  # it has loaded everything
        except BaseException:
            self.close()
            raise

    def _last_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._folder / LOG).read_text(encoding='utf-8', errors='replace').splitlines()
            return next((f': {line.strip()}' for line in reversed(lines) if line.strip()), '')
        return ''


@dataclass(frozen=True)
class End:
    """The end of a job.

    Attributes:
        folder (str): the job's.
        code (int): of its process; minus the number of a signal that killed it.
        gone (bool): whether the process has ended, rather than waits for another job.
    """

    folder: str
    code: int = 0
    gone: bool = False


@dataclass
class _Worker:
    """A process that runs jobs: its number and this end of its channel, the GPU it has, the job it is busy with."""

    pid: int
    channel: Connection
    gpu: str | None
    folder: str | None = None


def serve(descriptor: int, device: str) -> None:
    """The server's life: takes orders until the driver is gone.

    Args:
        descriptor (int): of the socket to the driver.
        device (str): ``cpu`` or ``cuda``.
    """
    import benchmark.launchers.preload  # noqa: F401  what every job needs, loaded once

    os.set_inheritable(descriptor, False)
    driver = Connection(descriptor)
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Where children could not use CUDA, they load everything themselves.
    start = _execute if device == 'cuda' and _children_are_marked() else _fork
    workers: list[_Worker] = []
    driver.send('ready')
    while True:
        for ready in wait([driver, ended, *(worker.channel for worker in workers)]):
            if ready is driver:
                try:
                    order: Order = driver.recv()
                except (EOFError, ConnectionError):
                    return  # workers without a job see that their channel is closed, those with one watch the driver
                driver.send(_hand_out(order, workers, start, driver))
            elif ready is ended:
                with contextlib.suppress(BlockingIOError):
                    os.read(ended, 4096)
                _bury(workers, driver)
            else:  # unless it was buried just now
                for worker in [worker for worker in workers if worker.channel is ready]:
                    _take_back(worker, driver)


def _hand_out(order: Order, workers: list[_Worker], start: Any, driver: Connection) -> int:
    """Gives a job to a process that waits for one on the same GPU, or to a new one; returns the process."""
    for worker in workers:
        if worker.folder is None and worker.gpu == order.gpu:
            with contextlib.suppress(OSError):  # it is just ending
                worker.channel.send(order)
                worker.folder = order.folder
                return worker.pid
    here, there = socket.socketpair()
    channel = Connection(here.detach())
    channel.send(order)  # fits into the socket's buffer
    with there:
        worker = _Worker(start(there.fileno(), order, [driver, channel, *(other.channel for other in workers)]),
                         channel, order.gpu, order.folder)
    workers.append(worker)
    return worker.pid


def _fork(descriptor: int, order: Order, others: list[Connection]) -> int:
    """Forks a process that begins with all that is loaded here."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in others:
            other.close()
        live(descriptor)
        code = 0
    except KeyboardInterrupt:
        code = 130  # the cell's record is written
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)  # not through the server's own stack


def _execute(descriptor: int, order: Order, others: list[Connection]) -> int:
    """Starts a process that loads everything itself."""
    return os.posix_spawn(sys.executable, [sys.executable, str(WORKER), '--live', '3'], os.environ,
                          file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, 3)])


def _children_are_marked() -> bool:
    """Whether PyTorch holds that children of this process cannot use CUDA."""
    import torch

    pid = os.fork()
    if not pid:
        os._exit(torch.cuda._is_in_bad_fork())
    return os.waitpid(pid, 0)[1] != 0


def _bury(workers: list[_Worker], driver: Connection) -> None:
    """Takes notice of processes that have ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        worker = next((worker for worker in workers if worker.pid == pid), None)
        if worker is None:
            continue
        workers.remove(worker)
        worker.channel.close()
        if worker.folder is not None:
            driver.send(End(worker.folder, os.waitstatus_to_exitcode(status), gone=True))


def _take_back(worker: _Worker, driver: Connection) -> None:
    """Hears from a process that its job has ended well, and that it waits for another one."""
    try:
        worker.channel.recv()
    except (EOFError, ConnectionError):
        time.sleep(0.001)  # it has ended, which the kernel is about to tell
        return
    folder, worker.folder = worker.folder, None
    driver.send(End(folder))
