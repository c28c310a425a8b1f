"""Tests of configs/deeplab: what every config offers, and the published constants."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope, init_default_scope
from PIL import Image
from torch import nn

import zs_methods  # noqa: F401  before mmseg's models
from benchmark import ROOT
from zs_methods.engine.seen_runner import end_with, iterations
from zs_methods.registry import MODELS, TRANSFORMS
from zs_methods.stages.train_seen import TrainSeen

FOLDER = ROOT / 'configs' / 'deeplab'
NAMES = sorted(path.stem for path in FOLDER.glob('*.py'))


def load(name):
    return Config.fromfile(FOLDER / f'{name}.py')


def test_the_configs_there_are():
    assert NAMES == ['efficientnet_lite0', 'efficientnet_lite0_voc-mini', 'mobilenetv2', 'r101', 'r101_cocostuff',
                     'r101_context', 'r101_voc', 'resnet50', 'tiny']


@pytest.mark.parametrize('name', NAMES)
def test_every_config_is_complete(name):
    config = load(name)
    for section in ('seen', 'features', 'evaluation', 'vectors', 'classifier', 'backbone_weights', 'pretraining'):
        assert section in config
    assert (config.backbone_weights is None) == (config.pretraining == 'none') == (name == 'tiny')
    assert 'init_cfg' not in config.model.backbone
    assert not config.model.get('pretrained')
    runner = {key: config[key] for key in config.runner_keys}
    TrainSeen(runner, 'drop', config.backbone_weights, **config.seen)
    with DefaultScope.overwrite_default_scope('mmseg'):
        for pipeline in ('train_pipeline', 'label_pipeline', 'eval_pipeline', 'test_pipeline'):
            types = [step['type'] for step in config[pipeline]]
            for step in config[pipeline]:
                TRANSFORMS.build(step)
            assert ('zs_methods.LoadLabels' in types) == (pipeline != 'test_pipeline')
            assert 'LoadAnnotations' not in types
    resized = name.startswith(('efficientnet', 'resnet50'))  # before the labels, which keep their size
    assert [step.type for step in config.eval_pipeline] == [
        'LoadImageFromFile', *['ResizeShortestEdge'] * resized, 'zs_methods.LoadLabels', 'PackSegInputs']


@pytest.mark.parametrize('name', NAMES)
def test_crops_are_as_large_as_what_the_preprocessor_pads_to(name):
    config = load(name)
    crops = [tuple(step.crop_size) for step in config.train_pipeline if 'crop_size' in step]
    assert crops in ([], [tuple(config.model.data_preprocessor.size)])


@pytest.mark.parametrize(('name', 'backbone', 'head', 'decay', 'bias'), [
    ('r101_voc', 0.007, 0.07, 5e-4, (0.07, 5e-4)),
    ('r101_context', 0.007, 0.07, 5e-4, (0.07, 5e-4)),
    ('r101_cocostuff', 2.5e-4, 2.5e-3, 5e-4, (5e-3, 0.0)),
    ('mobilenetv2', 3e-4, 0.02, 5e-4, (0.02, 5e-4)),
    *((name, 3e-4, 3e-3, 1e-2, (3e-3, 1e-2)) for name in ('efficientnet_lite0', 'resnet50')),
])
def test_learning_rates_of_backbone_and_head(name, backbone, head, decay, bias):
    config = load(name)
    model = nn.Module()  # the optimiser sees names only
    model.backbone, model.decode_head = nn.Linear(2, 2), nn.Module()
    model.decode_head.conv, model.decode_head.conv_seg = nn.Linear(2, 2), nn.Conv2d(2, 2, 1)
    optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
    adaptive = name in ('efficientnet_lite0', 'resnet50')
    assert type(optimizer) is (torch.optim.AdamW if adaptive else torch.optim.SGD)
    rates = {id(group['params'][0]): (group['lr'], group['weight_decay']) for group in optimizer.param_groups}
    assert rates[id(model.backbone.weight)] == pytest.approx((backbone, decay))
    assert rates[id(model.decode_head.conv.weight)] == pytest.approx((head, decay))
    assert rates[id(model.decode_head.conv_seg.weight)] == pytest.approx((head, decay))
    assert rates[id(model.decode_head.conv_seg.bias)] == pytest.approx(bias)
    assert adaptive or all((group['momentum'], group['nesterov']) == (0.9, False) for group in optimizer.param_groups)


@pytest.mark.parametrize(('name', 'batch', 'per_batch', 'classifier'), [
    ('r101_voc', 16, True, 22_350), ('r101_context', 10, True, 12_500), ('r101_cocostuff', 10, False, 22_350)])
def test_batches_and_losses(name, batch, per_batch, classifier):
    config = load(name)
    assert config.train_dataloader.batch_size == batch
    with DefaultScope.overwrite_default_scope('mmseg'):
        assert MODELS.build(config.model.decode_head.loss_decode).per_batch == per_batch
    assert config.classifier.iterations == classifier
    # SGD at 0.07 with the loss divided by 8
    assert config.classifier.optimizer.lr * 8 == pytest.approx(0.07)
    assert config.classifier.optimizer.weight_decay / 8 == pytest.approx(5e-4)
    crop = next(step for step in config.train_pipeline if step.type == 'RandomCrop')
    assert tuple(config.model.data_preprocessor.size) == tuple(crop.crop_size)


@pytest.mark.parametrize(('name', 'crop', 'steps'), [
    ('mobilenetv2', 176, 600), ('efficientnet_lite0', 192, 800), ('resnet50', 192, 800)])
def test_small_networks_are_one_family(name, crop, steps):
    config = load(name)
    assert tuple(config.model.data_preprocessor.size) == tuple(config.crop_size) == (crop, crop)
    assert (config.family, config.train_cfg.max_iters, config.train_dataloader.batch_size) == ('small', steps, 8)
    assert config.classifier == load('mobilenetv2').classifier and config.features == load('mobilenetv2').features
    line, = config.network_deviations
    assert f'{steps} iterations of 8 crops of {crop} px' in line
    assert ('frozen normalisation' in line, 'normalisation is trained' in line) == (
        config.model.backbone.norm_eval, not config.model.backbone.norm_eval)


def test_published_augmentation():
    assert [dict(step) for step in load('r101_voc').train_pipeline] == [
        dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
        dict(type='zs_methods.LoadLabels'), dict(type='RandomFlip', prob=0.5),
        dict(type='zs_methods.RandomShortSide', low=156, high=624),
        dict(type='Pad', size=(312, 312), pad_val=dict(img=0, seg=255)),
        dict(type='RandomCrop', crop_size=(312, 312)),
        dict(type='zs_methods.RandomGaussianBlur', prob=0.5, max_radius=1.0), dict(type='PackSegInputs')]


def test_published_numbers_of_iterations():
    assert load('r101_voc').seen.epochs == load('r101_context').seen.epochs == 200
    assert load('r101_voc').train_cfg.max_iters is None
    assert iterations(200, images=5_953, batch=16) == 74_600
    assert iterations(200, images=4_998, batch=10) == 100_000
    assert iterations(30, images=5_953, batch=8) == load('r101_voc').classifier.iterations
    assert load('r101_cocostuff').train_cfg.max_iters == 100_000


def test_poly_rate_is_that_of_published_code():
    from mmengine.optim import OptimWrapper
    from mmengine.registry import PARAM_SCHEDULERS
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.007)
    (schedule,) = end_with(load('r101_voc').param_scheduler, 50)
    scheduler = PARAM_SCHEDULERS.build(schedule, default_args=dict(optimizer=OptimWrapper(optimizer)))
    for t in range(50):
        assert optimizer.param_groups[0]['lr'] == pytest.approx(0.007 * (1 - t / 50) ** 0.9)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize('name', ['tiny', 'r101_voc', 'r101_cocostuff', 'mobilenetv2', 'resnet50'])
@pytest.mark.parametrize('pipeline', ['train_pipeline', 'label_pipeline', 'eval_pipeline'])
def test_images_are_read_as_stored_like_their_masks(name, pipeline, tmp_path):
    """A photograph whose camera was held upside down must not be turned, for its mask is not."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(pixels).save(tmp_path / 'a.jpg', exif=exif)
    init_default_scope('mmseg')
    loaded = TRANSFORMS.build(dict(load(name)[pipeline][0]))({'img_path': str(tmp_path / 'a.jpg')})['img']
    assert loaded[0].mean() > 200 and loaded[-1].mean() < 50
