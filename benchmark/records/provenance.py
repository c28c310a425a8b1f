"""Where a number comes from: code, versions and hardware. Nothing here names a machine, a user or a folder."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

import torch

import zs_methods
from benchmark import ROOT
from benchmark.records import checkout
from benchmark.records.checkout import output
from benchmark.records.energy import EnergyMeter
from benchmark.surroundings import arithmetic
from zs_methods import compat
from zs_methods.datasets.names import visible
from zs_methods.hashes import code_sha256, hash_sources

__all__ = ['EnergyMeter', 'code_sha256', 'command_line', 'environment', 'peak_gpu_mib', 'peak_rss_mib',
           'program_sha256', 'reset_peak_gpu', 'reset_peak_rss', 'without_paths']

PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation', 'numpy', 'scipy', 'gensim',
            'pillow', 'opencv-python', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation')
#: Variables that limit the threads of BLAS libraries, which decide in what order they add.
THREAD_LIMITS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS')


def command_line() -> list[str]:
    """What this process was called with, the program without its folder: ``run.py ...``, ``benchmark select ...``."""
    called = Path(sys.argv[0]).absolute()
    return [called.parent.name if called.name == '__main__.py' else called.name, *map(visible, sys.argv[1:])]


@functools.cache
def program_sha256() -> str:
    """Hash of all sources of the plugin and of the harness: what a job compares with its driver."""
    return hash_sources([Path(zs_methods.__file__).parent, ROOT / 'benchmark'])


@functools.cache
def environment() -> dict[str, Any]:
    """What is the same for all cells of a run."""
    return {
        'git': checkout.state(),
        'code': code_sha256(),
        'python': platform.python_version(),
        # The numbers of the kernel's version only: what follows them may be a name somebody gave.
        'platform': f'{platform.system()}-{platform.machine()}',
        'kernel': (re.match(r'[\d.]+', platform.release()) or [''])[0].strip('.'),
        'libc': '-'.join(platform.libc_ver()).strip('-'),  # whose exp and log Python and NumPy call
        'packages': {name: version for name in PACKAGES if (version := _version(name))},
        'compat': compat.found(),
        'hardware': {
            'cpu': _cpu(), 'cpu_capability': torch.backends.cpu.get_cpu_capability(), 'cores': os.cpu_count(),
            'threads': torch.get_num_threads(),
            'thread_limits': {name: os.environ[name] for name in THREAD_LIMITS if name in os.environ},
            'arithmetic': arithmetic(),
            'deterministic': torch.are_deterministic_algorithms_enabled(),
            'memory_gib': round(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30, 1),
            'gpu': _gpus(), 'cuda': torch.version.cuda, 'driver': _driver(),
            'cudnn': torch.backends.cudnn.version() if torch.cuda.is_available() else None,
        },
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def loaded_code() -> tuple[str, str, dict[str, Any]]:
    """What the sources are now; asked for early, it stays so for this process and those it forks."""
    return code_sha256(), program_sha256(), checkout.state()


def _gpus() -> list[str]:
    """Names of the GPUs that this process may use; CUDA itself is not asked, since that would start it."""
    if not torch.cuda.device_count():
        return []
    visible = os.environ.get('CUDA_VISIBLE_DEVICES')
    return _nvidia('name', *(['-i', visible] if visible else []))


def _driver() -> str | None:
    """Version of the NVIDIA driver."""
    return next(iter(_nvidia('driver_version')), None)


def _nvidia(what: str, *more: str) -> list[str]:
    """What NVIDIA's program says of each GPU."""
    found = output('nvidia-smi', f'--query-gpu={what}', '--format=csv,noheader', *more) or b''
    return [line.strip() for line in found.decode(errors='replace').splitlines() if line.strip()]


def without_paths(text: str) -> str:
    """A traceback or message without the folders of this machine: they name users and mean nothing elsewhere."""
    places = {str(ROOT): '.', **{path: '<packages>' for path in sys.path if path.endswith('-packages')},
              sys.prefix: '<python>', sys.base_prefix: '<python>', str(Path.home()): '~'}
    for path in sorted(places, key=len, reverse=True):  # the innermost folder first
        if path != os.sep:
            text = text.replace(path + os.sep, places[path] + os.sep)
    return os.fsencode(text).decode(errors='backslashreplace')  # of a path that is no UTF-8, the bytes


def _cpu() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text('utf-8', 'replace').splitlines()
        return next(line.split(':', 1)[1].strip() for line in lines if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def reset_peak_rss() -> None:
    """Starts a new measurement of peak memory where the kernel allows it (Linux)."""
    with contextlib.suppress(OSError):
        Path('/proc/self/clear_refs').write_text('5', encoding='utf-8')


def peak_rss_mib() -> float:
    """Peak resident memory since `reset_peak_rss`, or since the process began where that is not possible."""
    try:
        lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith('VmHWM')) / 1024, 1)
    except (OSError, StopIteration):
        import resource
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 1024),
                     1)


def reset_peak_gpu(device: torch.device) -> None:
    """Starts a new measurement of peak GPU memory; does nothing for another device."""
    if device.type == 'cuda':
        torch.cuda.reset_peak_memory_stats(device)


def peak_gpu_mib(device: torch.device) -> float | None:
    """The most memory that tensors took on a GPU at once since `reset_peak_gpu`; None for another device."""
    return round(torch.cuda.max_memory_allocated(device) / 2**20, 1) if device.type == 'cuda' else None
