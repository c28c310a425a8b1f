"""``--launcher slurm``: cells as Slurm jobs, through submitit."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.launchers.base import LAUNCHERS, Job, Launcher, LauncherError, Loss
from benchmark.launchers.server import WORKER
from benchmark.planning.plan import Needs
from benchmark.planning.run_options import RunOptions

#: Cells that wait in Slurm's queue or run; more only burden its controller.
QUEUED = 64
#: States of a job that its machine is to blame for, or whoever took it.
MACHINE = ('NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL', 'REVOKED')
#: Seconds that a cancelled job may take to end.
CANCEL_S = 30
#: Slurm's accounting is asked at most so often.
ASK_EVERY_S = {'slurm': 15.0, 'local': 0.1, 'debug': 0.0}


@LAUNCHERS.register_module(name='slurm')
class SlurmLauncher(Launcher):
    """Submits each cell as a job of its own; a job that has begun goes on when the driver is gone.

    ``--launcher-options`` go to submitit's executor: ``slurm_partition=gpu timeout_min=600``, say; ``cluster=local``
    runs the same jobs as processes on this machine. `QUEUED` jobs at a time, or ``--workers``.
    """

    takes = ('launcher_options', 'timeout')

    def __init__(self, options: RunOptions, needs: Needs, folder: Path) -> None:
        super().__init__(options, needs, folder)
        try:
            import submitit
        except ImportError:
            raise LauncherError("--launcher slurm needs submitit: pip install -e '.[slurm]' -c constraints.txt") \
                from None
        self.command = submitit.helpers.CommandFunction
        settings = dict(options.launcher_options)
        self.cluster = settings.pop('cluster', 'slurm')
        self.slots = options.workers or QUEUED
        try:
            self.executor = submitit.AutoExecutor(folder=folder / 'submitit', cluster=self.cluster)
            self.executor.update_parameters(**{
                'name': 'zs', 'cpus_per_task': self.cores, 'gpus_per_node': self.gpus, 'timeout_min': 24 * 60,
                **settings})
        except Exception as error:  # submitit's own assertions, missing sbatch, unknown options
            raise LauncherError(f'--launcher slurm: {_one_line(error)}') from error
        self._running: dict[str, tuple[Job, object]] = {}
        self._killed: dict[str, float] = {}  # since when
        self._asked = 0.0

    def start(self, job: Job) -> None:
        """Submits a command, which finds its code by its own path."""
        command = self.command([sys.executable, str(WORKER), str(Path(job.folder).absolute())], verbose=False)
        with _safe_path():
            try:
                submitted = self.executor.submit(command)
            except Exception as error:  # sbatch refuses, for instance since there may be no more jobs
                raise LauncherError(f'--launcher slurm: {_one_line(error)}') from error
        self._running[job.cell.file_name] = job, submitted

    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """Looks at the jobs' results, and now and then asks Slurm for those without one."""
        time.sleep(wait_s)
        force = time.monotonic() - self._asked >= ASK_EVERY_S.get(self.cluster, 15.0)
        if force:
            self._asked = time.monotonic()
        found = []
        for name, (job, submitted) in list(self._running.items()):
            gone = time.monotonic() - self._killed.get(name, math.inf) > CANCEL_S
            done = submitted.done(force_check=force)
            force = False  # Slurm tells of all jobs at once
            if gone or done:
                del self._running[name]
                found.append((job, self._loss(name, submitted)))
        return found

    def kill(self, job: Job) -> None:
        """Cancels the job."""
        name = job.cell.file_name
        if name in self._running and name not in self._killed:
            self._running[name][1].cancel(check=False)
            self._killed[name] = time.monotonic()

    def close(self) -> None:
        """Cancels what still runs."""
        for _, submitted in self._running.values():
            submitted.cancel(check=False)
        self._running.clear()

    def _loss(self, name: str, submitted: object) -> Loss | None:
        """How a job was lost, if it was."""
        if self._killed.pop(name, None):
            return Loss('its job was cancelled')
        try:
            error = submitted.exception()
        except Exception as failure:  # submitit cannot even tell
            error = failure
        state = str(submitted.state)
        return None if error is None else Loss(f'its job left no result ({state})', state.startswith(MACHINE))


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keeps the current folder off the import path of submitit's own processes, which inherit the environment."""
    before = os.environ.get('PYTHONSAFEPATH')
    os.environ['PYTHONSAFEPATH'] = '1'
    try:
        yield
    finally:
        if before is None:
            del os.environ['PYTHONSAFEPATH']
        else:
            os.environ['PYTHONSAFEPATH'] = before


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__
