"""What a job tells its driver: lines of JSON in a file, which any file system carries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

EVENTS = 'events.jsonl'
#: Steps are told at most so often.
STEP_EVERY_S = 0.5


class EventWriter:
    """Takes the place of the `Reporter` in a job's process.

    Args:
        folder (Path): the job's folder.
        told (Callable): called after each event, where the driver is in this process.
    """

    def __init__(self, folder: Path, told: Callable[[], None] = lambda: None) -> None:
        self._listen = told
        self.file = open(folder / EVENTS, 'a', buffering=1, encoding='utf-8')  # noqa: SIM115  open as long as the job
        self._told = 0.0

    def tell(self, kind: str, *content: Any) -> None:
        """Writes one event."""
        self.file.write(json.dumps([kind, *content]) + '\n')
        self._listen()

    def line(self, text: str) -> None:
        """A line for the user."""
        self.tell('line', text)

    def stage_started(self, cell: str, stage: str) -> None:
        """A stage begins to run."""
        self.tell('stage_started', cell, stage)

    def step(self, cell: str, done: int, total: int) -> None:
        """Iterations of the current stage."""
        now = time.monotonic()
        if done == total or now - self._told >= STEP_EVERY_S:
            self._told = now
            self.tell('step', cell, done, total)

    def stage_finished(self, cell: str, stage: str, seconds: float) -> None:
        """A stage ended well."""
        self.tell('stage_finished', cell, stage, seconds)

    def stage_ended(self, cell: str) -> None:
        """A stage ended, in whatever way."""
        self.tell('stage_ended', cell)


class EventReader:
    """Reads what a job has told since the last look.

    Args:
        folder (Path): the job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path, self.at = folder / EVENTS, 0

    def new(self) -> Iterator[list[Any]]:
        """Yields events; half a line, and what is no event, is left for later or for nobody."""
        try:
            with open(self.path, 'rb') as file:
                file.seek(self.at)
                content = file.read()
        except FileNotFoundError:
            return
        complete = content[:content.rfind(b'\n') + 1]
        self.at += len(complete)
        for line in complete.splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # a machine that went down in the middle of it
                continue
