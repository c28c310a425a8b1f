"""Shared fixtures: a micro version of the embedded data set, and a quick way to run a recipe."""

import json
import sys
import warnings

import pytest
from micro_settings import MICRO

import zs_methods.methods
import zs_methods.methods.registered
import zs_methods.stages  # noqa: F401  registers what the fixtures copy
from zs_methods.datasets.micro import write_micro
from zs_methods.registry import METHODS, MODELS, STAGES


@pytest.fixture(scope='session')
def micro_root(tmp_path_factory):
    """A data root whose `shapes` has 60 training and 8 validation images."""
    root = tmp_path_factory.mktemp('data')
    write_micro(root / 'shapes', {'train': 60, 'val': 8, 'unlabelled': 4})
    return root


@pytest.fixture
def micro_options():
    """MICRO as command-line words; only settings that the named methods have."""
    def options(*prefixes):
        return [f'{key}={value}' for key, value in MICRO.items()
                if key.split('.')[0] in (*prefixes, 'train_cfg', 'train_dataloader', 'classifier', 'features')]
    return options


@pytest.fixture(scope='session')
def run_recipe(micro_root, tmp_path_factory):
    """Runs a method's stages on the micro data set without the harness; returns the folders by stage name."""
    from zs_methods.configs import has_key, load_config
    from zs_methods.methods import Method
    from zs_methods.protocols import PROTOCOLS
    from zs_methods.registry import METHODS, STAGES
    from zs_methods.stages import StageContext
    from zs_methods.task import Task

    def run(name, k=2, seed=0, protocol='zs3-clean', inputs=None, **options):
        task = Task.create('shapes', k, micro_root, PROTOCOLS[protocol])
        config = load_config(name, 'shapes', 'tiny')
        chosen = {key: value for key, value in {**MICRO, **options}.items() if has_key(config, key)}
        assert set(options) <= set(chosen)
        config.merge_from_dict(chosen)
        method: Method = METHODS.get(name)(config, task, PROTOCOLS[protocol])
        folders = dict(inputs or {})
        for spec in method.stages():
            if spec.name in folders:
                continue
            out = tmp_path_factory.mktemp(spec.name)
            settings = dict(spec.config)
            stage = STAGES.get(settings.pop('type'))(**settings)
            summary = stage.run(StageContext(task, dict(folders), out, seed))
            (out / 'summary.json').write_text(json.dumps(summary))
            folders[spec.name] = out
        return folders

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield run


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
