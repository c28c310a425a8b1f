"""Tests of zs_methods/models/zs3_checkpoint.py."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from zs3_original import random_generator, random_images, random_network

import zs_methods  # noqa: F401  (before mmseg's models)
from zs_methods.models import GMMNGenerator
from zs_methods.models.zs3_checkpoint import (
    CheckpointError,
    ZS3Checkpoint,
    generator_config,
    generator_weights,
    network_weights,
)
from zs_methods.registry import MODELS

CONFIG = Path(__file__).parents[3] / 'configs/_base_/models/deeplabv3plus_r101-d16.py'
#: 21 cells at stride 16: wide enough for the dilations 12 and 18 to reach beyond the centre of their kernels.
WIDE = (65, 321)


def build(classes=21, device='cpu', dilations=(1, 6, 12, 18)):
    """Our network of the paper, with weights that nothing in the test depends on."""
    config = Config.fromfile(CONFIG).model
    config.backbone.init_cfg = None
    assert tuple(config.decode_head.dilations) == (1, 6, 12, 18)
    config.decode_head.update(num_classes=classes, dilations=dilations)
    with DefaultScope.overwrite_default_scope('mmseg'), torch.device(device):
        return MODELS.build(config).eval()


@pytest.fixture(scope='module')
def meta():
    """Names and shapes of our network."""
    return build(device='meta')


@pytest.fixture(scope='module')
def ours():
    """Our network with the original's weights."""
    network = build()
    network.load_state_dict(network_weights(checkpoint(random_network().state_dict()), network))
    return network


@pytest.fixture
def tensors():
    """The original's state dict, to be changed."""
    return dict(random_network().state_dict())


def checkpoint(network=None, generator=None):
    return ZS3Checkpoint(Path('a.pth'), network or {}, generator or {})


def saved(path, content, **options):
    torch.save(content, path, **options)
    return path


# ---------------------------------------------------------------------------------------------- parity of the network


@pytest.mark.parametrize('size', [(97, 129), (64, 96), (65, 65), (130, 71), WIDE])
@torch.no_grad()
def test_logits_at_stride_4_are_the_originals(ours, size):
    images = random_images(2, *size, seed=1)
    expected = random_network().small_logits(images)
    logits = ours.decode_head(ours.backbone(images))
    assert logits.shape == expected.shape
    assert 1 < expected.std() < 20  # large enough for an absolute tolerance to mean something
    assert (logits - expected).abs().max() <= 1e-4


@pytest.mark.parametrize('size', [(97, 129), (64, 96), WIDE])
@torch.no_grad()
def test_logits_at_the_input_size_are_the_originals(ours, size):
    images = random_images(2, *size, seed=2)
    expected = random_network()(images)
    logits = ours.encode_decode(images, [dict(img_shape=size, ori_shape=size, pad_shape=size)] * 2)
    assert logits.shape == expected.shape == (2, 21, *size)
    assert expected.std() > 1
    assert (logits - expected).abs().max() <= 1e-4


@torch.no_grad()
def test_every_tensor_matters_in_the_comparison(ours):
    """The parity test would see a wrong tensor: changing any one of a sample changes the original's logits."""
    images, original = random_images(1, 97, 129, seed=3), random_network()
    expected, changed = original.small_logits(images), deepcopy(original)
    names = ['backbone.layer4.0.downsample.1.running_mean', 'backbone.layer3.22.bn3.bias', 'backbone.bn1.running_var',
             'aspp.aspp4.atrous_conv.weight', 'aspp.global_avg_pool.2.running_var', 'decoder.last_conv.1.running_mean',
             'decoder.bn1.weight']
    for name in names:
        tensor = changed.state_dict()[name]
        before = tensor.clone()
        tensor.mul_(1.1)
        assert (changed.small_logits(images) - expected).abs().max() > 1e-2, name
        tensor.copy_(before)


@torch.no_grad()
def test_dilations_matter_in_the_comparison(ours):
    swapped, images = build(dilations=(1, 6, 18, 12)), random_images(1, *WIDE, seed=1)
    swapped.load_state_dict(ours.state_dict())
    difference = swapped.decode_head(ours.backbone(images)) - random_network().small_logits(images)
    assert difference.abs().max() > 1e-2


