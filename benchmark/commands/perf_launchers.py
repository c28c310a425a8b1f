"""Launchers against each other: the same sweep, each time from the beginning; see ``perf launchers``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark import ROOT
from benchmark.errors import UsageError
from benchmark.records.files import load_records

RUN = ROOT / 'benchmark' / 'run.py'
#: The main job of the README.
COMMAND = ('--methods', 'zs3,zsmmd', '--ks', '2,4,6,8,10', '--device', 'cpu')


def launchers(data_root: Path, words: tuple[str, ...] = COMMAND) -> float:
    """The main job with the serial launcher and with two local workers, each cell on one thread in both.

    Returns:
        float: seconds of the serial sweep over seconds of the parallel one.

    Raises:
        UsageError: the sweeps do not agree to the pixel, or one fails.
    """
    seconds, found = {}, {}
    for name, more in (('serial', ()), ('local', ('--workers', '2'))):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, RUN, *words, '--data-root', data_root, '--launcher', name, *more,
                 '--work-dir', Path(folder, 'work'), '--reports', Path(folder, 'reports')], stdout=subprocess.DEVNULL)
            seconds[name] = time.perf_counter() - started
            if done.returncode:
                raise UsageError(f'the sweep with --launcher {name} failed')
            found[name] = {(r.cell.split, r.cell.method, r.cell.seed): (r.confusion, r.confusion_per_image)
                           for r in load_records(Path(folder) / 'reports' / 'records')}
        print(f'{name:<7} {seconds[name]:7.1f} s, {len(found[name])} cells', flush=True)
    if found['serial'] != found['local']:
        raise UsageError('the two sweeps differ')
    print('identical to the pixel')
    return seconds['serial'] / seconds['local']
