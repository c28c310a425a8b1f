"""Tests of the MobileNetV2 backbone."""

import pytest
import torch
from torch import nn

from zs_methods.models import MobileNetV2
from zs_methods.registry import MODELS


@pytest.fixture(scope='module')
def backbone():
    return MODELS.build(dict(type='zs_methods.MobileNetV2'))


@pytest.mark.parametrize('size', [(64, 96), (65, 83)])
def test_outputs_at_stride_4_and_16(backbone, size):
    with torch.no_grad():
        low, high = backbone.eval()(torch.randn(2, 3, *size))
    assert low.shape == (2, 24, -(-size[0] // 4), -(-size[1] // 4))
    assert high.shape == (2, 320, -(-size[0] // 16), -(-size[1] // 16))


def test_names_and_shapes_are_those_of_torchvision(backbone):
    from torchvision.models import mobilenet_v2
    with torch.device('meta'):
        expected = mobilenet_v2(weights=None).state_dict()
    own = backbone.state_dict()
    assert {name: value.shape for name, value in own.items()} == {
        name: value.shape for name, value in expected.items()
        if not name.startswith(('classifier.', *MobileNetV2.unused_weights))}


def test_only_the_last_stage_differs_from_torchvision(backbone):
    """At stride 16 with dilation, a pixel of the output sees what the pixel of the original at stride 32 sees."""
    from torchvision.models import mobilenet_v2
    original = mobilenet_v2(weights=None).features[:18].eval()
    original.load_state_dict({name.removeprefix('features.'): v for name, v in backbone.state_dict().items()})
    image = torch.randn(1, 3, 160, 160)
    with torch.no_grad():
        expected, (_, actual) = original(image), backbone.eval()(image)
    assert actual.shape[2:] == (10, 10)
    torch.testing.assert_close(actual[..., ::2, ::2], expected)
    strides = [m.stride[0] for m in backbone.features.modules() if isinstance(m, nn.Conv2d)]
    assert torch.tensor(strides).prod() == 16


def test_frozen_normalisation_stays_frozen_in_training(backbone):
    backbone.train()
    norms = [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]
    backbone(torch.randn(2, 3, 64, 64) + 3)[1].sum().backward()
    assert not any(norm.training for norm in norms)
    assert all(norm.weight.grad is None and norm.bias.grad is None for norm in norms)
    assert all(torch.equal(old, norm.running_mean) for old, norm in zip(before, norms, strict=True))
    assert backbone.features[0][0].weight.grad.abs().sum() > 0


def test_normalisation_can_be_trained():
    backbone = MobileNetV2(norm_eval=False).train()
    before = backbone.features[0][1].running_mean.clone()
    backbone(torch.randn(2, 3, 64, 64) + 3)[1].sum().backward()
    assert backbone.features[0][1].weight.grad is not None
    assert not torch.equal(before, backbone.features[0][1].running_mean)
