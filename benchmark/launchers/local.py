"""``--launcher serial`` and ``local``: every cell in a process of its own on this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmark.launchers.base import LAUNCHERS, Job, Launcher, LauncherError, Loss, Settings
from benchmark.launchers.job import become_worker, run_job
from benchmark.launchers.leases import Lease, gpu_slots
from benchmark.locks import started_at

#: What every cell needs: loaded once, by a server whose children begin with it.
PRELOAD = ['benchmark.launchers.preload']
#: Times the server is started before the cell counts as lost.
SERVER_STARTS = 3


@LAUNCHERS.register_module(name='local')
class LocalLauncher(Launcher):
    """Forks a process for each job from a server that has loaded everything and computed nothing.

    As many jobs at a time as there are GPUs, or as cores and memory allow. A job on a GPU holds the lease of one of its
    slots, which no other sweep on this machine can have.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.leases = gpu_slots(settings.workers, settings.gpus) if settings.gpus else []
        self.workers = settings.workers or len(self.leases) or fitting(settings.cores)
        self._next: Lease | None = None
        # The server inherits the limits; libraries read them when they are loaded.
        for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
            os.environ[name] = str(settings.threads)
        self.context = multiprocessing.get_context('forkserver')
        self.context.set_forkserver_preload(PRELOAD)
        self._running: dict[str, tuple[Job, BaseProcess, Lease | None]] = {}
        self._lost: list[Job] = []

    @property
    def slots(self) -> int:
        """Jobs that may run now: on GPUs, those that run and one more if some slot is free on this machine."""
        if not self.leases or len(self._running) >= self.workers:
            return self.workers
        if self._next is None:
            self._next = next((lease for lease in self.leases if lease.take()), None)
        return len(self._running) + (self._next is not None)

    def start(self, job: Job) -> None:
        """Forks."""
        lease, self._next = self._next, None
        driver = os.getpid(), started_at(os.getpid())
        process = None
        try:
            process = self._fork(job.folder, ','.join(lease.gpus) if lease else None, driver)
        finally:
            if lease and not process:
                lease.free()
        if process:
            self._running[job.cell.file_name] = job, process, lease
        else:
            self._lost.append(job)

    def _fork(self, *about: object) -> BaseProcess | None:
        """Starts a process; the server that makes it may have been killed, and is then started anew."""
        for _ in range(SERVER_STARTS):
            process = self.context.Process(target=work, args=about)
            try:
                process.start()
                return process
            except (EOFError, ConnectionError):
                time.sleep(1)  # until its end is noticed
        return None

    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """Waits for a process to end."""
        self._free_next()
        connection.wait([process.sentinel for _, process, _ in self._running.values()], 0 if self._lost else wait_s)
        found = [(job, Loss('the server that starts processes was killed, again and again')) for job in self._lost]
        self._lost.clear()
        for name, (job, process, lease) in list(self._running.items()):
            if process.exitcode is None:
                continue
            del self._running[name]
            _kill_group(process.pid)  # what it may have left: data workers, torchrun
            if lease:
                lease.free()
            found.append((job, _loss(process.exitcode)))
        return found

    def kill(self, job: Job) -> None:
        """Kills the process and all that it started."""
        if running := self._running.get(job.cell.file_name):
            _kill_group(running[1].pid)
            running[1].kill()

    def interrupt(self, job: Job) -> None:
        """Sends SIGTERM, on which the job writes its record and ends."""
        if running := self._running.get(job.cell.file_name):
            running[1].terminate()

    def _free_next(self) -> None:
        """Gives back a slot that no cell could use after all."""
        if self._next:
            self._next.free()
            self._next = None

    def close(self) -> None:
        """Kills what still runs."""
        self._free_next()
        for job, process, lease in self._running.values():
            self.kill(job)
            process.join()
            if lease:
                lease.free()
        self._running.clear()


@LAUNCHERS.register_module(name='serial')
class SerialLauncher(LocalLauncher):
    """One cell after the other, each in its own process."""

    def __init__(self, settings: Settings) -> None:
        if settings.workers not in (None, 1):
            raise LauncherError('--launcher serial runs one cell at a time; --launcher local has --workers')
        super().__init__(Settings(**{**vars(settings), 'workers': 1}))


def fitting(cores: int) -> int:
    """Cells that this machine can run at a time: by the cores it may use, and by 2 GiB of memory for each."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return max(1, min(usable // cores, _memory_bytes() // 2**31))


def _memory_bytes() -> int:
    """Memory of this machine, or of the container this process is in."""
    found = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    for limit in ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'):
        with contextlib.suppress(OSError, ValueError):  # absent, or "max"
            found = min(found, int(Path(limit).read_text()))
    return found


def work(folder: Path, gpu: str | None, driver: tuple[int, object]) -> None:
    """The life of a job's process."""
    if gpu is not None:
        os.environ['CUDA_VISIBLE_DEVICES'] = gpu  # nothing has used CUDA in this process yet
    become_worker(folder, driver)
    try:
        run_job(folder)
    except KeyboardInterrupt:
        os._exit(130)  # its record is written


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
