"""The interface of a launcher: it starts cells somewhere, tells which have ended, and can kill one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.registry import Registry

from benchmark.planning.plan import Cell, Needs
from benchmark.planning.run_options import RunOptions

LAUNCHERS = Registry('launcher', scope='benchmark', locations=['benchmark.launchers.registered'])


class LauncherError(Exception):
    """A launcher cannot start: a missing package, an address without an answer, a wrong option."""


class Refused(Exception):
    """A job cannot do what it was started for, and no other one could; nothing was computed."""


@dataclass(frozen=True)
class Loss:
    """How the process of a job was lost.

    Attributes:
        reason (str): in words; a stage's name may follow.
        machine (bool): it went down with its machine, which is no fault of the cell.
    """

    reason: str
    machine: bool = False


@dataclass
class Job:
    """One attempt at one cell: all that another process needs, as plain data.

    Attributes:
        cell (Cell): what to run.
        folder (Path): for the job's own files: what it tells the driver, what it prints.
        options (RunOptions): how.
        program (str): hash of the driver's program, see `benchmark.records.provenance.program_sha256`.
        source (dict): provenance of the sweep, see `CellRunner`, like `made` and `failed`.
        plugins (list): files to import first, each with its SHA-256.
        made (set[str]): keys of stages this sweep has made.
        failed (dict[str, str]): keys of stages this sweep has seen fail, and how.
        attempt (int): 1 for the first.
    """

    cell: Cell
    folder: Path
    options: RunOptions
    program: str
    source: dict[str, Any]
    plugins: list[tuple[Path, str]] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    attempt: int = 1


class Launcher(ABC):
    """Starts jobs, up to `slots` at a time; the scheduler does the rest.

    A job that has begun writes its cell's record itself. The record is the truth; a launcher only tells that a process
    is gone.

    Args:
        options (RunOptions): how cells are run.
        needs (Needs): the most that one of them takes.
        folder (Path): for files of the launcher's; on a disk that all machines see.

    Raises:
        LauncherError: it cannot start, or an option of somebody else's is given.
    """

    #: Jobs that may run at a time.
    slots: int = 1
    #: Which of the options that not every launcher can follow it takes.
    takes: tuple[str, ...] = ('timeout',)
    #: Why it takes another one not, where there is more to say.
    refuses: Mapping[str, str] = {}

    def __init__(self, options: RunOptions, needs: Needs, folder: Path) -> None:
        for name in ('address', 'launcher_options', 'timeout'):
            if getattr(options, name) and name not in self.takes:
                raise LauncherError(f'--{name.replace("_", "-")}: {self.refuses.get(name, "this launcher takes none")}')
        self.options, self.needs, self.folder = options, needs, folder
        #: Has the scheduler hear what running jobs have told; for launchers that compute in its own process.
        self.listen: Callable[[], None] = lambda: None

    @property
    def cores(self) -> int:
        """CPU cores of a cell."""
        return self.options.threads * self.needs.processes

    @property
    def gpus(self) -> int:
        """GPUs of a cell."""
        return self.needs.processes if self.options.device == 'cuda' else 0

    @abstractmethod
    def start(self, job: Job) -> None:
        """Starts a job and returns at once."""

    @abstractmethod
    def ended(self, wait_s: float) -> list[tuple[Job, Loss | None]]:
        """Waits up to `wait_s` for jobs to end.

        Returns:
            list: the jobs that have ended since the last call, each with how its process was lost; None if it ended
            by itself, well or not.
        """

    @abstractmethod
    def kill(self, job: Job) -> None:
        """Ends a job's processes at once; `ended` then tells of it. Does nothing for one that has ended."""

    def interrupt(self, job: Job) -> None:
        """Asks a job to write down that it was interrupted, and to end; kills it by default."""
        self.kill(job)

    def close(self) -> None:  # noqa: B027  most hold nothing
        """Frees what the launcher holds; no job runs any more."""


def launcher_names() -> list[str]:
    """All registered launchers."""
    LAUNCHERS.import_from_location()
    return sorted(LAUNCHERS.module_dict)


def build_launcher(options: RunOptions, needs: Needs, folder: Path) -> Launcher:
    """Builds the launcher that the options name; see `Launcher`."""
    return LAUNCHERS.get(options.launcher)(options, needs, folder)
