"""What ``prepare`` shows while it works."""

from __future__ import annotations

import threading
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from benchmark.running.progress import PLAIN_EVERY_S
from zs_methods.datasets.acquisition import Listener


class Display(Listener):
    """Shows lines and progress: bars on a terminal, now and then a line elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(TextColumn('{task.description}'), BarColumn(), TextColumn('{task.fields[text]}'),
                             TimeRemainingColumn(), console=console, transient=True) if console.is_terminal else None
        self._task: tuple[str, TaskID | None] = ('', None)
        self._said, self._lock = time.monotonic(), threading.Lock()

    def __enter__(self) -> Display:
        """Shows the bars."""
        if self.bars:
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Removes the bars."""
        if self.bars:
            self.bars.stop()

    def line(self, text: str) -> None:
        """Prints one line above the bars."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def step(self, title: str, done: int, total: int, unit: str = 'files') -> None:
        """Moves the bar of a piece of work; another piece takes its place."""
        text = f'{done}/{total}' if unit == 'files' else f'{done / 1e6:.1f}/{total / 1e6:.1f} MB'
        with self._lock:
            if self.bars:
                if self._task[0] != title:
                    if self._task[1] is not None:
                        self.bars.remove_task(self._task[1])
                    self._task = title, self.bars.add_task(title, total=total, text=text)
                self.bars.update(self._task[1], completed=done, total=total, text=text)
            elif time.monotonic() - self._said >= PLAIN_EVERY_S:
                self._said = time.monotonic()
                self.line(f'{title} {text}')
