"""Tests of loading backbone weights."""

import os
import pickle
import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from zs_methods.hashes import file_sha256
from zs_methods.models import MobileNetV2
from zs_methods.models.weights import check_weights, load_backbone, read_checkpoint
from zs_methods.registry import MODELS as REGISTRY

MODELS = Path(__file__).parents[3] / 'configs/_base_/models'


class Net(nn.Module):
    """Two convolutions with normalisation under torchvision-like names."""

    unused_weights = ('tail.',)

    def __init__(self, norm_eval=True, width=4):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 1), nn.BatchNorm2d(width)
        self.norm_eval = norm_eval


@pytest.fixture
def state():
    torch.manual_seed(0)
    net = Net()
    for value in net.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.5, 2)
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(net, state):
    return all(torch.allclose(net.state_dict()[name], value) for name, value in state.items() if name != 'x')


@pytest.mark.parametrize('suffix', ['.pth', '.pt', '.pth.tar'])
@pytest.mark.parametrize('wrap', [
    lambda s: s,
    lambda s: {'state_dict': {f'module.{k}': v for k, v in s.items()}, 'epoch': 3, 'arch': 'resnet101'},
    lambda s: {'model': {f'module.backbone.{k}': v for k, v in s.items()}},
    lambda s: {**s, 'fc.weight': torch.zeros(1000, 4), 'fc.bias': torch.zeros(1000)},
    lambda s: {k: v.half() for k, v in s.items() if 'num_batches' not in k} | {'tail.weight': torch.zeros(1)},
], ids=['plain', 'module', 'backbone', 'classifier', 'half'])
def test_checkpoints_of_all_kinds(state, tmp_path, suffix, wrap):
    file = tmp_path / f'weights{suffix}'
    torch.save(wrap(state), file)
    net = Net()
    summary = load_backbone(net, file, file_sha256(file))
    assert all(torch.allclose(net.state_dict()[name].float(), value.float(), atol=1e-3)
               for name, value in state.items())
    assert net.conv1.weight.dtype == torch.float32
    assert summary['source'] == file.name
    assert summary['tensors'] == 11
    assert summary['folded_norms'] == 0
    assert set(summary['dropped']) <= {'fc.', 'tail.'}


def test_npz_in_half_precision(state, tmp_path):
    np.savez(tmp_path / 'w.npz', **{k: v.numpy().astype(np.float16) for k, v in state.items()},
             **{'classifier.1.weight': np.zeros((1000, 4), np.float16)})
    net = Net()
    assert load_backbone(net, tmp_path / 'w.npz')['dropped'] == ['classifier.']
    torch.testing.assert_close(net.conv1.weight.data, state['conv1.weight'], atol=1e-3, rtol=0)


def test_numpy_scalars_beside_the_weights_are_let_through(state, tmp_path):
    if not hasattr(torch.serialization, 'safe_globals'):
        pytest.skip('this torch cannot let single types through')
    torch.save({'state_dict': state, 'best_pred': np.float64(0.5)}, tmp_path / 'w.pth')
    assert load_backbone(Net(), tmp_path / 'w.pth')['tensors'] == 11


def test_every_key_that_does_not_fit_is_listed(state, tmp_path):
    del state['conv2.bias']
    state['layer9.weight'] = torch.zeros(2)
    state['conv1.weight'] = torch.zeros(4, 3, 1, 1)
    torch.save(state, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'^w.pth does not fit Net: 1 missing: conv2.bias; 1 not part of it: '
                       r'layer9.weight; 1 of another shape: conv1.weight \(4, 3, 1, 1\) instead of \(4, 3, 3, 3\)$'):
        load_backbone(Net(), tmp_path / 'w.pth')


def test_long_lists_are_cut(tmp_path):
    torch.save({f'x{i:02}': torch.zeros(1) for i in range(30)}, tmp_path / 'w.pth')
    with pytest.raises(ValueError) as error:
        load_backbone(Net(), tmp_path / 'w.pth')
    assert 'x09 and 20 more' in str(error.value)
    assert 'x10' not in str(error.value)


def test_nothing_is_loaded_if_something_does_not_fit(state, tmp_path):
    del state['bn2.weight']
    torch.save(state, tmp_path / 'w.pth')
    net = Net()
    before = net.conv1.weight.clone()
    with pytest.raises(ValueError, match='missing'):
        load_backbone(net, tmp_path / 'w.pth')
    assert torch.equal(net.conv1.weight, before)


@pytest.mark.parametrize('statistics', [False, True])
def test_folded_normalisation_acts_as_scale_and_shift(state, tmp_path, statistics):
    for name in ('bn1', 'bn2'):
        for part in ('running_mean', 'running_var', 'num_batches_tracked'):
            del state[f'{name}.{part}']
        if statistics:
            state[f'{name}.running_mean'], state[f'{name}.running_var'] = torch.zeros(4), torch.full((4,), 0.99999)
    torch.save(state, tmp_path / 'w.pth')
    net = Net().eval()
    assert load_backbone(net, tmp_path / 'w.pth')['folded_norms'] == 2
    x = torch.randn(2, 4, 3, 3)
    scale, shift = state['bn1.weight'][:, None, None], state['bn1.bias'][:, None, None]
    torch.testing.assert_close(net.bn1(x), x * scale + shift)
    with pytest.raises(ValueError, match=r'w.pth: batch normalisation is folded .* e.g. bn1; .* norm_eval=True'):
        load_backbone(Net(norm_eval=False), tmp_path / 'w.pth')


