"""Cells that need more memory than there is."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from launching import launch_toys

from benchmark.records.files import Failure, Status

WORDS = ('--launcher', 'local', '--workers', '2')


def test_memory_that_is_refused(tmp_path):
    found = launch_toys(tmp_path, ('launched_beyond', 'launched_ok'), (0,), *WORDS)
    assert found['launched_beyond', 0].failure is Failure.MEMORY
    assert "can't allocate memory" in found['launched_beyond', 0].reason
    assert found['launched_ok', 0].status is Status.DONE


@pytest.fixture
def group():
    """A control group whose processes may have 64 MiB, of either version."""
    for root, limits in (('/sys/fs/cgroup/memory', {'memory.limit_in_bytes': 2**26, 'memory.swappiness': 0}),
                         ('/sys/fs/cgroup', {'memory.max': 2**26, 'memory.swap.max': 0})):
        folder = Path(root, f'gzs3-{uuid.uuid4().hex[:8]}')
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            for name, limit in limits.items():
                (folder / name).write_text(str(limit))
        except OSError:
            folder.rmdir()
            continue
        yield folder
        folder.rmdir()
        return
    pytest.skip('control groups with a limit of memory need root')


def test_the_kernel_kills_a_cell_that_takes_too_much(tmp_path, group):
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work' / 'group').write_text(str(group))
    found = launch_toys(tmp_path, ('launched_greedy', 'launched_ok'), (0,), *WORDS)
    record = found['launched_greedy', 0]
    assert (record.status, record.failure) == (Status.FAILED, Failure.KILLED)
    assert record.reason == 'its process was killed (SIGKILL, as when memory runs out) in stage greedy'
    assert found['launched_ok', 0].status is Status.DONE
