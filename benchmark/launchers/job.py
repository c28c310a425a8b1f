"""What runs in a job's process, wherever that is."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmark.launchers.base import Job
from benchmark.launchers.events import EventWriter
from benchmark.planning.run_options import RunOptions
from benchmark.running import interrupts
from benchmark.store.locks import is_alive, started_at

#: In the job's folder: the job itself, what its process prints, and that some process has it.
JOB, OUTPUT, TAKEN = 'job.pkl', 'output.log', 'taken'


@dataclass(frozen=True)
class Order:
    """A job for a process that may run several.

    Attributes:
        folder (str): the job's.
        driver (tuple): the driver's process number and when it began, with which the process ends.
        gpu (str, optional): what CUDA_VISIBLE_DEVICES is to be.
        stay (bool): wait for another job after this one, if it ended well.
    """

    folder: str
    driver: tuple[int, object]
    gpu: str | None = None
    stay: bool = False


def write_job(job: Job) -> None:
    """Makes the job's folder; a pickle, since JSON would turn tuples into lists.

    The hash of the program stands outside of the inner pickle, which another program might not be able to read.
    """
    job.folder.mkdir(parents=True)
    (job.folder / JOB).write_bytes(pickle.dumps((job.program, pickle.dumps(job))))


def run_job(folder: Path, told: Callable[[], None] = lambda: None) -> bool:
    """Runs the job of a folder in this process and writes its cell's record.

    Args:
        folder (Path): the job's.
        told (Callable): called after each event, where the driver is in this process.

    Returns:
        bool: whether the cell is done, and this process fit for another one.

    Raises:
        KeyboardInterrupt: after the interrupted cell's record is written.
    """
    try:
        os.close(os.open(folder / TAKEN, os.O_CREAT | os.O_EXCL))
    except FileExistsError:  # its order was given once more, since the answer to the first was lost
        return False
    warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg')
    writer = EventWriter(folder, told)
    program, content = pickle.loads((folder / JOB).read_bytes())
    if reason := _other_program(program):
        writer.tell('refused', reason)
        return False

    import torch
    from mmengine.logging import MMLogger

    from benchmark.records.files import Status
    from benchmark.running.cell import CellRunner
    from zs_methods.plugins import import_file

    job: Job = pickle.loads(content)
    if job.options.device != 'cpu' and torch.cuda._is_in_bad_fork():
        writer.tell('refused', 'a process that asked for CUDA has forked this one, which cannot use it then '
                               '(torch.cuda._is_in_bad_fork)')
        return False
    MMLogger.get_instance('mmengine', log_level=logging.WARNING)
    set_up(job.options)
    writer.tell('started')
    for plugin, sha256 in job.plugins:
        import_file(plugin, sha256)
    runner = CellRunner(job.options, writer, job.source, job.made, job.failed)
    record = runner.run(job.cell, job.attempt)
    writer.tell('ended')
    return record.status is Status.DONE


def _other_program(expected: str) -> str | None:
    """Says so if this process has loaded another program than the driver."""
    from benchmark.records.provenance import program_sha256

    if program_sha256() == expected:
        return None
    return (f'a job has loaded other code than this run was started with, from {Path(__file__).parents[2]}; nothing '
            'was computed with it (was a file edited meanwhile, or is that another checkout?)')


def set_up(options: RunOptions) -> None:
    """Leaves the other cores to other cells; makes CUDA repeat itself exactly, or say which operation cannot."""
    import cv2
    import torch
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    torch.use_deterministic_algorithms(options.deterministic)
    if options.deterministic:
        os.environ['CUBLAS_WORKSPACE_CONFIG'] = ':4096:8'  # read when CUDA starts, which it has not yet


def live(descriptor: int) -> None:
    """Runs jobs as they are handed in, until one ends badly or is the last.

    Args:
        descriptor (int): of the socket on which `Order` objects come, and on which the end of a job is told.

    Raises:
        KeyboardInterrupt: after the interrupted cell's record is written.
    """
    channel, first = Connection(descriptor), True
    while True:
        try:
            order: Order = channel.recv()
        except (EOFError, ConnectionError):  # nobody has work any more
            return
        if first:
            if order.gpu is not None:
                os.environ['CUDA_VISIBLE_DEVICES'] = order.gpu  # nothing has used CUDA in this process yet
            become_worker(order.driver)
            first = False
        print_to(Path(order.folder))
        if not (run_job(Path(order.folder)) and order.stay):
            return
        _tidy_up()
        channel.send(None)


def run_alone(folder: str) -> None:
    """Runs one job in this process, which ends with whatever started it."""
    parent = os.getppid()
    become_worker((parent, started_at(parent)))
    print_to(Path(folder))
    run_job(Path(folder))


def become_worker(driver: tuple[int, object]) -> None:
    """Makes this process a group of its own that signals interrupt, and that ends with its driver.

    Args:
        driver (tuple): the driver's process number and when it began.
    """
    if os.getpid() != os.getpgrp():
        os.setsid()  # Ctrl-C reaches the driver alone, which then ends its jobs in order
    interrupts.listen()
    threading.Thread(target=_end_with, args=driver, daemon=True).start()


def print_to(folder: Path) -> None:
    """Has this process print to a file of the job's."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what an earlier job has left
    output = os.open(folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)


def _tidy_up() -> None:
    """Gives back what a finished job has left, before another one begins."""
    import torch
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _end_with(pid: int, started: object) -> None:
    """Interrupts this process once its driver is gone, and kills it should that not help."""
    while is_alive(pid, started):
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
    os.killpg(os.getpgid(0), signal.SIGKILL)