def test_an_untrained_network_is_not_folded(tmp_path):
    torch.save(Net().state_dict(), tmp_path / 'w.pth')
    assert load_backbone(Net(norm_eval=False), tmp_path / 'w.pth')['folded_norms'] == 0


class Evil:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize('how', ['torch', 'legacy', 'pickle'])
def test_a_file_that_would_run_code_is_refused_unread(state, tmp_path, how):
    content, file = {'state_dict': state, 'extra': Evil(tmp_path / 'ran')}, tmp_path / 'evil.pth'
    if how == 'pickle':
        file.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=how == 'torch')
    with pytest.raises(ValueError, match=r'evil.pth: (refused, .* could|.* without) run(ning)? code') as error:
        load_backbone(Net(), file)
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'ran').exists()


def test_an_npz_that_would_run_code_is_refused_unread(tmp_path):
    np.savez(tmp_path / 'evil.npz', **{'conv1.weight': np.array([Evil(tmp_path / 'ran')], dtype=object)})
    with pytest.raises(ValueError, match=r'evil.npz: not an .npz of plain arrays'):
        load_backbone(Net(), tmp_path / 'evil.npz')
    assert not (tmp_path / 'ran').exists()


def test_damaged_npz_files_are_one_line(state, tmp_path):
    file, rng = tmp_path / 'w.npz', np.random.default_rng(0)
    for save in (np.savez, np.savez_compressed):
        save(file, **state)
        content = file.read_bytes()
        for cut in (10, len(content) // 2, len(content) - 5):
            file.write_bytes(content[:cut])
            with pytest.raises(ValueError, match=r'w.npz: not an .npz of plain arrays, or damaged'):
                load_backbone(Net(), file)
        for _ in range(100):
            damaged = bytearray(content)
            damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
            file.write_bytes(damaged)
            try:
                load_backbone(Net(), file)
            except ValueError as error:
                assert 'w.npz' in str(error) and '\n' not in str(error)


@pytest.mark.parametrize('array', [
    np.zeros(2, [('x', 'f4')]), np.array(['1.5']), np.array([1j]), np.array([None]),
], ids=lambda array: str(array.dtype))
def test_arrays_that_are_no_numbers(tmp_path, array):
    np.savez(tmp_path / 'w.npz', x=array)
    with pytest.raises(ValueError, match=r'w.npz: not an .npz of plain arrays, or damaged: ') as error:
        load_backbone(Net(), tmp_path / 'w.npz')
    assert '\n' not in str(error.value)


def test_an_npy_named_npz(tmp_path):
    with (tmp_path / 'w.npz').open('wb') as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r'w.npz: not an .npz of plain arrays, or damaged: it is a single array$'):
        load_backbone(Net(), tmp_path / 'w.npz')


def test_two_entries_of_one_name(state, tmp_path):
    torch.save({**state, 'module.bn1.weight': state['bn1.weight'] + 1}, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'^w.pth: two entries for bn1.weight, with and without module. or backbone.$'):
        load_backbone(Net(), tmp_path / 'w.pth')


def test_a_checkpoint_that_contains_itself(tmp_path):
    content = {}
    content['state_dict'] = content
    torch.save(content, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'^w.pth does not fit Net: '):
        load_backbone(Net(), tmp_path / 'w.pth')


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('w.pth', b'hello', 'w.pth: '), ('w.pth', b'', 'w.pth: '), ('w.npz', b'hello', r'w.npz: not an .npz'),
    ('w.onnx', b'', r'w.onnx: weights are read from .pth'),
])
def test_other_files_are_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        load_backbone(Net(), tmp_path / name)
    assert '\n' not in str(error.value)


