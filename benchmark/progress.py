"""Live progress: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

#: Without bars, a long stage says at this interval how far it is.
PLAIN_EVERY_S = 30


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
        self._sweep = self._stage = None
        self._title, self._started, self._said = '', 0.0, 0.0

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
        self._title, self._started, self._said = f'{cell}: {stage}', time.monotonic(), time.monotonic()
        if self.live:
            self._stage = self.live.add_task(f'{cell}: {stage}', total=None)

    def step(self, done: int, total: int) -> None:
        """Iterations of the current stage."""
        now = time.monotonic()
        if self.live and self._stage is not None:
            self.live.update(self._stage, completed=done, total=total)
        elif not self.live and now - self._said >= PLAIN_EVERY_S:
            self._said = now
            left = (now - self._started) / max(done, 1) * (total - done)
            self.line(f'[{self.done + 1}/{self.cells}] {self._title} {done}/{total}, about {left:.0f} s left')

    def stage_finished(self, cell: str, stage: str, seconds: float) -> None:
        """A stage ended well."""
        self.stage_ended()
        self.line(f'[{self.done + 1}/{self.cells}] {cell}: {stage} {seconds:.1f} s')

    def stage_ended(self) -> None:
        """Removes the stage's bar, however the stage ended."""
        if self.live and self._stage is not None:
            self.live.remove_task(self._stage)
            self._stage = None

    def cell_finished(self, cell: str, outcome: str) -> None:
        """A cell has its record."""
        self.done += 1
        self.line(f'[{self.done}/{self.cells}] {cell}: {outcome}')
        if self.live:
            self.live.update(self._sweep, completed=self.done)
