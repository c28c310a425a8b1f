"""Fixtures of the harness tests."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from mmengine.config import ConfigDict
from rich.console import Console

import zs_methods.methods
import zs_methods.stages  # noqa: F401  registers what the fixtures copy
from benchmark import options
from benchmark.artifacts import ArtifactStore
from benchmark.plan import plan_cell
from benchmark.progress import Reporter
from benchmark.request import plan_cells
from benchmark.sweep import Sweep
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, MODELS, STAGES
from zs_methods.task import Task

NETWORK = dict(model='tiny', backbone='toy', weights='none', pretraining='none')
TOY_PLUGIN = Path(__file__).with_name('toy_plugin.py')


@pytest.fixture(autouse=True)
def _own_registries(monkeypatch):
    """What a test's plugins register is gone after the test."""
    before = set(sys.modules)
    for registry in (METHODS, MODELS, STAGES):
        monkeypatch.setattr(registry, '_module_dict', dict(registry.module_dict))
    yield
    for name in set(sys.modules) - before:
        if name.startswith('zs_plugin_'):
            del sys.modules[name]


@pytest.fixture
def toy():
    """The loaded toy plugin, a module."""
    options.load_plugin(TOY_PLUGIN)
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


@pytest.fixture
def store(tmp_path):
    """An artifact store that keeps its warnings in ``store.warnings``."""
    store = ArtifactStore(tmp_path / 'artifacts')
    store.warnings = []
    store.warn = store.warnings.append
    return store


@pytest.fixture
def sweep(store, tmp_path):
    """Makes a sweep that shares the store and the records folder with all others of the test."""
    def make(**settings):
        import torch
        fresh = ArtifactStore(store.root, store.warn)  # as in a new process, nothing is verified yet
        reporter = Reporter(Console(quiet=True), 1)
        return Sweep(fresh, tmp_path / 'records', torch.device('cpu'), reporter, {'argv': ['run.py']}, **settings)
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
    return lambda *arguments: plan_cells(options.parse(argv(*arguments)))


@pytest.fixture
def run_py(argv, monkeypatch):
    """Calls run.py in this process, on the CPU unless a device is given."""
    from benchmark.run import main

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')

    def call(*arguments):
        device = () if '--device' in arguments else ('--device', 'cpu')
        return main(argv(*arguments, *device))

    yield call
    signal.signal(signal.SIGTERM, before)
