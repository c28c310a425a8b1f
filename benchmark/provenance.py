"""Where a number comes from: code, versions and hardware."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

import zs_methods
from zs_methods import compat

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmcv-lite', 'mmsegmentation', 'numpy', 'scipy', 'gensim',
            'pillow', 'opencv-python')


@functools.cache
def code_sha256() -> str:
    """Hash of all files of the `zs_methods` package that can change a result; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    root = Path(zs_methods.__file__).parent
    for path in sorted(p for p in root.rglob('*') if p.suffix in ('.py', '.yaml', '.txt')):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def environment() -> dict[str, Any]:
    """What is the same for all cells of a run."""
    return {
        'git': _git(),
        'code': code_sha256(),
        'python': platform.python_version(),
        'platform': f'{platform.system()}-{platform.machine()}',
        'packages': {name: version for name in PACKAGES if (version := _version(name))},
        'compat': dict(compat.REPLACED),
        'hardware': {
            'cpu': _cpu(), 'cores': os.cpu_count(), 'threads': torch.get_num_threads(),
            'memory_gib': round(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30, 1),
            'gpu': [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        },
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git() -> dict[str, Any]:
    """Commit and whether files outside ``reports/``, which a run writes to, differ from it."""
    def git(*args: str) -> str | None:
        try:
            return subprocess.run(('git', '-C', str(ROOT), *args), capture_output=True, text=True, check=True,
                                  timeout=20).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return None

    status = git('status', '--porcelain', '--', '.', ':!reports')
    return {'sha': git('rev-parse', 'HEAD'), 'dirty': None if status is None else bool(status)}


def _cpu() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
        return next(line.split(':', 1)[1].strip() for line in lines if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def reset_peak_rss() -> None:
    """Starts a new measurement of peak memory where the kernel allows it (Linux)."""
    with contextlib.suppress(OSError):
        Path('/proc/self/clear_refs').write_text('5')


def peak_rss_mib() -> float:
    """Peak resident memory since `reset_peak_rss`, or since the process began where that is not possible."""
    try:
        lines = Path('/proc/self/status').read_text().splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith('VmHWM')) / 1024, 1)
    except (OSError, StopIteration):
        import resource
        import sys
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == 'darwin' else 1024),
                     1)
