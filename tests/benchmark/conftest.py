"""Fixtures of the harness tests."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from rich.console import Console

from benchmark.commands.arguments import Parser
from benchmark.commands.requests import add_arguments, request_of, run_options_of
from benchmark.launchers import build_launcher
from benchmark.launchers.scheduler import Scheduler
from benchmark.planning.cells import plan_cells
from benchmark.planning.methods import load_plugins
from benchmark.planning.plan import Needs, plan_cell
from benchmark.planning.run_options import RunOptions
from benchmark.running.cell import CellRunner
from benchmark.running.progress import Reporter
from benchmark.store.artifacts import ArtifactStore
from zs_methods.configs import load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, MODELS
from zs_methods.stages.network import save_network
from zs_methods.task import Task

NETWORK = dict(model='tiny', backbone='toy', weights='none', pretraining='none')
TOY_PLUGIN = Path(__file__).with_name('toy_plugin.py')


@pytest.fixture
def toy():
    """The loaded toy plugin, a module."""
    load_plugins([TOY_PLUGIN])
    module = sys.modules[METHODS.get('toy_ok').__module__]
    assert module.CALLS == []
    return module


@pytest.fixture
def task(tmp_path):
    return Task.create('shapes', 2, tmp_path / 'no_data')


@pytest.fixture
def cell(toy, task):
    """Makes a cell of a toy method."""
    def make(name, seed=0, variant=None):
        return plan_cell(METHODS.get(name)(ConfigDict(network=NETWORK), task, PROTOCOLS['zs3-clean']), name, task, seed,
                         variant or {})
    return make


@pytest.fixture(scope='session')
def untrained(tmp_path_factory):
    """The artifact of a tiny network as initialised: the folder of config.py and model.pth."""
    folder = tmp_path_factory.mktemp('model') / 'artifacts' / 'evaluate-abc'
    folder.mkdir(parents=True)
    config = load_config('zs3', 'shapes', 'tiny').to_dict()
    config['model']['decode_head']['num_classes'] = 21
    init_default_scope('mmseg')
    torch.manual_seed(0)
    save_network(folder, config, MODELS.build(config['model']).state_dict(), Task.create('shapes', 2, folder))
    return folder


@pytest.fixture
def store(tmp_path):
    """An artifact store that keeps its warnings in ``store.warnings``."""
    store = ArtifactStore(tmp_path / 'artifacts')
    store.warnings = []
    store.warn = store.warnings.append
    return store


@pytest.fixture
def sweep(store, tmp_path):
    """Makes a scheduler that runs cells in this process; all of the test share the store and the records folder."""
    class Telling(Reporter):
        def line(self, text):
            store.warn(text)
            super().line(text)

    def make(**settings):
        options = RunOptions(tmp_path, tmp_path / 'records', launcher='inline', **settings)
        runner = CellRunner(options, Telling(Console(quiet=True), 1), {'argv': ['run.py']})
        return Scheduler(runner, build_launcher(options, Needs(), options.jobs / 'own'))
    return make


@pytest.fixture
def untouched(tmp_path):
    """The folders given to every command line; they do not exist."""
    return {f'--{name}': tmp_path / 'new' / name for name in ('work-dir', 'reports', 'data-root')}


@pytest.fixture
def argv(untouched):
    """Completes a command line with `untouched` folders."""
    def complete(*arguments):
        arguments = list(map(str, arguments))
        for name, folder in untouched.items():
            if name not in arguments:
                arguments += [name, str(folder)]
        return arguments
    return complete


@pytest.fixture
def plan(argv):
    """Expands a command line to its cells."""
    def expand(*arguments):
        parser = Parser()
        add_arguments(parser)
        args = parser.parse_args(argv(*arguments))
        return plan_cells(request_of(args), run_options_of(args))
    return expand


@pytest.fixture
def run_py(argv, monkeypatch):
    """Calls run.py in this process, on the CPU unless a device is given."""
    from benchmark.commands.run import main

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')

    def call(*arguments):
        device = () if '--device' in arguments else ('--device', 'cpu')
        launcher = () if '--launcher' in arguments else ('--launcher', 'inline')
        return main(argv(*arguments, *device, *launcher))

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def toy_run(toy, run_py, monkeypatch):
    """Runs toy methods through run.py: no floor, no ceiling, no data set."""
    for bound in ('seen_only', 'oracle'):
        del METHODS.module_dict[bound]
    monkeypatch.setattr('benchmark.planning.data.prepare_data', lambda *_: {'argv': ['run.py']})
    return lambda methods, *words: run_py('--methods', methods, '--plugin', TOY_PLUGIN, *words)