def test_a_file_that_is_not_there_or_has_changed(state, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none.pth: no such file'):
        load_backbone(Net(), tmp_path / 'none.pth')
    torch.save(state, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match='has changed'):
        load_backbone(Net(), tmp_path / 'w.pth', sha256='0' * 64)
    torch.save(torch.zeros(3), tmp_path / 'tensor.pth')
    with pytest.raises(ValueError, match='a state dict is expected, the file holds a Tensor'):
        read_checkpoint(tmp_path / 'tensor.pth')


@pytest.mark.parametrize(('name', 'url'), [
    ('torchvision://resnet101', 'https://download.pytorch.org/models/resnet101-63fe2227.pth'),
    ('torchvision://resnet101.IMAGENET1K_V2', 'https://download.pytorch.org/models/resnet101-cd907fc2.pth'),
    ('torchvision://mobilenet_v2', 'https://download.pytorch.org/models/mobilenet_v2-b0353104.pth'),
    ('open-mmlab://resnet101_v1c',
     'https://download.openmmlab.com/pretrain/third_party/resnet101_v1c-e67eebb6.pth'),
])
def test_weights_by_name(state, monkeypatch, name, url):
    asked = {}

    def download(url, **options):
        asked.update(options, url=url)
        return state

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', download)
    assert load_backbone(Net(), name)['source'] == name
    assert asked['url'] == url
    assert asked['weights_only'] and asked['check_hash']


@pytest.mark.parametrize('name', ['torchvision://resnet1000', 'torchvision://resnet101.V9', 'open-mmlab://nothing',
                                  'https://example.org/x.pth'])
def test_unknown_names(name):
    with pytest.raises(ValueError, match=f'unknown weights {re.escape(repr(name))}'):
        load_backbone(Net(), name)


def test_a_failed_download_says_what_to_do(monkeypatch):
    def fail(*_, **__):
        from urllib.error import URLError
        raise URLError('no route\nto host')

    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', fail)
    with pytest.raises(OSError, match=r'cannot download torchvision://resnet101 .*no route to host.* '
                       r'--backbone-weights FILE, or --backbone-weights none'):
        load_backbone(Net(), 'torchvision://resnet101')


@pytest.fixture(scope='module')
def resnet101():
    config = Config.fromfile(MODELS / 'deeplabv3plus_r101-d16.py').model.backbone.to_dict()
    with DefaultScope.overwrite_default_scope('mmseg'), torch.device('meta'):
        network = REGISTRY.build({**config, 'init_cfg': None})
    return config, {key: torch.empty(value.shape) for key, value in network.state_dict().items()}


def test_planning_checks_the_file_quickly(resnet101, tmp_path):
    config, state = resnet101
    torch.save({f'module.{key}': torch.zeros(()).expand(value.shape) for key, value in state.items()},
               tmp_path / 'w.pth')
    before, start, generator = dict(config), time.perf_counter(), torch.random.get_rng_state()
    assert check_weights(config, tmp_path / 'w.pth') is None
    assert time.perf_counter() - start < 5  # about 1 where nothing else runs
    assert config == before and torch.equal(torch.random.get_rng_state(), generator)


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('w.pth', {'conv1.weight': torch.zeros(64, 3, 3, 3)}, r'^w.pth does not fit ResNet: 519 missing: .* instead of'),
    ('w.pth', [1], 'w.pth: a state dict is expected, the file holds a list'),
    ('w.npz', [1], 'w.npz: not an .npz'),
    ('none.pth', None, 'none.pth: no such file'),
    ('w.onnx', [1], 'w.onnx: weights are read from .pth'),
])
def test_planning_refuses_what_loading_would(resnet101, tmp_path, name, content, message):
    if content is not None:
        torch.save(content, tmp_path / name)
    with pytest.raises(ValueError, match=message) as error:
        check_weights(resnet101[0], tmp_path / name)
    assert '\n' not in str(error.value)


def test_planning_builds_what_cannot_be_built_without_memory(tmp_path):
    class OnlyReal(Net):
        def __init__(self, init_cfg=None):
            super().__init__()
            self.conv1.weight.sum().item()

    torch.save(Net().state_dict(), tmp_path / 'w.pth')
    REGISTRY.register_module(name='OnlyReal', module=OnlyReal, force=True)
    check_weights({'type': 'zs_methods.OnlyReal'}, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=r'^model.backbone: zs_methods.Nothing cannot be built: ') as error:
        check_weights({'type': 'zs_methods.Nothing'}, tmp_path / 'w.pth')
    assert '\n' not in str(error.value)


def test_planning_downloads_nothing(monkeypatch):
    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', lambda *_, **__: pytest.fail('downloads'))
    for name in ('torchvision://resnet101', 'torchvision://resnet101.IMAGENET1K_V2', 'open-mmlab://resnet101_v1c'):
        check_weights({}, name)
    for name in ('torchvision://resnet1000', 'open-mmlab://nothing', 'https://example.org/x.pth'):
        with pytest.raises(ValueError, match=f'unknown weights {re.escape(repr(name))}; torchvision://NAME and'):
            check_weights({}, name)


def test_real_mobilenet_weights():
    root = os.environ.get('GZS3_SHARED_DATA')
    if not root:
        pytest.skip('GZS3_SHARED_DATA does not name the folder with real data')
    net = MobileNetV2().train()
    summary = load_backbone(net, Path(root) / 'weights/mobilenet_v2_imagenet_tvkeys_fp16.npz')
    assert summary['dropped'] == ['classifier.', 'features.18.']
    assert summary['folded_norms'] == 51
    assert summary['tensors'] == 51 * 5
    with torch.no_grad():
        low, high = net(torch.rand(1, 3, 96, 96) * 2 - 1)
    assert torch.isfinite(low).all() and torch.isfinite(high).all()
    with pytest.raises(ValueError, match='norm_eval=True'):
        load_backbone(MobileNetV2(norm_eval=False), Path(root) / 'weights/mobilenet_v2_imagenet_tvkeys_fp16.npz')
