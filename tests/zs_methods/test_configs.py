"""Tests of zs_methods.configs."""

import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from mmengine.config import Config

from zs_methods.configs import ConfigError, compose, compose_all, config_root
from zs_methods.datasets.spec import available, load_spec
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task

ROOT = Path(__file__).resolve().parents[2]
CARD = PROTOCOLS['zs3-clean']


@pytest.fixture
def task(tmp_path):
    """A task whose images are not there; files may be added."""
    return lambda **files: Task.create('shapes', 2, tmp_path / 'no_data', CARD, files)


def test_a_weight_that_is_asked_for_takes_the_place_of_a_share(task):
    composed = compose('zs3', task(), options={'classifier.unseen_weight': 7})
    composed.plain.classifier.unseen_share = 0.8
    both = replace(composed, applied={**composed.applied, 'classifier.unseen_share': 0.5})
    assert [one.config.classifier.unseen_share for one in (composed, both)] == [None, 0.5]


def test_a_config_may_have_settings_for_one_split_and_options_replace_them(task):
    composed = compose('zs3', task(), options={'generator.samples': 5})
    composed.plain.splits = {task().split_name: {'classifier': {'unseen_weight': 7}, 'generator': {'samples': 6}}}
    classifier, generator = composed.on(task().split_name).classifier, composed.on(task().split_name).generator
    assert (classifier.unseen_weight, generator.samples) == (7, 5) and classifier.iterations > 1
    assert composed.on('shapes-k99').classifier.unseen_weight == composed.config.classifier.unseen_weight != 7
    assert composed.build(task(), PROTOCOLS['zs3-clean']).cfg.classifier.unseen_weight == 7


def test_sections_for_splits_name_splits_that_exist():
    """A name that is none would count nowhere, without a word."""
    names = {f'{name}-{split}'.removeprefix(f'{name}-' if split.startswith(f'{name}-') else '') for name in available()
             for split in [*(f'k{k}' for k in load_spec(name).ks), *load_spec(name).named_splits]}
    sections = {split for file in config_root().rglob('*.py') for split in Config.fromfile(file).get('splits', {})}
    assert sections <= names


def test_options_replace_settings_and_can_be_taken_back(task):
    composed = compose('zs3', task(), options={'classifier.unseen_weight': 7, 'model.decode_head.low_channels': 16})
    assert composed.config.classifier.unseen_weight == 7 and composed.config.model.decode_head.low_channels == 16
    before = composed.without('classifier.unseen_weight')
    assert before.config.classifier.unseen_weight == composed.plain.classifier.unseen_weight != 7
    assert list(before.applied) == ['model.decode_head.low_channels']


def test_what_a_method_does_to_its_settings_reaches_no_other(task):
    composed = compose('zs3', task())
    composed.build(task(), CARD).cfg.classifier.clear()
    assert composed.config.classifier and composed.build(task(), CARD).stages()


def test_the_card_says_what_the_network_is_and_starts_from(task):
    composed = compose('zs3', task(), options={'model.decode_head.low_channels': 16, 'classifier.unseen_weight': 7},
                       processes=2)
    card = composed.network
    assert (card.model, card.backbone, card.weights, card.sha256, card.pretraining) == (
        'tiny', 'ResNetV1c-18', 'none', '', 'none')
    assert card.changes == {'model.decode_head.low_channels': 16, 'processes': 2}
    assert composed.config.network == asdict(card) and composed.config.seen.processes == 2
    assert card.config == compose('joem', task()).network.config  # the DeepLab's, whatever a method makes of it
    assert card.config != compose('zs3', task(), 'mobilenetv2', 'none').network.config


def test_an_option_counts_for_the_methods_that_have_its_setting(task):
    found = compose_all(['zs3', 'zsmmd'], task(), options={'recursion.rounds': 2})
    assert {name: composed.applied for name, composed in found.items()} == {
        'zs3': {}, 'zsmmd': {'recursion.rounds': 2}}


