"""One of the processes of `train_in_processes`, started by torchrun: ``train_seen_worker.py DIR``."""

from __future__ import annotations

import os
import sys

if not __package__:  # run as a script: import the package it lies in, and nothing before that
    _ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path[:1] = [_ROOT, *sys.path[:1]] if getattr(sys.flags, 'safe_path', False) else [_ROOT]

import json
import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import distributed

from zs_methods.datasets import audit
from zs_methods.engine.distributed import ACCESS, ERROR, JOB, PROGRESS, SUMMARY
from zs_methods.engine.processes import is_alive
from zs_methods.hashes import code_sha256
from zs_methods.plugins import import_file


def main(folder: Path) -> None:
    """Trains this rank's share and leaves its results in the folder."""
    rank, local_rank = int(os.environ['RANK']), int(os.environ['LOCAL_RANK'])
    try:
        job = pickle.loads((folder / JOB).read_bytes())
        threading.Thread(target=_end_with, args=job['parent'], daemon=True).start()
        if job['code'] != code_sha256():
            raise ImportError(f'other code than that of the run was loaded, from {Path(__file__).parents[2]}')
        torch.use_deterministic_algorithms(job['deterministic'])
        torch.set_num_threads(job['threads'])
        for plugin, sha256 in job['plugins']:
            import_file(plugin, sha256)
        stage, ctx = pickle.loads(job['training'])
        device, backend = torch.device('cpu'), 'gloo'
        if ctx.device.type == 'cuda':
            device, backend = torch.device('cuda', local_rank), 'nccl'
            torch.cuda.set_device(device)
        distributed.init_process_group(backend)
        report = _progress_file(folder / PROGRESS) if rank == 0 else lambda done, total: None
        with audit.collect() as access:
            ctx = replace(ctx, device=device, progress=report)
            summary = stage.train(ctx, launcher='pytorch')
        (folder / f'{ACCESS}{rank}').write_text(json.dumps(access), encoding='utf-8')
        if rank == 0:
            (folder / SUMMARY).write_text(json.dumps({'summary': summary, 'axes': ctx.axes}),
                                          encoding='utf-8')
        distributed.barrier()
        distributed.destroy_process_group()
    except Exception as error:
        (folder / f'{ERROR}{rank}').write_text(f'{type(error).__name__}: {" ".join(str(error).split())}',
                                             encoding='utf-8')
        raise


def _end_with(parent: int, started: object) -> None:
    """Ends this process when torchrun or the process that started it is gone, however they went."""
    agent = os.getppid()
    while os.getppid() == agent and is_alive(parent, started):
        time.sleep(1)
    os._exit(1)


def _progress_file(file: Path, every_s: float = 0.5) -> Callable[[int, int], None]:
    """A function (done, total) that keeps a file up to date."""
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > every_s:
            last = time.monotonic()
            temporary = file.with_suffix('.tmp')
            temporary.write_text(f'{done} {total}', encoding='utf-8')
            temporary.replace(file)

    return report


if __name__ == '__main__':
    main(Path(sys.argv[1]))
