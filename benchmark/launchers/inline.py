"""``--launcher inline``: cells run in the driver's own process, one after the other; for a debugger."""

from __future__ import annotations

from types import MappingProxyType

from benchmark.launchers.base import LAUNCHERS, Job, Launcher, Loss, Refused
from benchmark.launchers.job import run_job


@LAUNCHERS.register_module(name='inline')
class InlineLauncher(Launcher):
    """Runs a job when it is started. What kills it kills the sweep."""

    takes = ()
    refuses = MappingProxyType({'timeout': '--launcher inline has no process that could be killed'})
    _ended: tuple[Job, Loss | None] | None = None

    def start(self, job: Job) -> None:
        """Runs the job, and lets the scheduler hear what it tells."""
        loss = None
        try:
            run_job(job.folder, self.listen)
        except Refused:
            raise
        except Exception as error:  # what a process of its own would end with
            loss = Loss(f'{type(error).__name__}: {" ".join(str(error).split())}')
        finally:
            self._ended = job, loss

    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """The job that `start` has run."""
        ended, self._ended = self._ended, None
        return [ended] if ended else []

    def kill(self, job: Job) -> None:
        """Nothing runs between two calls."""
