"""What run.py does where shared memory is too small for its loaders."""

import sys

import pytest
from tiny_shared_memory import ROOT, needs_mount, tiny


@pytest.mark.slow
@needs_mount
def test_a_run_is_refused_before_it_begins(tmp_path):
    options = ['train_dataloader.num_workers=2', 'train_dataloader.batch_size=16']
    command = [
        sys.executable, ROOT / 'benchmark' / 'run.py', '--methods', 'zs3', '--ks', '2', '--device', 'cpu', '--work-dir',
        tmp_path / 'work', '--reports', tmp_path / 'reports', '--dry-run', '--cfg-options', *options]
    done = tiny('64k', *command)
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith('run.py: /dev/shm has 0 MiB free, and 2 loader workers need ')
    assert tiny('64k', *command[:-2], 'train_dataloader.num_workers=0').returncode == 0
