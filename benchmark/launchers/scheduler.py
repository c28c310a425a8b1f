"""The loop over cells: hands them to a launcher, follows them, and makes sure that each ends with a truthful record."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.launchers.base import Job, Launcher, Loss, Refused
from benchmark.launchers.events import EventReader
from benchmark.launchers.job import OUTPUT, write_job
from benchmark.planning.plan import Cell
from benchmark.planning.run_options import JOBS
from benchmark.records.files import Failure, Record, Status
from benchmark.records.provenance import program_sha256
from benchmark.running import interrupts
from benchmark.running.cell import CellRunner
from benchmark.store.locks import Lock, remove_abandoned

POLL_S = 0.1
#: A job that was interrupted may take so long to write that down.
GRACE_S = 20
#: A cell whose machine is lost is started again so often, whatever --retry says.
LOST_RETRIES = 3


@dataclass
class _Running:
    """One job on its way: what it has told, and since when its stage runs."""

    job: Job
    events: EventReader
    making: set[str]
    stage: str = ''
    since: float | None = None
    ended: bool = False
    reason: str = ''
    kind: str = ''


@dataclass
class Scheduler:
    """One run of the harness: cells in the order of the plan, as many at a time as the launcher has slots.

    A cell waits while another one makes a stage that it needs too, so that no slot waits for a lock.

    Args:
        runner (CellRunner): looks at records and writes those that no job can write; has the options of all jobs.
        launcher (Launcher): where jobs run. Its folder, one of those in that of the jobs of all sweeps, where what
            killed drivers left is removed, gets a folder for each job.
        plugins (list): files that jobs import first, each with its SHA-256.
    """

    runner: CellRunner
    launcher: Launcher
    plugins: list[tuple[Path, str]] = field(default_factory=list)
    _running: dict[str, _Running] = field(default_factory=dict)
    _results: dict[str, Record] = field(default_factory=dict)
    _attempts: dict[str, int] = field(default_factory=dict)
    _lost: dict[str, int] = field(default_factory=dict)
    _ended: list[tuple[Job, Loss | None]] = field(default_factory=list)
    _changed: bool = True

    def run(self, cells: Sequence[Cell]) -> list[Record]:
        """Runs all cells; one that fails takes no other down.

        Returns:
            list[Record]: one per cell, in the order of `cells`; with `fail_fast`, those not begun are ``not_run``.

        Raises:
            KeyboardInterrupt: after all jobs have ended and every cell has its record.
            Refused: likewise; a job would have computed with other code, or cannot use its device.
        """
        self.launcher.listen = self._follow
        self.runner.clean()
        jobs = self.launcher.folder
        clean_jobs(jobs.parent)
        with Lock(jobs.with_name(f'{jobs.name}.lock')):
            return self._run(cells)

    def _run(self, cells: Sequence[Cell]) -> list[Record]:
        waiting = {cell.file_name: cell for cell in cells}
        try:
            for name, cell in list(waiting.items()):
                record = self.runner.skipped(cell) if cell.skip else self.runner.finished(cell)
                if record is not None:
                    self._results[name] = record
                    del waiting[name]
            while waiting or self._running:
                interrupts.check()
                self._start(waiting)
                self._ended += self.launcher.ended(POLL_S)
                self._follow()
                while self._ended:
                    self._settle(*self._ended[0], waiting)
                    del self._ended[0]
                self._kill_late()
                if self.runner.options.fail_fast and any(r.status is Status.FAILED for r in self._results.values()):
                    self._not_run(waiting, 'an earlier cell failed, and --fail-fast starts nothing after that')
        except BaseException as error:
            # Whatever it is, a second signal included: jobs are ended in order, and every cell gets its record.
            with contextlib.suppress(KeyboardInterrupt), interrupts.deferred():
                self._abandon(waiting, error)
            raise
        finally:
            self.launcher.close()
            self.runner.clean()
            shutil.rmtree(self.launcher.folder, ignore_errors=True)
        return [self._results[cell.file_name] for cell in cells]

    def _start(self, waiting: dict[str, Cell]) -> None:
        """Fills free slots with cells that need no stage which is being made.

        Looking at all that wait is worth it only if a stage or a cell has ended since.
        """
        if not self._changed:
            return
        making = set().union(*(running.making for running in self._running.values()))
        for name, cell in list(waiting.items()):
            if len(self._running) >= self.launcher.slots:
                return
            missing = self.runner.missing(cell)
            if making & missing:
                continue
            del waiting[name]
            making |= missing
            job = self._job(cell)
            self._running[name] = _Running(job, EventReader(job.folder), missing)
            try:
                write_job(job)
                self.launcher.start(job)
            except BaseException:
                if not self._running[name].stage:  # it has not begun
                    del self._running[name]
                    waiting[name] = cell
                raise
        self._changed = False

    def _job(self, cell: Cell) -> Job:
        attempt = self._attempts[cell.file_name] = self._attempts.get(cell.file_name, 0) + 1
        keys = {node.key for node in cell.nodes}
        return Job(cell, self.launcher.folder / f'{Path(cell.file_name).stem}-{uuid.uuid4().hex[:6]}',
                   self.runner.options, program_sha256(), self.runner.source, self.plugins, self.runner.made & keys,
                   {key: why for key, why in self.runner.failed.items() if key in keys}, attempt)

    def _follow(self) -> None:
        """Passes on what jobs tell."""
        for running in self._running.values():
            self._follow_one(running)

    def _follow_one(self, running: _Running) -> None:
        for kind, *content in running.events.new():
            self._event(running, kind, content)

    def _kill_late(self) -> None:
        """Kills jobs whose stage takes too long."""
        limit = self.runner.options.timeout
        for running in self._running.values():
            late = limit is not None and running.since is not None and time.monotonic() - running.since > limit
            if late and not running.reason:
                running.kind = 'timeout'
                running.reason = f'stage {running.stage} ran longer than {limit:g} s (--timeout)'
                self.launcher.kill(running.job)

    def _event(self, running: _Running, kind: str, content: Iterable[Any]) -> None:
        if kind == 'refused':
            raise Refused(content[0])
        if kind == 'ended':
            running.ended, running.since = True, None
        elif kind == 'started':
            running.stage = 'start'
        else:
            if kind == 'stage_started':
                # It may come after one that another sweep has made.
                self._changed, running.stage, running.since = True, content[1], time.monotonic()
            elif kind == 'stage_finished':
                self._changed, running.since = True, None  # what follows may be waiting for another sweep's stage
                self.runner.made.update(node.key for node in running.job.cell.nodes if node.name == content[1])
            getattr(self.runner.reporter, kind)(*content)

    def _settle(self, job: Job, loss: Loss | None, waiting: dict[str, Cell]) -> None:
        """Takes the record of a job that has ended, or writes it for one that was lost; decides on another attempt."""
        name, self._changed = job.cell.file_name, True
        running = self._running[name]
        if running.ended:
            record = self.runner.read(job.cell)
        else:
            reason = running.reason or (loss and loss.reason) or _last_line(job.folder) or (
                'its process ended without a word, as when the disk is full')
            record = self.runner.lost(job.cell, running.kind or 'killed', reason, running.stage, job.attempt)
        del self._running[name]
        self.runner.reporter.stage_ended(job.cell.label)
        shutil.rmtree(job.folder, ignore_errors=True)
        if record.status is Status.FAILED and self._again(name, record, loss):
            self.runner.reporter.line(f'{job.cell.label}: attempt {job.attempt} failed ({record.reason}); again')
            waiting[name] = job.cell
            return
        self.runner.settle(job.cell, record)
        self._results[name] = record

    def _again(self, name: str, record: Record, loss: Loss | None) -> bool:
        """Whether a failed cell gets another attempt."""
        if record.failure in (Failure.ACCESS, Failure.UPSTREAM):  # it would end the same
            return False
        if loss and loss.machine and self._lost.get(name, 0) < LOST_RETRIES:
            self._lost[name] = self._lost.get(name, 0) + 1
            return True
        return self._attempts[name] - self._lost.get(name, 0) <= self.runner.options.retry

    def _abandon(self, waiting: dict[str, Cell], error: BaseException) -> None:
        """Ends all jobs and writes down what was not run, and why."""
        reason = f'the sweep ended: {type(error).__name__}: {" ".join(str(error).split())}'
        if isinstance(error, KeyboardInterrupt):
            reason = 'the sweep was interrupted'
        elif isinstance(error, Refused):
            waiting |= {name: running.job.cell for name, running in self._running.items() if not running.stage}
            reason = 'its process could not do what it was started for'
        with contextlib.suppress(OSError):  # a disk that is full, say, which is what the first error tells
            self._interrupt()
        for name in list(waiting):
            with contextlib.suppress(OSError):
                self._not_run({name: waiting.pop(name)}, reason)

    def _interrupt(self) -> None:
        """Ends all jobs: first asks, then kills; does not wait for ever for one that its launcher no longer knows.

        Whoever sends another signal meanwhile will not wait.
        """
        asked = interrupts.received()
        gone = {job.cell.file_name for job, _ in self._ended}
        for name, running in self._running.items():
            if name not in gone:
                self.launcher.interrupt(running.job)
        began = time.monotonic()
        while self._running:
            waited = time.monotonic() - began
            for name, running in self._running.items():
                if (waited > GRACE_S or interrupts.received() > asked) and name not in gone:
                    self.launcher.kill(running.job)
            gone |= {job.cell.file_name for job, _ in self.launcher.ended(POLL_S)}
            for name in gone & self._running.keys() if waited < 3 * GRACE_S else list(self._running):
                running = self._running.pop(name)
                with contextlib.suppress(Refused):
                    self._follow_one(running)
                if not running.ended:
                    self.runner.interrupted(running.job.cell)
                shutil.rmtree(running.job.folder, ignore_errors=True)

    def _not_run(self, waiting: dict[str, Cell], reason: str) -> None:
        """Writes down what was asked for and not begun."""
        for name, cell in waiting.items():
            self._results[name] = self.runner.not_run(cell, reason)
        waiting.clear()


def clean_jobs(folder: Path) -> None:
    """Removes the files of drivers that were killed."""
    if folder.name != JOBS:
        raise ValueError(f'{folder} is not a folder of jobs')
    remove_abandoned(folder.glob('*'))


def _last_line(folder: Path) -> str:
    """The last thing that a process printed, for one that ended before it could write a record."""
    try:
        lines = (folder / OUTPUT).read_text(encoding='utf-8', errors='replace').split('\n')
    except OSError:
        return ''
    return next((line.strip() for line in reversed(lines) if line.strip()), '')
