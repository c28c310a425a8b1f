"""What a sweep does on a disk that is full, or that can only be read: it says so, and goes on once that is mended."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from launching import launch_toys

from benchmark.records.files import Status, load_records

METHODS = ('launched_ok', 'launched_more')
WORDS = ('--launcher', 'local', '--workers', '2')
PAGE = 4096  # what the smallest file takes


@pytest.fixture
def disk(tmp_path):
    """A small file system, and how to change its options."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    if os.geteuid() or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder],
                                      capture_output=True).returncode:
        pytest.skip('mounting a tmpfs needs root')
    try:
        yield folder, lambda options: subprocess.run(['mount', '-o', f'remount,{options}', folder], check=True)
    finally:
        subprocess.run(['umount', folder], check=True)


def all_done(folder):
    """Runs the sweep and makes sure that nothing is missing or left over."""
    found = launch_toys(folder, METHODS, (0, 1), *WORDS)
    assert {record.status for record in found.values()} == {Status.DONE} and len(found) == 4
    assert [*folder.rglob('.*'), *(folder / 'work' / 'jobs').glob('*')] == []


@pytest.mark.slow
@pytest.mark.parametrize('pages', [1, 4, 8, 16, 20, 24])
def test_a_full_disk_is_named_and_nothing_made_on_it_is_used(disk, pages):
    folder, _ = disk
    ballast = folder / 'ballast'
    ballast.write_bytes(bytes(2**20 - PAGE * (pages + 1)))
    try:
        found = launch_toys(folder, METHODS, (0, 1), *WORDS)
    except OSError as error:
        assert 'No space left on device' in str(error)
    else:  # there was room for the records at least
        failed = [record for record in found.values() if record.status is not Status.DONE]
        assert failed
        assert [r.reason for r in failed if not re.search('No space left on device|disk is full', r.reason)] == []
    ballast.unlink()
    all_done(folder)


@pytest.mark.slow
def test_a_disk_that_can_only_be_read_is_named(disk):
    folder, remount = disk
    launch_toys(folder, METHODS[:1], (0,), *WORDS)
    remount('ro')
    with pytest.raises(OSError, match='Read-only file system'):
        launch_toys(folder, METHODS, (0, 1), *WORDS)
    remount('rw')
    assert len(load_records(folder / 'reports' / 'records')) == 1
    all_done(folder)
