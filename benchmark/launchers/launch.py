"""From a parsed command line to a running scheduler."""

from __future__ import annotations

import math
import uuid
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark.errors import UsageError
from benchmark.launchers.base import LauncherError, Refused, Settings, build_launcher
from benchmark.launchers.job import set_up
from benchmark.launchers.memory import expected_gib
from benchmark.launchers.scheduler import JOBS, Scheduler
from benchmark.planning.plan import Cell
from benchmark.records.files import RecordHead
from benchmark.running.cell import Sweep
from benchmark.running.progress import Reporter
from benchmark.store.artifacts import ArtifactStore
from zs_methods.plugins import imported_files


def launch(args: Namespace, cells: Sequence[Cell], store: ArtifactStore, records: Path, reporter: Reporter,
           source: dict[str, Any], force: bool | None = None) -> list[RecordHead]:
    """Runs cells as the command line says.

    Args:
        args (Namespace): options of ``run.py``.
        cells (Sequence[Cell]): the plan.
        store (ArtifactStore): artifacts.
        records (Path): folder of the records.
        reporter (Reporter): tells the user.
        source (dict): provenance, see `Sweep`.
        force (bool, optional): instead of ``--force``.

    Returns:
        list[RecordHead]: one per cell, in their order.

    Raises:
        UsageError: the launcher cannot start, or its jobs would not compute what was asked for.
        KeyboardInterrupt: after all jobs have ended and every cell has its record.
    """
    if args.launcher == 'inline' and args.timeout is not None:
        raise UsageError('--timeout: --launcher inline has no process that could be killed')
    jobs = store.root.absolute().parent / JOBS / uuid.uuid4().hex[:8]
    if args.launcher == 'inline':
        set_up(args.threads, args.deterministic)
    sweep = Sweep(ArtifactStore(store.root.absolute(), store.warn), records.absolute(), torch.device(args.device),
                  reporter, source, args.force if force is None else force, checkpoint_every=args.checkpoint_every)
    try:
        launcher = build_launcher(args.launcher, Settings(
            workers=args.workers, threads=args.threads, device=args.device, folder=jobs,
            processes=args.processes, address=args.address, options=args.launcher_options,
            memory_gib=expected_gib(cell.task for cell in cells),
            gpu_gib=max((cell.gpu_gib or math.inf for cell in cells), default=math.inf)))
        return Scheduler(sweep, launcher, jobs, imported_files(), args.threads, args.retry,
                         args.timeout, args.fail_fast, args.deterministic).run(cells)
    except (LauncherError, Refused) as error:
        raise UsageError(str(error)) from None