@torch.no_grad()
def test_features_are_those_in_front_of_the_originals_classifier(ours):
    images, original, seen = random_images(1, 65, 97, seed=4), random_network(), []
    hook = original.decoder.pred_conv.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    original(images)
    hook.remove()
    torch.testing.assert_close(ours.decode_head.forward_features(ours.backbone(images)), seen[0], rtol=0, atol=1e-4)


def test_every_tensor_is_used_once(meta, tensors):
    translated = network_weights(checkpoint(tensors), meta)
    assert len(translated) == len(tensors) == len(meta.state_dict())
    assert sorted(map(id, translated.values())) == sorted(map(id, tensors.values()))


def test_the_classes_of_another_data_set():
    assert len(network_weights(checkpoint(random_network(60).state_dict()), build(60, 'meta'))) == 680
    random_network.cache_clear()


# ---------------------------------------------------------------------------------------------- parity of the generator


def test_the_generator_without_dropout_is_the_originals():
    original = random_generator()
    source = checkpoint(generator=original.state_dict())
    generator = GMMNGenerator(**{**_arguments(generator_config(source, 300, 256)), 'dropout': 0.0})
    generator.load_state_dict(generator_weights(source, generator))
    assert sum(p.numel() for p in generator.parameters()) == 219_648
    vectors = torch.randn(7, 50, 300)
    noise = torch.rand(7, 50, 300, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        features = generator(vectors, torch.Generator().manual_seed(3))
        expected = original(vectors, noise)
    assert expected.std() > 1
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-4)


def test_the_generators_published_dropout_is_kept():
    config = generator_config(checkpoint(generator=random_generator().state_dict()), 300, 256)
    assert config == dict(type='zs_methods.GMMNGenerator', vector_dim=300, feature_dim=256, noise_dim=300,
                          hidden_dim=256, noise='uniform', dropout=0.5)


def test_a_generator_for_other_vectors_or_features():
    source = checkpoint(generator=random_generator(vectors=600).state_dict())
    with pytest.raises(CheckpointError, match=r'class vectors of length 600, the word vectors have length 300$'):
        generator_config(source, 300, 256)
    assert generator_config(source, 600, 256)['vector_dim'] == 600
    with pytest.raises(CheckpointError, match=r'features of length 256, the classifier takes 128$'):
        generator_config(source, 600, 128)


def test_not_a_generator():
    with pytest.raises(CheckpointError, match=r'a\.pth: no generator of two linear layers.*but gcn1\.weight$'):
        generator_config(checkpoint(generator={'gcn1.weight': torch.zeros(2, 2)}), 300, 256)
    source = checkpoint(generator={**random_generator().state_dict(), 'model.5.weight': torch.zeros(1)})
    generator = GMMNGenerator(**_arguments(generator_config(source, 300, 256)))
    with pytest.raises(CheckpointError, match=r"not ZS3Net's generator: left over model\.5\.weight$"):
        generator_weights(source, generator)


def _arguments(config):
    return {name: value for name, value in config.items() if name != 'type'}


# ---------------------------------------------------------------------------------------------- what does not fit


def test_tensors_left_over_and_missing_are_listed(meta, tensors):
    tensors['decoder.extra.weight'] = tensors.pop('aspp.aspp3.bn.running_var')
    tensors['backbone.fc.bias'] = torch.zeros(1000)
    with pytest.raises(CheckpointError) as error:
        network_weights(checkpoint(tensors), meta)
    assert str(error.value) == ("a.pth: not ZS3Net's network: left over backbone.fc.bias, decoder.extra.weight; "
                                'missing aspp.aspp3.bn.running_var')


def test_long_lists_are_cut(meta, tensors):
    half = {name: value for name, value in tensors.items() if not name.startswith('aspp.')}
    with pytest.raises(CheckpointError, match=r'missing aspp\.aspp1\.atrous_conv\.weight, .* and 20 more$') as error:
        network_weights(checkpoint(half), meta)
    assert str(error.value).count(',') == 9
    with pytest.raises(CheckpointError, match=r'left over .* and 90 more; missing .* more$'):
        network_weights(checkpoint({f'x{i}.weight': torch.zeros(1) for i in range(100)}), meta)


