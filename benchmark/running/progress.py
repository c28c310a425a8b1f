"""Live progress: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

#: Without bars, a long stage says at this interval how far it is.
PLAIN_EVERY_S = 30


@dataclass
class _Stage:
    """A stage that runs: its title, when it began and last said how far it is, its bar."""

    title: str
    started: float
    bar: TaskID | None
    said: float = 0.0

    def __post_init__(self) -> None:
        self.said = self.started


class Reporter:
    """What the sweep tells the user; used as a context manager.

    Args:
        console (Console): where to; bars appear only if it is a terminal.
        cells (int): number of cells in the sweep.
    """

    def __init__(self, console: Console, cells: int) -> None:
        self.console, self.cells, self.done = console, cells, 0
        self.live = Progress(
            TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TimeRemainingColumn(), console=console, transient=True) if console.is_terminal else None
        self._sweep: TaskID | None = None
        self._stages: dict[str, _Stage] = {}

    def __enter__(self) -> Reporter:
        """Shows the bars."""
        if self.live:
            self.live.start()
            self._sweep = self.live.add_task('cells', total=self.cells)
        return self

    def __exit__(self, *_: object) -> None:
        """Removes the bars."""
        if self.live:
            self.live.stop()

    def line(self, text: str) -> None:
        """Prints one line above the bars."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def stage_started(self, cell: str, stage: str) -> None:
        """A stage begins to run."""
        self.stage_ended(cell)
        title = f'{cell}: {stage}'
        self._stages[cell] = _Stage(title, time.monotonic(), self.live and self.live.add_task(title, total=None))

    def step(self, cell: str, done: int, total: int) -> None:
        """Iterations of a cell's current stage."""
        stage, now = self._stages.get(cell), time.monotonic()
        if stage is None:
            return
        if self.live:
            self.live.update(stage.bar, completed=done, total=total)
        elif now - stage.said >= PLAIN_EVERY_S:
            stage.said = now
            left = (now - stage.started) / max(done, 1) * (total - done)
            self.line(f'[{self.done + 1}/{self.cells}] {stage.title} {done}/{total}, about {left:.0f} s left')

    def stage_finished(self, cell: str, stage: str, seconds: float) -> None:
        """A stage ended well."""
        self.stage_ended(cell)
        self.line(f'[{self.done + 1}/{self.cells}] {cell}: {stage} {seconds:.1f} s')

    def stage_ended(self, cell: str) -> None:
        """Removes the bar of a cell's stage, however the stage ended."""
        stage = self._stages.pop(cell, None)
        if stage and self.live:
            self.live.remove_task(stage.bar)

    def cell_finished(self, cell: str, outcome: str) -> None:
        """A cell has its record."""
        self.done += 1
        self.line(f'[{self.done}/{self.cells}] {cell}: {outcome}')
        if self.live:
            self.live.update(self._sweep, completed=self.done)
