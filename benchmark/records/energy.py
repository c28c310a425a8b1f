"""Energy of a piece of work, where the machine has counters and lets them be read; nothing here ever fails."""

from __future__ import annotations

import contextlib
import ctypes
import threading
import weakref
from pathlib import Path

import torch

#: Linux' counters of Intel and AMD processors: one folder per package, its parts in folders with one more colon.
RAPL = Path('/sys/class/powercap')
#: Seconds between two looks at the processors' counters, which start anew every few minutes to hours.
INTERVAL = 30.0
#: Name of the thread that does.
WATCHER = 'energy meter'


class EnergyMeter:
    """Measures from its creation on: processor packages, and one GPU if there is one.

    The counters are the machine's: what else ran there meanwhile is included.

    Args:
        device (torch.device): where the work is done.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._lock, self._ended = device, threading.Lock(), threading.Event()
        self._last = _packages()
        self._joules = 0.0
        self._gpu = _gpu_joules(device)
        if self._last:
            threading.Thread(target=_watch, args=(weakref.ref(self), self._ended), name=WATCHER, daemon=True).start()

    def update(self) -> None:
        """Looks at the processors' counters; which has to happen more often than they start anew."""
        with self._lock:
            now = _packages()
            if now.keys() != self._last.keys():
                now = self._last = {}  # one is no longer readable, so no sum can be given
            for name, (before, _) in self._last.items():
                value, limit = now[name]
                self._joules += ((value - before) if value >= before else (value - before + limit)) / 1e6
            self._last = now if self._last else {}

    def joules(self) -> float | None:
        """Energy since the beginning, which ends the measurement; None if no counter can be read."""
        self._ended.set()
        self.update()
        gpu = _gpu_joules(self._device)
        parts = [self._joules] if self._last else []
        parts += [gpu - self._gpu] if gpu is not None and self._gpu is not None else []
        return round(sum(parts), 1) if parts else None


def _watch(meter: weakref.ref[EnergyMeter], ended: threading.Event) -> None:
    """Looks at the counters from time to time, as long as somebody holds the meter."""
    while not ended.wait(INTERVAL) and (held := meter()) is not None:
        held.update()
        del held


def _packages() -> dict[str, tuple[int, int]]:
    """Counter and the value at which it starts anew, in microjoules, of every processor package."""
    found = {}
    for folder in sorted(RAPL.glob('*-rapl:*')):
        if folder.name.count(':') == 1:
            with contextlib.suppress(OSError, ValueError):
                found[folder.name] = tuple(int((folder / name).read_text(encoding='utf-8'))
                                           for name in ('energy_uj', 'max_energy_range_uj'))
    return found


def _gpu_joules(device: torch.device) -> float | None:
    """The energy counter of a GPU since its driver was loaded, from NVIDIA's management library."""
    if device.type != 'cuda':
        return None
    with contextlib.suppress(Exception):  # no library, no such counter, no rights, an older PyTorch
        uuid = str(torch.cuda.get_device_properties(device).uuid)  # the library knows no CUDA_VISIBLE_DEVICES
        library, handle, millijoules = ctypes.CDLL('libnvidia-ml.so.1'), ctypes.c_void_p(), ctypes.c_ulonglong()
        name = (uuid if uuid.startswith('GPU-') else f'GPU-{uuid}').encode()
        calls = (lambda: library.nvmlDeviceGetHandleByUUID(name, ctypes.byref(handle)),
                 lambda: library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)))
        if library.nvmlInit_v2() == 0:
            try:
                if all(call() == 0 for call in calls):
                    return millijoules.value / 1000
            finally:
                library.nvmlShutdown()
    return None