def test_another_shape(meta, tensors):
    tensors['decoder.conv1.weight'] = torch.zeros(32, 256, 1, 1)
    with pytest.raises(CheckpointError, match=r'decoder\.conv1\.weight is 32x256x1x1 instead of 48x256x1x1$'):
        network_weights(checkpoint(tensors), meta)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_values_that_are_not_finite(meta, tensors, value):
    tensors['aspp.bn1.running_var'] = torch.full((256,), value)
    with pytest.raises(CheckpointError, match=r'^a\.pth: NaN or infinite values in aspp\.bn1\.running_var$'):
        network_weights(checkpoint(tensors), meta)
    source = checkpoint(generator={**random_generator().state_dict(), 'model.3.bias': torch.full((256,), value)})
    with pytest.raises(CheckpointError, match=r'^a\.pth: NaN or infinite values in model\.3\.bias$'):
        generator_weights(source, GMMNGenerator(**_arguments(generator_config(source, 300, 256))))


def test_another_number_of_classes(meta):
    with pytest.raises(CheckpointError, match=r'^a\.pth: knows 33 classes, the data set has 21$'):
        network_weights(checkpoint({'decoder.pred_conv.weight': torch.zeros(33, 256, 1, 1)}), meta)


def test_counters_may_be_missing_and_halves_become_floats(meta, tensors):
    old = {name: value.half() for name, value in tensors.items() if not name.endswith('num_batches_tracked')}
    translated = network_weights(checkpoint(old), meta)
    assert {value.dtype for value in translated.values()} == {torch.float32, torch.int64}
    assert all(value == 0 for name, value in translated.items() if name.endswith('num_batches_tracked'))
    build().load_state_dict(translated)


# ---------------------------------------------------------------------------------------------- where the tensors lie


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('nested', [False, True])
@pytest.mark.parametrize('zipped', [True, False])
def test_places_of_the_state_dict(tmp_path, prefix, nested, zipped):
    tensors = {f'{prefix}decoder.conv1.weight': torch.ones(2)}
    content = {'epoch': 3, 'best_pred': 0.5, 'optimizer': {'state': {0: torch.zeros(1)}},
               'state_dict': tensors} if nested else tensors
    found = ZS3Checkpoint.load(saved(tmp_path / 'a.pth', content, _use_new_zipfile_serialization=zipped))
    assert list(found.network) == ['decoder.conv1.weight']
    assert not found.generator


@pytest.mark.parametrize('place', ['generator', 'state_dict_generator'])
def test_a_generator_beside_the_network(tmp_path, place):
    generator = {f'module.{name}': value for name, value in random_generator().state_dict().items()}
    for content in ({'state_dict': {'decoder.bn1.bias': torch.ones(2)}, place: generator},
                    {'decoder.bn1.bias': torch.ones(2), place: {'state_dict': generator}}):
        found = ZS3Checkpoint.load(saved(tmp_path / 'a.pth', content))
        assert (list(found.network), list(found.generator)) == (
            ['decoder.bn1.bias'], ['model.0.weight', 'model.0.bias', 'model.3.weight', 'model.3.bias'])


def test_a_generator_in_its_own_file(tmp_path, meta):
    generator = random_generator().state_dict()
    for content in (generator, {'epoch': 1, 'state_dict': generator}, {'generator': generator}):
        found = ZS3Checkpoint.load(saved(tmp_path / 'a.pth', content))
        assert len(found.generator) == 4
        with pytest.raises(CheckpointError, match=r'holds a generator, but no network$'):
            network_weights(found, meta)


@pytest.mark.parametrize(('content', 'reason'), [
    ([1, 2], 'holds a list, not a dict of tensors'),
    ({}, 'holds no tensors, but nothing'),
    ({'epoch': 3, 'state_dict': {}}, 'holds no tensors, but epoch, state_dict'),
    ({'state_dict': {'a.weight': torch.zeros(1), 'epoch': 3, 5: 1}}, 'entries beside the tensors: epoch, 5'),
    ({'a': torch.zeros(1), 'generator': 7}, 'a int where a state dict was expected'),
    ({'a.b': torch.zeros(1), 'module.a.b': torch.zeros(1)}, 'tensors of one name with and without "module."'),
    ({'generator': {'a': torch.zeros(1)}, 'state_dict_generator': {'a': torch.zeros(1)}}, 'holds two generators'),
])
def test_content_that_is_no_state_dict(tmp_path, content, reason):
    with pytest.raises(CheckpointError) as error:
        ZS3Checkpoint.load(saved(tmp_path / 'a.pth', content))
    assert reason in str(error.value)
    assert '\n' not in str(error.value)
