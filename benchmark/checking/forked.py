"""Runs functions in processes of their own: each sees what was imported, and nothing that another one did."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Crash:
    """What a process left that did not return.

    Attributes:
        message (str): one line.
    """

    message: str


def one_line(error: BaseException) -> str:
    """Type and message of an error without line breaks, at most 300 characters."""
    text = ' '.join(str(error).split())
    return f'{type(error).__name__}: {text}'[:300] if text else type(error).__name__


def run_forked(jobs: Mapping[Hashable, Callable[[], Any]], workers: int,
               finished: Callable[[], None] = lambda: None) -> dict[Hashable, Any]:
    """Runs every job in a child of this process, `workers` at a time.

    The parent must not have used several threads of torch, see `torch.set_num_threads`; OpenMP's do not survive a fork.

    Args:
        jobs (Mapping): name -> function without arguments, whose result can be pickled. What it prints is dropped.
        workers (int): processes at a time.
        finished (Callable): called after each.

    Returns:
        dict: name -> result, or a `Crash`.
    """
    context = multiprocessing.get_context('fork')
    waiting, running, results = list(enumerate(jobs.items())), {}, {}
    folder = Path(tempfile.mkdtemp(prefix='forked'))
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                number, (name, job) = waiting.pop(0)
                file = folder / str(number)
                process = context.Process(target=_child, args=(job, file))
                process.start()
                running[process.sentinel] = name, process, file
            for sentinel in wait(list(running)):
                name, process, file = running.pop(sentinel)
                results[name] = _result(process, file)
                finished()
    finally:
        for _, process, _ in running.values():
            process.terminate()
        shutil.rmtree(folder, ignore_errors=True)
    return {name: results[name] for name in jobs}


def _result(process: BaseProcess, file: Path) -> Any:
    process.join()
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
        return pickle.loads(file.read_bytes())  # written by `_child`
    return Crash(f'the process ended with exit code {process.exitcode}')


def _child(job: Callable[[], Any], file: Path) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    try:
        result = job()
    except Exception as error:
        result = Crash(one_line(error))
    part = file.with_suffix('.part')
    part.write_bytes(pickle.dumps(result))
    part.replace(file)
