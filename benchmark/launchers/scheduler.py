"""Hands cells to a launcher, follows them, and makes sure that every one ends with a truthful record."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark import interrupts
from benchmark.launchers.base import Job, Launcher, Loss, Refused
from benchmark.launchers.events import EventReader
from benchmark.launchers.inline import InlineLauncher
from benchmark.launchers.job import OUTPUT, write_job
from benchmark.planning.plan import Cell
from benchmark.records.files import Failure, Record, Status
from benchmark.records.provenance import program_sha256
from benchmark.running.cell import Sweep
from benchmark.store.locks import Lock, remove_abandoned

#: Name of the folder of all jobs.
JOBS = 'jobs'
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
        sweep (Sweep): looks at records and writes those that no job can write.
        launcher (Launcher): where jobs run.
        jobs (Path): an own folder in that of the jobs of all sweeps, ``<work dir>/jobs``, where what killed drivers
            left is removed; on a disk that all machines see.
        plugins (list): files that jobs import first, each with its SHA-256.
        threads (int): CPU threads of a job.
        deterministic (bool): see `benchmark.launchers.job.set_up`.
        retry (int): further attempts at a cell that failed.
        timeout (float, optional): seconds that one stage may take.
        fail_fast (bool): start nothing after the first failure.
    """

    sweep: Sweep
    launcher: Launcher
    jobs: Path
    plugins: list[tuple[Path, str]] = field(default_factory=list)
    threads: int = 1
    retry: int = 0
    timeout: float | None = None
    fail_fast: bool = False
    deterministic: bool = False
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
        if isinstance(self.launcher, InlineLauncher):
            self.launcher.sweep = self.sweep
        self.sweep.clean()
        clean_jobs(self.jobs.parent)
        with Lock(self.jobs.with_name(f'{self.jobs.name}.lock')):
            return self._run(cells)

    def _run(self, cells: Sequence[Cell]) -> list[Record]:
        waiting: dict[str, Cell] = {}
        for cell in cells:
            record = self.sweep.skipped(cell) if cell.skip else self.sweep.finished(cell)
            if record is None:
                waiting[cell.file_name] = cell
            else:
                self._results[cell.file_name] = record
        try:
            while waiting or self._running:
                interrupts.check()
                self._start(waiting)
                self._ended += self.launcher.ended(POLL_S)
                self._follow()
                while self._ended:
                    self._settle(*self._ended[0], waiting)
                    del self._ended[0]
                self._kill_late()
                if self.fail_fast and any(r.status is Status.FAILED for r in self._results.values()):
                    self._not_run(waiting, 'an earlier cell failed, and --fail-fast starts nothing after that')
        except KeyboardInterrupt:
            self._interrupt()
            self._not_run(waiting, 'the sweep was interrupted')
            raise
        except Refused:
            waiting |= {name: running.job.cell for name, running in self._running.items() if not running.stage}
            self._interrupt()
            self._not_run(waiting, 'its process could not do what it was started for')
            raise
        finally:
            self.launcher.close()
            self.sweep.clean()
            shutil.rmtree(self.jobs, ignore_errors=True)
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
            missing = self.sweep.missing(cell)
            if making & missing:
                continue
            del waiting[name]
            making |= missing
            job = self._job(cell)
            self._running[name] = _Running(job, EventReader(job.folder), missing)
            try:
                if not isinstance(self.launcher, InlineLauncher):
                    write_job(job)
                self.launcher.start(job)
            except BaseException:
                del self._running[name]
                if not isinstance(self.launcher, InlineLauncher):  # there, its record is written
                    waiting[name] = cell
                raise
        self._changed = False

    def _job(self, cell: Cell) -> Job:
        attempt = self._attempts[cell.file_name] = self._attempts.get(cell.file_name, 0) + 1
        keys = {node.key for node in cell.nodes}
        return Job(cell=cell, folder=self.jobs / f'{Path(cell.file_name).stem}-{uuid.uuid4().hex[:6]}',
                   store=self.sweep.store.root, records=self.sweep.records, device=str(self.sweep.device),
                   threads=self.threads, program=program_sha256(), source=self.sweep.source, plugins=self.plugins,
                   force=self.sweep.force, made=self.sweep.made & keys, attempt=attempt,
                   checkpoint_every=self.sweep.checkpoint_every, deterministic=self.deterministic,
                   failed={key: why for key, why in self.sweep.failed.items() if key in keys})

    def _follow(self) -> None:
        """Passes on what jobs tell."""
        for running in self._running.values():
            self._follow_one(running)

    def _follow_one(self, running: _Running) -> None:
        for kind, *content in running.events.new():
            self._event(running, kind, content)

    def _kill_late(self) -> None:
        """Kills jobs whose stage takes too long."""
        for running in self._running.values():
            late = self.timeout is not None and running.since is not None and (
                time.monotonic() - running.since > self.timeout)
            if late and not running.reason:
                running.kind, running.reason = 'timeout', (
                    f'stage {running.stage} ran longer than {self.timeout:g} s (--timeout)')
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
                self.sweep.made.update(node.key for node in running.job.cell.nodes if node.name == content[1])
            getattr(self.sweep.reporter, kind)(*content)

    def _settle(self, job: Job, loss: Loss | None, waiting: dict[str, Cell]) -> None:
        """Takes the record of a job that has ended, or writes it for one that was lost; decides on another attempt."""
        name, self._changed = job.cell.file_name, True
        running = self._running[name]
        if isinstance(self.launcher, InlineLauncher) or running.ended:
            record = self.sweep.read(job.cell)
        else:
            reason = running.reason or (loss and loss.reason) or _last_line(job.folder) or (
                'its process ended without a word, as when the disk is full')
            record = self.sweep.lost(job.cell, running.kind or 'killed', reason, running.stage, job.attempt)
        del self._running[name]
        self.sweep.reporter.stage_ended(job.cell.label)
        shutil.rmtree(job.folder, ignore_errors=True)
        if record.status is Status.FAILED and self._again(name, record, loss):
            self.sweep.reporter.line(f'{job.cell.label}: attempt {job.attempt} failed ({record.reason}); again')
            waiting[name] = job.cell
            return
        self.sweep.settle(job.cell, record)
        self._results[name] = record

    def _again(self, name: str, record: Record, loss: Loss | None) -> bool:
        """Whether a failed cell gets another attempt."""
        if record.failure in (Failure.ACCESS, Failure.UPSTREAM):  # it would end the same
            return False
        if loss and loss.machine and self._lost.get(name, 0) < LOST_RETRIES:
            self._lost[name] = self._lost.get(name, 0) + 1
            return True
        return self._attempts[name] - self._lost.get(name, 0) <= self.retry

    def _interrupt(self) -> None:
        """Ends all jobs: first asks, then kills; does not wait for ever for one that its launcher no longer knows."""
        gone = {job.cell.file_name for job, _ in self._ended}
        for name, running in self._running.items():
            if name not in gone:
                self.launcher.interrupt(running.job)
        began = time.monotonic()
        while self._running:
            waited = time.monotonic() - began
            for name, running in self._running.items():
                if waited > GRACE_S and name not in gone:
                    self.launcher.kill(running.job)
            gone |= {job.cell.file_name for job, _ in self.launcher.ended(POLL_S)}
            for name in gone & self._running.keys() if waited < 3 * GRACE_S else list(self._running):
                running = self._running.pop(name)
                with contextlib.suppress(Refused):
                    self._follow_one(running)
                if not running.ended:
                    self.sweep.interrupted(running.job.cell)
                shutil.rmtree(running.job.folder, ignore_errors=True)

    def _not_run(self, waiting: dict[str, Cell], reason: str) -> None:
        """Writes down what was asked for and not begun."""
        for name, cell in waiting.items():
            self._results[name] = self.sweep.not_run(cell, reason)
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
