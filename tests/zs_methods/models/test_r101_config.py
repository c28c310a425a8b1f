"""Tests of configs/_base_/models/deeplabv3plus_r101-d16.py."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

import zs_methods  # noqa: F401  (before mmseg's models)
from zs_methods.registry import MODELS

CONFIG = Path(__file__).parents[3] / 'configs/_base_/models/deeplabv3plus_r101-d16.py'


@pytest.fixture(scope='module')
def config() -> Config:
    """The model's settings; it downloads nothing."""
    config = Config.fromfile(CONFIG).model
    assert 'init_cfg' not in config.backbone
    assert 'pretrained' not in config
    return config


@pytest.fixture(scope='module')
def model(config: Config) -> nn.Module:
    """The model, built as any mmseg config builds it."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(config).eval()


def test_layer4_dilations(model: nn.Module) -> None:
    blocks = model.backbone.layer4
    assert [block.conv2.dilation for block in blocks] == [(2, 2), (4, 4), (8, 8)]
    assert [block.conv2.padding for block in blocks] == [(2, 2), (4, 4), (8, 8)]
    assert {conv.dilation for conv in model.backbone.layer3.modules() if isinstance(conv, nn.Conv2d)} == {(1, 1)}


def test_stem_and_names_are_those_of_torchvision(model: nn.Module) -> None:
    torchvision = pytest.importorskip('torchvision')
    with torch.device('meta'):
        expected = torchvision.models.resnet101(weights=None).state_dict()
    shapes = {name: value.shape for name, value in model.backbone.state_dict().items()}
    assert shapes == {name: value.shape for name, value in expected.items() if not name.startswith('fc.')}


def test_exposed_features(model: nn.Module) -> None:
    with torch.no_grad():
        outputs = model.backbone(torch.randn(2, 3, 129, 129))
        features = model.decode_head.forward_features(outputs)
    assert [tuple(outputs[i].shape) for i in (0, 3)] == [(2, 256, 33, 33), (2, 2048, 9, 9)]
    assert features.shape == (2, 256, 33, 33)
    assert features.min() >= 0
    assert features.max() > 0


def test_training_crop(config: Config, model: nn.Module) -> None:
    crop = config.data_preprocessor.size
    with torch.no_grad():
        outputs = deepcopy(model.backbone).to('meta')(torch.empty(2, 3, *crop, device='meta'))
        features = deepcopy(model.decode_head).to('meta').forward_features(outputs)
    assert (outputs[0].shape[2:], outputs[3].shape[2:]) == ((78, 78), (20, 20))
    assert features.shape == (2, 256, 78, 78)


def test_architecture_is_the_published_one(model: nn.Module) -> None:
    head = model.decode_head
    layers = [getattr(model.backbone, f'layer{i}') for i in (1, 2, 3, 4)]
    assert [layer[0].conv2.stride[0] for layer in layers] == [1, 2, 2, 1]
    assert [branch.conv.dilation[0] for branch in head.aspp.branches] == [1, 6, 12, 18]
    assert [branch.conv.kernel_size[0] for branch in head.aspp.branches] == [1, 3, 3, 3]
    assert head.aspp.pool[1].norm is not None
    assert head.aspp.project.conv.in_channels == 5 * 256
    assert head.low.conv.out_channels == 48
    assert head.decoder[0].conv.in_channels == 304
    assert [head.aspp.dropout.p, head.decoder[1].p, head.dropout.p] == [0.5, 0.5, 0.1]
    assert head.align_corners
    assert (head.conv_seg.in_channels, head.conv_seg.bias is not None) == (256, True)


def test_loss_reaches_the_stem(model: nn.Module) -> None:
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.randint(21, (1, 65, 65)))) for _ in range(2)]
    losses = model.loss(torch.randn(2, 3, 65, 65), samples)
    losses['decode.loss_ce'].backward()
    assert model.backbone.conv1.weight.grad.abs().sum() > 0
