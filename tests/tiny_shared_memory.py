"""Commands in a namespace of their own with a tiny ``/dev/shm``."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tiny(size, *command):
    """Runs a command where ``/dev/shm`` has only so much room."""
    script = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$@"'
    return subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', *map(str, command)], capture_output=True,
                          text=True, check=False, timeout=120, env={**os.environ, 'PYTHONPATH': str(ROOT)})


def can_mount():
    return os.getuid() == 0 and shutil.which('unshare') is not None and tiny('64k', 'true').returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason='mounting a small /dev/shm needs root and namespaces')