@pytest.mark.parametrize(('choices', 'argument', 'parts'), [
    (dict(method='zs33'), '', ["unknown method 'zs33': did you mean 'zs3'?"]),
    (dict(model='r102'), '', ["unknown model 'r102': did you mean 'r101'? known: efficientnet_lite0, "]),
    (dict(model='gone.py'), 'model', ['model gone.py: no such file']),
    (dict(weights='gone.pth'), 'weights', ['weights gone.pth: no such file', 'torchvision://resnet101']),
    (dict(weights=__file__), 'weights', ["files={'backbone': "]),
    (dict(weights='torchvision://nonsense'), '', ["unknown weights 'torchvision://nonsense'"]),
    (dict(options={'clasifier.unseen_weight': 1}), 'options', [
        "'clasifier.unseen_weight'", "did you mean 'classifier.unseen_weight'?", 'top-level keys: backbone_weights, ']),
    (dict(options={'classifier.unseen_weight.deeper': 1}), 'options', ["'classifier.unseen_weight.deeper'"]),
    (dict(options={'recursion.rounds': 1}), 'options', ["'recursion.rounds'"]),
    (dict(options={'network.weights': 'better'}), 'options', ["'network.weights'"]),
])
def test_a_wrong_choice_is_one_line(task, choices, argument, parts):
    with pytest.raises(ConfigError) as error:
        compose(**{'method': 'zs3', 'task': task(), **choices})
    line = str(error.value)
    assert [part for part in parts if part not in line] == [] and len(line.splitlines()) == 1
    assert error.value.argument == argument and line == f'{argument} {error.value.problem}'.strip()


@pytest.mark.parametrize('text', ['', 'model = 5', 'model = (', "_base_ = ['gone.py']"])
def test_a_file_that_is_no_config_is_one_line(task, tmp_path, text):
    (tmp_path / 'mine.py').write_text(text)
    with pytest.raises(ConfigError, match=r"^config of 'zs3' on network '.*mine\.py'") as error:
        compose('zs3', task(), str(tmp_path / 'mine.py'))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(('key', 'value', 'fits'), [
    ('classifier.unseen_weight', 3, True), ('classifier.unseen_weight', 0.5, True),
    ('classifier.unseen_weight', '1OO', False), ('seen.channels_last', True, True), ('seen.channels_last', 1, False),
    ('classifier.unseen_weight', True, False), ('classifier.initial', 'uniform', True),
    ('classifier.optimizer', 'SGD', False), ('model.decode_head.dilations', [1, 2], True),
    ('model.pretrained', 'anything', True), ('train_pipeline.0.type', 3, False),
])
def test_a_value_must_be_of_the_kind_it_replaces(task, key, value, fits):
    if fits:
        assert compose('zs3', task(), options={key: value}).applied == {key: value}
    else:
        with pytest.raises(ConfigError, match=re.escape(f'options {key}={value}: ')):
            compose('zs3', task(), options={key: value})


def test_every_method_is_composed_for_every_network(task):
    for model in ('tiny', 'mobilenetv2', 'r101'):
        found = compose_all(sorted(set(METHODS.module_dict) - {'zs3_released'}), task(), model, 'none')
        assert all(composed.build(task(), CARD).stages()[-1].name == 'evaluate' for composed in found.values())


ALONE = """
import sys
sys.modules['benchmark'] = None
sys.path.insert(0, {folder!r})
import zs_methods
assert zs_methods.__file__.startswith({folder!r})
from pathlib import Path
from zs_methods.configs import compose
from zs_methods.datasets.micro import write_micro
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import STAGES
from zs_methods.stages import StageContext
from zs_methods.task import Task

folder, card = Path({folder!r}), PROTOCOLS['zs3-clean']
write_micro(folder / 'data' / 'shapes', dict(train=40, val=4, unlabelled=4))
task = Task.create('shapes', 2, folder / 'data', card)
method = compose('zs3', task, options={options!r}).build(task, card)
made = {{}}
for spec in method.stages():
    settings = dict(spec.config)
    out = folder / 'out' / spec.name
    out.mkdir(parents=True)
    summary = STAGES.get(settings.pop('type'))(**settings).run(StageContext(task, made, out, seed=0))
    made[spec.name] = out
print(*made, summary['metrics']['hiou'] if 'metrics' in summary else sorted(summary))
"""


def test_the_package_is_enough_to_compose_and_run_a_method(tmp_path):
    """The package and its configs in a folder of their own, where no harness can be imported."""
    for name in ('zs_methods', 'configs'):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns('__pycache__'))
    options = {'train_cfg.max_iters': 2, 'train_dataloader.batch_size': 4, 'generator.iterations': 3,
               'generator.samples': 8, 'classifier.iterations': 3, 'classifier.batch_size': 64, 'features.per_class': 8}
    code = ALONE.format(folder=str(tmp_path), options=options)
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, cwd=tmp_path,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('seen maps features generator classifier evaluate')
