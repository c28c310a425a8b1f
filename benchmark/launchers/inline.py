"""``--launcher inline``: cells run in the driver's own process, one after the other; for a debugger."""

from __future__ import annotations

from benchmark.launchers.base import LAUNCHERS, Job, Launcher, Loss, Settings
from benchmark.running.cell import Sweep


@LAUNCHERS.register_module(name='inline')
class InlineLauncher(Launcher):
    """Runs a job when it is started. No time-out can end it, and what kills it kills the sweep."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.sweep: Sweep | None = None  # set by the scheduler, whose reporter it shares
        self._ended: list[tuple[Job, Loss | None]] = []

    def start(self, job: Job) -> None:
        """Runs the job."""
        self.sweep.run_cell(job.cell, job.attempt)
        self._ended.append((job, None))

    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """The job that `start` has run."""
        ended, self._ended = self._ended, []
        return ended

    def kill(self, job: Job) -> None:
        """Nothing runs between two calls."""
