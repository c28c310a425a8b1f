"""``--launcher serial`` and ``local``: every cell in a process of its own on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.launchers.base import LAUNCHERS, Job, Launcher, LauncherError, Loss
from benchmark.launchers.job import Order
from benchmark.launchers.leases import Lease, gpu_slots
from benchmark.launchers.server import Server, ServerError
from benchmark.planning.plan import Needs
from benchmark.planning.run_options import RunOptions
from benchmark.store.locks import is_alive, started_at

#: Variables by which libraries limit their threads; they read them when they are loaded.
THREADS = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')


@dataclass
class _Running:
    """A job, the process that runs it, when that began, whose child it is, and the slot of a GPU that it holds."""

    job: Job
    pid: int
    began: object
    server: int
    lease: Lease | None


@LAUNCHERS.register_module(name='local')
class LocalLauncher(Launcher):
    """Runs each job in a process forked from a server that has loaded everything and computed nothing.

    On a GPU, a process whose job has ended well takes the next one: starting CUDA, and loading its libraries' code for
    every new size of image, cost more there than many a cell.

    As many jobs at a time as there are slots of GPUs, or as cores and memory allow. A job on a GPU holds the lease of
    one of its slots, which no other sweep on this machine can have.
    """

    def __init__(self, options: RunOptions, needs: Needs, folder: Path) -> None:
        super().__init__(options, needs, folder)
        self.leases = gpu_slots(options.workers, needs, self.cores) if self.gpus else []
        self.workers = options.workers or len(self.leases) or fitting(self.cores, needs.memory_gib)
        self.server = Server(options.device, folder, dict.fromkeys(THREADS, str(options.threads)))
        self._next: Lease | None = None
        self._running: dict[str, _Running] = {}
        self._lost: list[tuple[Job, Loss]] = []

    @property
    def slots(self) -> int:
        """Jobs that may run now: on GPUs, those that run and one more if some slot is free on this machine."""
        if not self.leases or len(self._running) >= self.workers:
            return self.workers
        if self._next is None:
            self._next = next((lease for lease in self.leases if lease.take()), None)
        return len(self._running) + (self._next is not None)

    def start(self, job: Job) -> None:
        """Has a process take the job."""
        lease, self._next = self._next, None
        driver, gpu = (os.getpid(), started_at(os.getpid())), ','.join(lease.gpus) if lease else None

        def began(pid: int) -> None:
            self._running[job.cell.file_name] = _Running(job, pid, started_at(pid), self.server.generation, lease)

        try:
            self.server.run(Order(str(job.folder), driver, gpu, stay=bool(self.leases)), began)
        except ServerError as error:
            self._lost.append((job, Loss(str(error))))
        finally:
            if lease and job.cell.file_name not in self._running:
                lease.free()

    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """Waits for a job to end."""
        self._free_next()
        found, self._lost = self._lost, []
        ends = self.server.ended(0 if found else wait_s)
        if ends is None:
            time.sleep(0 if found else wait_s)
        # A server that was killed leaves processes that go on, and nobody hears how they end.
        orphans = [name for name, one in self._running.items() if ends is None or one.server < self.server.generation]
        found += [(self._forget(name).job, None) for name in orphans
                  if not is_alive(self._running[name].pid, self._running[name].began)]
        names = {str(one.job.folder): name for name, one in self._running.items()}
        for end in ends or ():
            if (name := names.get(end.folder)) is not None:
                running = self._forget(name)
                if end.gone:
                    _kill_group(running.pid)  # what it may have left: data workers, torchrun
                found.append((running.job, _loss(end.code)))
        return found

    def _forget(self, name: str) -> _Running:
        running = self._running.pop(name)
        if running.lease:
            running.lease.free()
        return running

    def kill(self, job: Job) -> None:
        """Kills the process and all that it started."""
        if running := self._running.get(job.cell.file_name):
            _kill_group(running.pid)
            _signal(running, signal.SIGKILL)

    def interrupt(self, job: Job) -> None:
        """Sends SIGTERM, on which the job writes its record and ends."""
        if running := self._running.get(job.cell.file_name):
            _signal(running, signal.SIGTERM)

    def _free_next(self) -> None:
        """Gives back a slot that no cell could use after all."""
        if self._next:
            self._next.free()
            self._next = None

    def close(self) -> None:
        """Kills what still runs."""
        self._free_next()
        for name, running in list(self._running.items()):
            self.kill(running.job)
            self._forget(name)
        self.server.close()


@LAUNCHERS.register_module(name='serial')
class SerialLauncher(LocalLauncher):
    """One cell after the other."""

    def __init__(self, options: RunOptions, needs: Needs, folder: Path) -> None:
        if options.workers not in (None, 1):
            raise LauncherError('--launcher serial runs one cell at a time; --launcher local has --workers')
        super().__init__(replace(options, workers=1), needs, folder)


def fitting(cores: int, memory_gib: float) -> int:
    """Cells that this machine can run at a time.

    Args:
        cores (int): of a cell, among those that this process may use.
        memory_gib (float): what a cell takes, of the memory of the machine or of the container this process is in.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return max(1, min(usable // cores, int(_memory_bytes() / 2**30 / memory_gib)))


def _memory_bytes() -> int:
    """Memory of this machine, or of the container this process is in."""
    found = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    for limit in ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'):
        with contextlib.suppress(OSError, ValueError):  # absent, or "max"
            found = min(found, int(Path(limit).read_text(encoding='ascii')))
    return found


def _signal(running: _Running, kind: signal.Signals) -> None:
    if is_alive(running.pid, running.began):  # a number may by now be another process's
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(running.pid, kind)


def _kill_group(pid: int) -> None:
    # It may be gone with all its children, or have no group of its own yet.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _loss(code: int) -> Loss | None:
    """How a process ended, if it was killed."""
    if code >= 0:
        return None
    name = signal.Signals(-code).name
    return Loss(f'its process was killed ({name}{", as when memory runs out" if name == "SIGKILL" else ""})')
