"""A small parallel sweep, killed at random moments until it is done, against a serial one that is left in peace."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.records.files import load_records

RUN = Path(__file__).parents[2] / 'benchmark' / 'run.py'
KILLS = 20
SETTINGS = ('train_cfg.max_iters=30', 'train_dataloader.batch_size=4', 'generator.iterations=60', 'generator.samples=8',
            'classifier.iterations=60', 'classifier.batch_size=64', 'features.per_class=8')
#: Sections of the page that hold results and no times.
TABLES = ('Seen, unseen and overall mIoU', 'Pixel accuracy')


@pytest.fixture
def command(micro_root):
    """A sweep of six cells that trains for real, with checkpoints every few iterations."""
    def build(folder, *launcher):
        return [sys.executable, str(RUN), '--methods', 'zs3', '--ks', '2', '--seeds', '0,1', '--device', 'cpu',
                '--data-root', str(micro_root), '--work-dir', str(folder / 'work'), '--reports',
                str(folder / 'reports'), '--launcher', *launcher, '--retry', '1000', '--checkpoint-every', '5',
                '--cfg-options', *SETTINGS]
    return build


def tables(reports):
    """The tables of results, as text."""
    sections = re.split(r'^### ', (reports / 'shapes' / 'numbers.md').read_text(), flags=re.MULTILINE)
    found = [section for section in sections if section.startswith(TABLES)]
    assert found
    return found


def confusions(reports):
    """Of every cell, the pixel counts of all images and of each one."""
    return {(record.cell.method, record.cell.seed): (record.confusion, record.confusion_per_image)
            for record in load_records(reports / 'records')}


def children(pid):
    """All living processes that a process has started, directly or not."""
    parents = {}
    for entry in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = entry.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if fields[0] != 'Z':
            parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, ahead = [], [pid]
    while ahead:
        new = parents.get(ahead.pop(), [])
        found += new
        ahead += new
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return 1
    except ProcessLookupError:
        return 0


def storm(command, chance, kills):
    """Starts the sweep until it ends well; kills its driver, a worker, or what serves the workers, now and then."""
    done, committed, artifacts = 0, {}, Path(command[command.index('--work-dir') + 1]) / 'artifacts'
    while True:
        driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        due = time.monotonic() + chance.uniform(4, 14)
        while driver.poll() is None:
            time.sleep(0.02)
            now = {path: (path / 'manifest.json').read_bytes() for path in artifacts.glob('[a-z]*-*')}
            assert all(now.get(path) == content for path, content in committed.items()), 'a finished stage was repeated'
            committed = now
            if done < kills and time.monotonic() > due:
                due = time.monotonic() + chance.uniform(0.5, 3)
                target = driver.pid if chance.random() < 0.3 else chance.choice(children(driver.pid) or [driver.pid])
                done += kill(target)
        output = driver.stdout.read()
        if driver.returncode == 0:
            return done
        assert driver.returncode == -signal.SIGKILL, output[-3000:]


@pytest.mark.slow
def test_killed_at_random_moments_a_sweep_ends_with_the_same_tables(command, tmp_path):
    chance = random.Random(5)
    subprocess.run(command(tmp_path / 'peace', 'serial'), check=True, stdout=subprocess.DEVNULL)
    peace = tmp_path / 'peace' / 'reports'
    kills, rounds = 0, 0
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / f'storm{rounds}'
        kills += storm(command(folder, 'local', '--workers', '2'), chance, KILLS - kills)
        assert tables(folder / 'reports') == tables(peace)
        assert confusions(folder / 'reports') == confusions(peace)
        assert [path for path in folder.rglob('*') if path.name.startswith('.') or 'partial' in path.name] == []
        assert list((folder / 'work' / 'jobs').iterdir()) == []
        records = load_records(folder / 'reports' / 'records')
        assert {record.status.value for record in records} == {'done'}
    print(f'{kills} kills in {rounds} sweeps')
