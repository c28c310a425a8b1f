"""The interface of a launcher: it starts cells somewhere, tells which have ended, and can kill one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.registry import Registry

from benchmark.planning.plan import Cell

LAUNCHERS = Registry('launcher', scope='benchmark', locations=['benchmark.launchers.registered'])


class LauncherError(Exception):
    """A launcher cannot start: a missing package, an address without an answer, a wrong option."""


class Refused(Exception):
    """A job cannot do what it was started for, and no other one could; nothing was computed."""


@dataclass(frozen=True)
class Settings:
    """What all launchers are told.

    Attributes:
        workers (int, optional): cells at a time; the launcher's own choice by default.
        threads (int): CPU threads of a process.
        device (str): ``cpu`` or ``cuda``.
        processes (int): processes of a cell, which torchrun starts; on CUDA as many GPUs.
        memory_gib (float): what a cell is expected to take of the machine's memory.
        gpu_gib (float): what a cell takes of a GPU's memory; infinite if unknown, which keeps a GPU for each.
        address (str, optional): of a cluster.
        options (Mapping): the launcher's own, from ``--launcher-options``.
        folder (Path): for files of the launcher's; on a disk that all machines see.
    """

    workers: int | None
    threads: int
    device: str
    folder: Path
    processes: int = 1
    memory_gib: float = 2.0
    gpu_gib: float = math.inf
    address: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cores(self) -> int:
        """CPU cores of a cell."""
        return self.threads * self.processes

    @property
    def gpus(self) -> int:
        """GPUs of a cell."""
        return self.processes if self.device == 'cuda' else 0


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
        store, records (Path): folders of artifacts and records.
        device (str): ``cpu`` or ``cuda``; which GPU is the launcher's choice.
        threads (int): CPU threads.
        program (str): hash of the driver's program, see `benchmark.records.provenance.program_sha256`.
        deterministic (bool): see `benchmark.launchers.job.set_up`.
        source (dict): provenance of the sweep, see `Sweep`.
        plugins (list): files to import first, each with its SHA-256.
        force (bool): see `Sweep`, like `made` and `failed`.
        made (set[str]): keys of stages this sweep has made.
        failed (dict[str, str]): keys of stages this sweep has seen fail, and how.
        attempt (int): 1 for the first.
        checkpoint_every (int, optional): iterations between checkpoints, instead of a minute.
    """

    cell: Cell
    folder: Path
    store: Path
    records: Path
    device: str
    threads: int
    program: str
    source: dict[str, Any]
    plugins: list[tuple[Path, str]] = field(default_factory=list)
    force: bool = False
    made: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    attempt: int = 1
    checkpoint_every: int | None = None
    deterministic: bool = False


class Launcher(ABC):
    """Starts jobs, up to `slots` at a time; the scheduler does the rest.

    A job that has begun writes its cell's record itself. The record is the truth; a launcher only tells that a process
    is gone.

    Args:
        settings (Settings): what all launchers are told.

    Raises:
        LauncherError: it cannot start.
    """

    #: Jobs that may run at a time.
    slots: int = 1
    #: Which of ``--address`` and ``--launcher-options`` it takes.
    takes: tuple[str, ...] = ()

    def __init__(self, settings: Settings) -> None:
        for name, option in (('address', '--address'), ('options', '--launcher-options')):
            if getattr(settings, name) and name not in self.takes:
                raise LauncherError(f'{option}: this launcher takes none')
        self.settings = settings

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


def build_launcher(name: str, settings: Settings) -> Launcher:
    """Builds a launcher by its name.

    Raises:
        LauncherError: it cannot start.
    """
    return LAUNCHERS.get(name)(settings)
