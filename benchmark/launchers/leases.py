"""Slots of GPUs, each for one cell at a time, among all sweeps of this user on this machine."""

from __future__ import annotations

import math
import os
import re
import subprocess
import tempfile
from pathlib import Path

from benchmark.launchers.base import LauncherError
from benchmark.planning.plan import Needs
from benchmark.store.locks import Lock

#: Cells on a GPU beyond which more gain nothing: they wait for each other.
MOST = 4


class Lease:
    """Slots of one or several GPUs, for one cell.

    Args:
        gpus (list[str]): as CUDA_VISIBLE_DEVICES takes them.
        slot (int): from 0, if a GPU is to run several cells at a time.
    """

    def __init__(self, gpus: list[str], slot: int = 0) -> None:
        self.gpus = gpus
        folder = Path(tempfile.gettempdir()) / f'zs_methods-{os.getuid()}'
        self._paths = [folder / f'gpu-{re.sub(r"[^0-9A-Za-z-]", "_", gpu)}-{slot}.lock' for gpu in gpus]
        self._locks: list[Lock] = []

    def take(self) -> bool:
        """Whether all of it was free and now is this sweep's."""
        if self._locks:
            return False
        for path in self._paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = Lock(path)
            if not lock.acquire():
                self.free()
                return False
            self._locks.append(lock)
        return True

    def free(self) -> None:
        """Gives it back."""
        for lock in self._locks:
            lock.release()
        self._locks.clear()


def gpu_slots(workers: int | None, needs: Needs, cores: int, visible: list[str] | None = None) -> list[Lease]:
    """Slots of all visible GPUs, in the order in which cells should take them.

    One per GPU; as many on each as so many workers need; or, where neither a number of workers is given nor a cell has
    several GPUs, as many as `sharing` says if the network is known to be small.

    Args:
        workers (int, optional): cells at a time; fewer than there are GPUs may have any of them.
        needs (Needs): of a cell; it has as many GPUs as processes.
        cores (int): CPU cores of a cell.
        visible (list[str], optional): the GPUs; those this process may use by default.

    Raises:
        LauncherError: there are too few GPUs.
    """
    gpus, each = visible_gpus() if visible is None else visible, needs.processes
    groups = [gpus[start:start + each] for start in range(0, len(gpus) - each + 1, each)]
    if not groups:
        raise LauncherError(f'--device cuda: this machine shows {len(gpus)} GPUs, a cell needs {each}')
    if workers is None and each == 1 and math.isfinite(needs.gpu_gib):
        deep = sharing(needs.gpu_gib, cores * len(gpus))
    else:
        deep = -(-(workers or 1) // len(groups))
    return [Lease(group, slot) for slot in range(deep) for group in groups]


def sharing(gpu_gib: float, cores: int) -> int:
    """Cells of a small network that should share a GPU: as its free memory and this machine's cores allow.

    Args:
        gpu_gib (float): what one takes of a GPU's memory.
        cores (int): CPU cores that one cell on each GPU takes.
    """
    free = free_gib()
    return max(1, min(MOST, int(free // gpu_gib) if free is not None else 1, _cores() // cores))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def free_gib() -> float | None:
    """Free memory of the fullest GPU; None where nvidia-smi does not tell. CUDA itself is not asked: that starts it."""
    try:
        found = subprocess.run(['nvidia-smi', '--query-gpu=memory.free', '--format=csv,noheader,nounits'],
                               capture_output=True, check=True, timeout=20, encoding='ascii').stdout
        return min(int(line) for line in found.split()) / 1024
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def visible_gpus() -> list[str]:
    """GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch
    count, named = torch.cuda.device_count(), os.environ.get('CUDA_VISIBLE_DEVICES')
    return [name.strip() for name in named.split(',')][:count] if named else [str(number) for number in range(count)]
