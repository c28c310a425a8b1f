"""Launches the methods of ``plugins/launched.py``, in this process or as a program of its own.

``python tests/launching.py FOLDER METHODS SEEDS [options of run.py]`` also tells what a cell takes: for what a launcher
adds, compare ``one launched_ok 200 --launcher inline`` with ``other launched_ok 200 --launcher ray --workers 1``.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from mmengine.config import ConfigDict
from rich.console import Console

PLUGIN = Path(__file__).parent / 'plugins' / 'launched.py'
NETWORK = dict(model='tiny', backbone='toy', weights='none', pretraining='none')


def cells(folder, methods, seeds):
    """The plan: every seed of every method, on data that nobody reads."""
    from benchmark.planning.methods import load_plugins
    from benchmark.planning.plan import plan_cell
    from zs_methods.protocols import PROTOCOLS
    from zs_methods.registry import METHODS
    from zs_methods.task import Task

    load_plugins([PLUGIN])
    task, card = Task.create('shapes', 2, folder / 'no_data'), PROTOCOLS['zs3-clean']
    return [plan_cell(METHODS.get(name)(ConfigDict(network=NETWORK), task, card), name, task, seed, {})
            for seed in seeds for name in methods]


def launch_toys(folder, methods, seeds, *words, plan=None, quiet=True):
    """Runs cells with options of ``run.py``; returns records by (method, seed)."""
    from benchmark.commands.arguments import Parser
    from benchmark.commands.requests import add_arguments, run_options_of
    from benchmark.launchers.launch import launch
    from benchmark.running.progress import Reporter

    parser = Parser()
    add_arguments(parser)
    args = parser.parse_args(['--plugin', str(PLUGIN), '--device', 'cpu', '--work-dir', str(folder / 'work'),
                              '--reports', str(folder / 'reports'), *map(str, words)])
    plan = cells(folder, methods, seeds) if plan is None else plan
    with Reporter(Console(quiet=quiet, width=200), len(plan)) as reporter:
        records = launch(plan, run_options_of(args), reporter, {'argv': ['run.py']})
    return {(record.cell.method, record.cell.seed): record for record in records}


def between(folder):
    """Milliseconds per cell from the first record to the last, without the start of the launcher."""
    times = sorted(path.stat().st_mtime for path in (folder / 'reports' / 'records').glob('*.json'))
    return 1000 * (times[-1] - times[0]) / max(len(times) - 1, 1)


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder, names, seeds = Path(sys.argv[1]), sys.argv[2].split(','), range(int(sys.argv[3]))
    plan, started = cells(folder, names, seeds), time.perf_counter()
    found = launch_toys(folder, names, seeds, *sys.argv[4:], plan=plan, quiet=False)
    took = time.perf_counter() - started
    print(f'{took:.1f} s, {between(folder):.0f} ms per cell after the first')
    print(json.dumps({f'{name} {seed}': record.status.value for (name, seed), record in found.items()}))
