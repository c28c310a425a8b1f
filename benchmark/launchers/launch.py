"""From a plan and options to a running scheduler."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from benchmark.errors import UsageError
from benchmark.launchers.base import LauncherError, Refused, build_launcher
from benchmark.launchers.memory import expected_gib
from benchmark.launchers.scheduler import Scheduler
from benchmark.planning.plan import Cell, Needs
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import RecordHead
from benchmark.running import interrupts
from benchmark.running.cell import CellRunner
from benchmark.running.progress import Reporter
from zs_methods.plugins import imported_files


def launch(cells: Sequence[Cell], options: RunOptions, reporter: Reporter, source: dict[str, Any]) -> list[RecordHead]:
    """Runs cells as the options say.

    Args:
        cells (Sequence[Cell]): the plan.
        options (RunOptions): how, and where artifacts and records are.
        reporter (Reporter): tells the user.
        source (dict): provenance, see `CellRunner`.

    Returns:
        list[RecordHead]: one per cell, in their order.

    Raises:
        UsageError: the launcher cannot start, or its jobs would not compute what was asked for.
        KeyboardInterrupt: after all jobs have ended and every cell has its record.
    """
    options = options.absolute()
    try:
        with interrupts.listening():
            launcher = build_launcher(options, _needs(cells), options.jobs / uuid.uuid4().hex[:8])
            return Scheduler(CellRunner(options, reporter, source), launcher, imported_files()).run(cells)
    except (LauncherError, Refused) as error:
        raise UsageError(str(error)) from None


def _needs(cells: Sequence[Cell]) -> Needs:
    """The most that one of the cells takes."""
    needs = [cell.needs for cell in cells] or [Needs()]
    return Needs(max(need.processes for need in needs), max(need.gpu_gib for need in needs),
                 expected_gib(cell.task for cell in cells))
