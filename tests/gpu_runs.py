"""Runs of the main command for ``tests/gpu``: on a GPU, or with ``GZS3_TEST_GPU_ON=cpu`` to try them without one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from micro_settings import MICRO

from benchmark import ROOT
from benchmark.records.files import load_records

RUN = ROOT / 'benchmark' / 'run.py'
DEVICE = os.environ.get('GZS3_TEST_GPU_ON', 'cuda')
#: Iterations of a training that is interrupted, and whose network is compared between devices.
LONG = 200 if DEVICE == 'cuda' else 60
#: Options of that training.
TRAINED = (f'train_cfg.max_iters={LONG}', 'train_dataloader.batch_size=8', 'features.per_class=8',
           'classifier.iterations=3', 'classifier.batch_size=64')


def micro(*sections):
    """MICRO as ``--cfg-options`` take it: the settings of these sections and of the shared ones, or all."""
    shared = ('train_cfg', 'train_dataloader', 'classifier', 'features')
    return [f'{key}={value}' for key, value in MICRO.items()
            if not sections or key.split('.')[0] in (*sections, *shared)]


def command(folder, data_root, *words, options=()):
    """The main command at K=2 that works in a folder."""
    return [sys.executable, str(RUN), '--ks', '2', '--device', DEVICE, '--data-root', str(data_root),
            '--work-dir', str(folder / 'work'), '--reports', str(folder / 'reports'), *map(str, words),
            *(['--cfg-options', *options] if options else [])]


def run(folder, data_root, *words, options=()):
    """Runs it to a good end; returns what it printed."""
    done = subprocess.run(command(folder, data_root, *words, options=options), cwd=folder, capture_output=True,
                          text=True, timeout=600)
    assert done.returncode == 0, f'{done.stdout[-4000:]}\n{done.stderr[-4000:]}'
    return done.stdout


def kill(pid):
    """SIGKILL for a process and all that it has started, directly or not."""
    parents = {}
    for entry in Path('/proc').glob('[0-9]*/stat'):
        with suppress(OSError):
            parents.setdefault(int(entry.read_text().rpartition(')')[2].split()[1]), []).append(int(entry.parent.name))
    ahead = [pid]
    while ahead:
        ahead += parents.get(ahead[0], [])
        with suppress(ProcessLookupError):
            os.kill(ahead.pop(0), signal.SIGKILL)


def records(folder):
    """The records of a run, by method."""
    return {record.cell.method: record for record in load_records(folder / 'reports' / 'records')}


def counts(folder, *methods):
    """Every pixel count of a run, by method: those named, or all."""
    found = records(folder)
    assert {record.status.value for record in found.values()} == {'done'}
    assert all(record.confusion for record in found.values())
    return {name: (record.confusion, record.confusion_per_image) for name, record in found.items()
            if not methods or name in methods}


def stage(record, name):
    """One stage of a record."""
    return next(stage for stage in record.stages if stage.name == name)
