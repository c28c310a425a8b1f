"""Which commit of this project's repository runs; needs no PyTorch."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import subprocess
from typing import Any

from benchmark import ROOT
from benchmark.store.checksums import file_sha256

#: Variables that would make git look into another repository than the one of a folder.
_ELSEWHERE = ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY',
              'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_NAMESPACE', 'GIT_PREFIX')


@functools.cache
def state() -> dict[str, Any]:
    """Commit, whether files differ from it but those that a run writes, ``reports/`` and the README's block, and how.

    All are None unless this project is a checkout: an unpacked archive may lie in the work tree of something else.
    """
    if not _is_checkout():
        return {'sha': None, 'dirty': None, 'diff': None}
    here = ('--', '.', ':!reports', ':!README.md')
    status = _ask('status', '--porcelain', *here)
    sha = _ask('rev-parse', 'HEAD')
    return {'sha': sha and sha.decode().strip(), 'dirty': None if status is None else bool(status),
            'diff': _diff(here) if status else None}


def _is_checkout() -> bool:
    top = _ask('rev-parse', '--show-toplevel')
    with contextlib.suppress(OSError):
        return top is not None and os.path.samefile(os.fsdecode(top.removesuffix(b'\n')), ROOT)
    return False


def _diff(here: tuple[str, ...]) -> str | None:
    """Hash of all changes to tracked files and of the content of new ones; 16 hexadecimal digits."""
    changes = _ask('diff', 'HEAD', '--binary', '--no-color', '--no-ext-diff', '--no-textconv', *here)
    new = _ask('ls-files', '--others', '--exclude-standard', '-z', *here)
    if changes is None or new is None:
        return None
    digest = hashlib.sha256(changes)
    for name in sorted(filter(None, new.split(b'\0'))):
        with contextlib.suppress(OSError):  # gone meanwhile, or not readable
            digest.update(name + b'\0' + file_sha256(ROOT / os.fsdecode(name)).encode())
    return digest.hexdigest()[:16]


def _ask(*args: str) -> bytes | None:
    # Without the lock that refreshing the index takes: a cell that is killed meanwhile would leave it behind.
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    return output('git', '--no-optional-locks', '-C', str(ROOT), *args, environment=environment)


def output(*command: str, environment: dict[str, str] | None = None) -> bytes | None:
    """What a program prints; None if it is not there or fails."""
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=20, env=environment).stdout
    except (OSError, subprocess.SubprocessError):
        return None
