"""``--launcher ray``: cells as tasks of a Ray cluster whose machines share the file system."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark import ROOT
from benchmark.launchers.base import LAUNCHERS, Job, Launcher, LauncherError, Loss
from benchmark.planning.plan import Needs
from benchmark.planning.run_options import RunOptions
from benchmark.surroundings import arithmetic


@LAUNCHERS.register_module(name='ray')
class RayLauncher(Launcher):
    """One Ray Core task per cell, with ``num_cpus`` and, on CUDA, ``num_gpus``.

    Ray decides which machine runs a task. It retries nothing: whether a cell runs again is the scheduler's decision,
    whose truth is the record on disk. ``--address auto`` joins the cluster that this machine belongs to; without an
    address, Ray starts on this machine for the time of the sweep. ``--launcher-options`` go to ``ray.init``.
    """

    takes = ('address', 'launcher_options', 'timeout')

    def __init__(self, options: RunOptions, needs: Needs, folder: Path) -> None:
        super().__init__(options, needs, folder)
        # Ray's workers import the program from where the driver has it.
        paths = [str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
        threads = {name: str(options.threads) for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')}
        try:
            import ray
        except ImportError:
            raise LauncherError("--launcher ray needs Ray: pip install -e '.[ray]' -c constraints.txt") from None
        self.ray = ray
        _check_address(options.address)
        settings = {'include_dashboard': False, 'log_to_driver': False, 'logging_level': 'error',
                    **options.launcher_options}
        if options.address:
            settings.pop('include_dashboard')
        try:
            with _own_signals(), _at(ROOT):  # Ray puts the current folder on its workers' import path
                ray.init(address=options.address or 'local', runtime_env={
                    'env_vars': {'PYTHONPATH': os.pathsep.join(paths), **threads, **arithmetic(own=False)}}, **settings)
        except Exception as error:  # Ray's own, connection errors, wrong options: all of them mean no cluster
            raise LauncherError(f'--launcher ray: {_first_line(error)}') from error
        # The function travels as code: by name, a worker would import the module, from wherever it finds one.
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        self.task = ray.remote(num_cpus=self.cores, num_gpus=self.gpus, max_retries=0)(_task)
        if not self._fitting():
            total = ray.cluster_resources()
            ray.shutdown()
            raise LauncherError(f'--launcher ray: the cluster has {total.get("CPU", 0):g} CPUs and '
                                f'{total.get("GPU", 0):g} GPUs, a cell needs {self.cores} and {self.gpus}')
        self._running: dict[str, tuple[Job, object]] = {}

    @property
    def slots(self) -> int:
        """Cells at a time; a cluster may grow and shrink while it works."""
        return self.options.workers or max(1, self._fitting())

    def _fitting(self) -> int:
        total = self.ray.cluster_resources()
        return int(total.get('GPU', 0) // self.gpus if self.gpus else total.get('CPU', 0) // self.cores)

    def start(self, job: Job) -> None:
        """Submits the task."""
        self._running[job.cell.file_name] = job, self.task.remote(str(ROOT), os.getcwd(), str(job.folder))

    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """Waits for a task to end."""
        by_reference = {reference: job for job, reference in self._running.values()}
        if not by_reference:
            return []
        ready, _ = self.ray.wait(list(by_reference), num_returns=1, timeout=wait_s)
        if ready:
            ready, _ = self.ray.wait(list(by_reference), num_returns=len(by_reference), timeout=0)
        return [(self._forget(by_reference[reference]), self._loss(reference)) for reference in ready]

    def kill(self, job: Job) -> None:
        """Kills the worker that runs the task."""
        self._cancel(job, force=True)

    def interrupt(self, job: Job) -> None:
        """Raises KeyboardInterrupt in the task."""
        self._cancel(job, force=False)

    def _cancel(self, job: Job, force: bool) -> None:
        if running := self._running.get(job.cell.file_name):
            self.ray.cancel(running[1], force=force)

    def close(self) -> None:
        """Leaves the cluster; a Ray that was started for the sweep ends."""
        for job, _ in self._running.values():
            self.kill(job)
        self._running.clear()
        self.ray.shutdown()

    def _forget(self, job: Job) -> Job:
        del self._running[job.cell.file_name]
        return job

    def _loss(self, reference: object) -> Loss | None:
        """How a task was lost, if it was."""
        errors = self.ray.exceptions
        try:
            self.ray.get(reference)
        except errors.TaskCancelledError:
            return Loss('its task was cancelled')
        except errors.RayTaskError as error:  # the job could not even begin
            return Loss(f'its job broke ({_first_line(error.cause or error)})')
        except errors.RayError as error:
            machine = isinstance(error, errors.NodeDiedError)
            return Loss(f'Ray lost its {"machine" if machine else "process"} ({type(error).__name__})', machine)
        return None


def _task(root: str, current: str, folder: str) -> None:
    """Runs in a Ray worker, which goes on to run other cells of this driver."""
    import os
    import sys
    if sys.path[0] != root:
        sys.path.insert(0, root)
    os.chdir(current)  # relative paths mean the same as for the driver
    from pathlib import Path

    from benchmark.launchers.job import run_job
    from benchmark.running import interrupts
    with interrupts.listening():
        run_job(Path(folder))


@contextmanager
def _own_signals() -> Iterator[None]:
    """Puts the handler of SIGTERM back, in the place of which Ray sets one that ends this process at once."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _at(folder: Path) -> Iterator[None]:
    """Makes another folder the current one inside the block."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _check_address(address: str | None) -> None:
    """Ray itself tries for a quarter of an hour to reach a head that is not there."""
    host, _, port = (address or '').removeprefix('ray://').rpartition(':')
    if not (host and port.isdecimal()):
        return  # "auto", "local", or for Ray to judge
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise LauncherError(f'--address {address}: no answer ({error.strerror or error})') from None


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
