"""How cells are run: where, when, with how much of a machine, and where what they leave is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.errors import UsageError, check_least
from benchmark.planning.words import items

#: Name of the folder of all jobs.
JOBS = 'jobs'
#: Least value of each number.
LEAST = {'workers': 1, 'threads': 1, 'retry': 0, 'timeout': 0.0, 'checkpoint_every': 1}


@dataclass(frozen=True)
class RunOptions:
    """Nothing here names a number of a table; `threads`, `device` and `deterministic` may change its last digits.

    Attributes:
        work_dir (Path): folder of the artifacts and of all that runs leave for later ones.
        records (Path): folder of the records.
        device (str): ``cpu`` or ``cuda``; which GPU is the launcher's choice.
        launcher (str): a registered one.
        workers (int, optional): cells at a time; the launcher's own choice by default.
        threads (int): CPU threads of a process.
        deterministic (bool): makes CUDA repeat itself exactly, or say which operation cannot.
        address (str, optional): of a cluster.
        launcher_options (Mapping): the launcher's own.
        retry (int): further attempts at a cell that failed.
        timeout (float, optional): seconds that one stage may take.
        checkpoint_every (int, optional): iterations between checkpoints inside a stage, instead of a minute.
        force (bool): run every requested stage once, whatever is there.
        fail_fast (bool): start nothing after the first failure.
        monitor (Mapping, optional): what watches trainings, see `zs_methods.engine.monitor.read_monitor`.

    Raises:
        UsageError: a number is below its least value.
    """

    work_dir: Path
    records: Path
    device: str = 'cpu'
    launcher: str = 'local'
    workers: int | None = None
    threads: int = 1
    deterministic: bool = False
    address: str | None = None
    launcher_options: Mapping[str, Any] = field(default_factory=dict)
    retry: int = 0
    timeout: float | None = None
    checkpoint_every: int | None = None
    force: bool = False
    fail_fast: bool = False
    monitor: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Checks the numbers."""
        check_least(self, LEAST)

    @property
    def artifacts(self) -> Path:
        """Folder of the artifacts."""
        return self.work_dir / 'artifacts'

    @property
    def jobs(self) -> Path:
        """Folder of what running jobs leave for their drivers."""
        return self.work_dir / JOBS

    def absolute(self) -> RunOptions:
        """The same, whatever the current folder of another process is."""
        return replace(self, work_dir=self.work_dir.absolute(), records=self.records.absolute())


def monitor_of(text: str) -> dict[str, Any] | None:
    """What watches trainings, named as after ``--monitor``; None for nothing.

    Raises:
        UsageError: there is no such back-end or file.
    """
    if not text:
        return None
    from zs_methods.engine.monitor import read_monitor
    try:
        return read_monitor(items(text))
    except ValueError as error:
        raise UsageError(f'--monitor: {error}') from None
