"""Training one stage in several processes through torchrun, from a parent that outlives none of them."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from zs_methods.datasets import audit
from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.processes import started_at
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.hashes import code_sha256
from zs_methods.plugins import imported_files

WORKER = Path(__file__).with_name('train_seen_worker.py')
#: torchrun as a command, without the current folder on its import path, where a file may have any name.
TORCHRUN = 'import sys; sys.path[:] = filter(None, sys.path); from torch.distributed.run import main; main()'
#: What the processes leave in their folder: the job, iterations done, the result, and one file each of the others.
JOB, PROGRESS, SUMMARY, ACCESS, ERROR, LOG = 'job.pkl', 'progress', 'summary.json', 'access-', 'error-', 'output.log'
POLL_S, GRACE_S = 0.2, 15


def train_in_processes(stage: Stage, ctx: StageContext) -> dict[str, Any]:
    """Runs ``stage.train`` in ``stage.processes`` processes, one GPU each or all on the CPU.

    Labels that the processes read count as read by this one. Interrupting this process ends them.

    Args:
        stage (Stage): with ``processes`` and ``train(ctx, launcher)``; it must be possible to pickle it.
        ctx (StageContext): the context; ``ctx.out`` must be on a disk that all see.

    Returns:
        dict: the summary of rank 0.

    Raises:
        RuntimeError: a process failed or was killed; with the first one's error in a line.
    """
    folder = ctx.out / 'processes'
    folder.mkdir()
    Checkpoint(ctx, processes=stage.processes)  # here a damaged one can still be set aside, and its iteration told
    # Pickles, since JSON would turn the config's tuples into lists; written and read by this program alone. The inner
    # one may hold objects of plugins, which have to be imported first.
    job = {'parent': (os.getpid(), started_at(os.getpid())), 'code': code_sha256(), 'plugins': imported_files(),
           'threads': torch.get_num_threads(), 'deterministic': torch.are_deterministic_algorithms_enabled(),
           'training': pickle.dumps((stage, replace(ctx, progress=None)))}
    (folder / JOB).write_bytes(pickle.dumps(job))
    code = _launch(folder, stage.processes, ctx.progress)
    if code:
        raise RuntimeError(f'training with {stage.processes} processes failed: {_reason(folder, code)}')
    result = json.loads((folder / SUMMARY).read_text(encoding='utf-8'))
    ctx.axes.update(result['axes'])
    for subset, counts in _total_access(folder).items():
        audit.add_external(subset, ctx.task.spec.classes, {*ctx.task.unseen, *ctx.task.withheld}, counts)
    shutil.rmtree(folder)
    return result['summary']


def _launch(folder: Path, processes: int, progress: Callable[[int, int], None]) -> int:
    """Starts torchrun, waits for it and returns its exit code."""
    command = [sys.executable, '-c', TORCHRUN, '--standalone', f'--nproc-per-node={processes}', str(WORKER),
               str(folder)]
    with (folder / LOG).open('wb') as log:
        # A session of its own: Ctrl-C reaches this process alone, which then ends the others in order.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        reported = None
        try:
            while process.poll() is None:
                time.sleep(POLL_S)
                done = _iterations_done(folder)
                if done and done != reported:
                    progress(*done)
                    reported = done
        finally:
            _stop(process)
    return process.returncode


def _stop(process: subprocess.Popen) -> None:
    """Ends torchrun, which ends its workers; should it not, they notice that it is gone."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _iterations_done(folder: Path) -> list[int] | None:
    """Iterations done and in all, once the first is."""
    file = folder / PROGRESS
    return [int(word) for word in file.read_text(encoding='utf-8').split()] if file.exists() else None


def _reason(folder: Path, code: int) -> str:
    """What torchrun says of a process that was killed, or the first error that one wrote down."""
    output = (folder / LOG).read_text(encoding='utf-8', errors='replace')
    cause = output.rpartition('Root Cause')[2]
    killed = re.search(r'Signal \d+ \(\w+\) received by PID \d+', cause)
    if killed:  # the others then fail too, because they miss it
        return f'a process was killed ({killed[0]}); SIGKILL often means that memory ran out'
    errors = sorted(folder.glob(f'{ERROR}*'), key=lambda file: file.stat().st_mtime_ns)
    if errors:
        return f'rank {errors[0].name.removeprefix(ERROR)}: {errors[0].read_text("utf-8")}'
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f'exit code {code}: {lines[-1] if lines else "no output"}'


def _total_access(folder: Path) -> dict[str, dict]:
    """Adds up what the processes read; each of them filters the same images, which count once."""
    total: dict[str, dict] = {}
    for file in sorted(folder.glob(f'{ACCESS}*')):
        for subset, counts in json.loads(file.read_text(encoding='utf-8')).items():
            into = total.setdefault(subset, {'unseen_pixels': {}})
            for name, count in counts['unseen_pixels'].items():
                into['unseen_pixels'][name] = into['unseen_pixels'].get(name, 0) + count
            for name in audit.FIELDS:
                merge = max if name in ('images_dropped', 'images_chosen') else int.__add__
                into[name] = merge(into.get(name, 0), counts[name])
    return total
