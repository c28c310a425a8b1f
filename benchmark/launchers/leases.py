"""Slots of GPUs, each for one cell at a time, among all sweeps of this user on this machine."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from benchmark.launchers.base import LauncherError
from benchmark.locks import Lock


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


def gpu_slots(workers: int | None, each: int = 1, visible: list[str] | None = None) -> list[Lease]:
    """Slots of all visible GPUs: one per GPU, or as many on each as so many workers need.

    Args:
        workers (int, optional): cells at a time; fewer than there are GPUs may have any of them.
        each (int): GPUs of a cell.
        visible (list[str], optional): the GPUs; those this process may use by default.

    Raises:
        LauncherError: there are too few GPUs.
    """
    gpus = visible_gpus() if visible is None else visible
    groups = [gpus[start:start + each] for start in range(0, len(gpus) - each + 1, each)]
    if not groups:
        raise LauncherError(f'--device cuda: this machine shows {len(gpus)} GPUs, a cell needs {each}')
    each_has = -(-(workers or 1) // len(groups))
    return [Lease(group, slot) for slot in range(each_has) for group in groups]


def visible_gpus() -> list[str]:
    """GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch
    count, named = torch.cuda.device_count(), os.environ.get('CUDA_VISIBLE_DEVICES')
    return named.split(',')[:count] if named else [str(number) for number in range(count)]
