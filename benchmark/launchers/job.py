"""What runs in a job's process, wherever that is."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import threading
import time
import warnings
from pathlib import Path

from benchmark.launchers.base import Job
from benchmark.launchers.events import EventWriter
from benchmark.locks import is_alive

#: In the job's folder: the job itself, and what its process prints.
JOB, OUTPUT = 'job.pkl', 'output.log'


def write_job(job: Job) -> None:
    """Makes the job's folder; a pickle, since JSON would turn tuples into lists."""
    job.folder.mkdir(parents=True)
    (job.folder / JOB).write_bytes(pickle.dumps(job))


def run_job(folder: Path) -> None:
    """Runs the job of a folder in this process and writes its cell's record.

    Raises:
        KeyboardInterrupt: after the interrupted cell's record is written.
    """
    import torch
    from mmengine.logging import MMLogger

    from benchmark.artifacts import ArtifactStore
    from benchmark.sweep import Sweep
    from zs_methods.plugins import import_file

    job: Job = pickle.loads((folder / JOB).read_bytes())
    warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg')
    MMLogger.get_instance('mmengine', log_level=logging.WARNING)
    set_up(job.threads, job.deterministic)
    writer = EventWriter(folder)
    writer.tell('started')
    for plugin, sha256 in job.plugins:
        import_file(plugin, sha256)
    sweep = Sweep(ArtifactStore(job.store, warn=writer.line), job.records, torch.device(job.device), writer, job.source,
                  force=job.force, made=job.made, failed=job.failed, checkpoint_every=job.checkpoint_every)
    sweep.run_cell(job.cell, job.attempt)
    writer.tell('ended')


def set_up(threads: int, deterministic: bool = False) -> None:
    """Leaves the other cores to other cells; makes CUDA repeat itself exactly, or say which operation cannot."""
    import cv2
    import torch
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    torch.use_deterministic_algorithms(deterministic)
    if deterministic:
        os.environ['CUBLAS_WORKSPACE_CONFIG'] = ':4096:8'  # read when CUDA starts, which it has not yet


def become_worker(folder: Path, driver: tuple[int, object] | None = None) -> None:
    """Makes this process a group of its own that SIGTERM interrupts, that prints to a file, and ends with its driver.

    Args:
        folder (Path): the job's folder.
        driver (tuple, optional): the driver's process number and when it began.
    """
    os.setsid()  # Ctrl-C reaches the driver alone, which then ends its jobs in order
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output = os.open(folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    if driver:
        threading.Thread(target=_end_with, args=driver, daemon=True).start()


def _end_with(pid: int, started: object) -> None:
    """Interrupts this process once its driver is gone, and kills it should that not help."""
    while is_alive(pid, started):
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
    os.killpg(os.getpgid(0), signal.SIGKILL)
