"""Tests of zs_methods.configs and its helpers, and of ``python -m zs_methods``."""

import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from zs_methods import config_files
from zs_methods.config_files import model_file
from zs_methods.configs import ConfigError, check_device, compose, compose_all, config_root
from zs_methods.hashes import file_sha256
from zs_methods.models import MobileNetV2
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task

ROOT = Path(__file__).resolve().parents[2]
CARD = PROTOCOLS['zs3-clean']


@pytest.fixture
def task(tmp_path):
    """A task whose images are not there; files may be added."""
    return lambda **files: Task.create('shapes', 2, tmp_path / 'no_data', CARD, files)


@pytest.fixture
def backbone(tmp_path):
    torch.save(MobileNetV2().state_dict(), tmp_path / 'mine.pth')
    return tmp_path / 'mine.pth'


def folders(root):
    for name in ('_base_', 'deeplab'):
        (root / name).mkdir(parents=True)
    return root


def test_a_checkout_has_its_configs_beside_the_package():
    assert config_root() == ROOT / 'configs'


def test_an_installed_package_has_its_own_whatever_lies_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(config_files, '_PACKAGE', tmp_path / 'zs_methods')
    (tmp_path / 'configs').mkdir()  # somebody else's, in site-packages
    with pytest.raises(FileNotFoundError, match=r'has no configs, neither in .*\.mim/configs nor in ') as error:
        config_root()
    assert len(str(error.value).splitlines()) == 1
    folders(tmp_path / 'configs')
    assert config_root() == tmp_path / 'configs'
    own = folders(tmp_path / 'zs_methods' / '.mim' / 'configs')
    assert config_root() == own


@pytest.mark.parametrize(('model', 'dataset', 'expected'), [
    ('r101', 'context', 'r101_context.py'), ('r101', 'mine', 'r101.py'), ('tiny', 'shapes', 'tiny.py'),
    ('mobilenetv2', 'voc', 'mobilenetv2.py')])
def test_a_model_has_a_config_for_a_data_set_or_for_all(model, dataset, expected):
    assert model_file(model, dataset).name == expected


def test_the_package_says_what_it_is(tmp_path):
    done = subprocess.run([sys.executable, '-W', 'ignore', '-m', 'zs_methods'], capture_output=True, text=True,
                          check=True, cwd=tmp_path, env={'PYTHONPATH': str(ROOT)})
    assert f'configs: {ROOT / "configs"}\n' in done.stdout
    assert f'harness: python {ROOT / "benchmark" / "run.py"} --help' in done.stdout
    for name in ('zs_methods 0.', 'torch 2.', 'mmengine 0.', 'mmsegmentation 1.', 'mmcv 2.'):
        assert name in done.stdout


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


def test_a_name_of_weights_is_that_of_the_config_or_ones_own(task):
    default = compose('zs3', task(), 'r101')
    assert default.config.backbone_weights == {'name': 'torchvision://resnet101'}
    assert default.network.pretraining == 'ImageNet-1k, all classes'
    other = compose('zs3', task(), 'r101', 'open-mmlab://resnet101_v1c')
    assert other.config.backbone_weights == {'name': 'open-mmlab://resnet101_v1c'}
    assert other.network.pretraining == 'not declared'
    none = compose('zs3', task(), 'r101', 'none')
    assert none.config.backbone_weights is None and (none.network.weights, none.network.pretraining) == ('none', 'none')
    assert compose('zs3', task(), 'r101', pretraining='secret').network.pretraining == 'secret'


@pytest.mark.parametrize('named', [True, False])
def test_a_file_of_weights_is_the_tasks(task, backbone, named):
    composed = compose('zs3', task(backbone=backbone), 'mobilenetv2', str(backbone) if named else None)
    assert composed.config.backbone_weights == {'name': 'mine.pth', 'sha256': file_sha256(backbone)}
    assert (composed.network.weights, composed.network.sha256) == ('mine.pth', file_sha256(backbone))
    assert composed.network.pretraining == 'not declared'


def test_weights_of_a_task_can_be_left_out(task, backbone):
    assert compose('zs3', task(backbone=backbone), 'mobilenetv2', 'none').network.sha256 == ''


def test_an_option_counts_for_the_methods_that_have_its_setting(task):
    found = compose_all(['zs3', 'zsmmd'], task(), options={'recursion.rounds': 2})
    assert {name: composed.applied for name, composed in found.items()} == {
        'zs3': {}, 'zsmmd': {'recursion.rounds': 2}}


@pytest.mark.parametrize(('choices', 'argument', 'parts'), [
    (dict(method='zs33'), '', ["unknown method 'zs33': did you mean 'zs3'?"]),
    (dict(model='r102'), '', ["unknown model 'r102': did you mean 'r101'? known: mobilenetv2, r101, tiny"]),
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


def test_weights_of_another_network_are_refused(task, backbone):
    with pytest.raises(ConfigError, match=r'mine\.pth does not fit ResNetV1c'):
        compose('zs3', task(backbone=backbone), 'tiny')


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


def test_a_device_must_do_what_is_asked(task, monkeypatch):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    mixed = compose('zs3', task(), options={'seen.amp': True}).config
    check_device(mixed, 'cuda')
    with pytest.raises(ConfigError, match=r'options seen\.amp=True: mixed precision needs a CUDA device'):
        check_device(mixed, 'cpu')
    check_device(compose('zs3', task(), processes=2).config, 'cuda')
    with pytest.raises(ConfigError, match='processes 3: this machine shows 2 GPUs'):
        check_device(compose('zs3', task(), processes=3).config, 'cuda')


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
