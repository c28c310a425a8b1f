"""Evaluation at two resolutions against a straightforward reference."""

import json
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from PIL import Image
from torch.nn import functional as F

from zs_methods.datasets import audit
from zs_methods.datasets.spec import available, load_spec
from zs_methods.evaluation.scores import unpack_sparse
from zs_methods.protocols import PROTOCOLS, Resize
from zs_methods.stages import Evaluate, ExtractMaps, StageContext
from zs_methods.stages.evaluate import _counted, _example, confusion_matrices
from zs_methods.stages.extract_maps import MAPS, load_maps
from zs_methods.stages.network import (
    EXCLUDED,
    _samples,
    classifier_of,
    exclude_classes,
    load_network,
    save_network,
)
from zs_methods.stages.parts import save_calibration
from zs_methods.task import Task

ROOT = Path(__file__).resolve().parents[3]
SIZES = [(40, 64), (64, 40), (50, 50), (40, 64), (33, 71)]
CLASSES = ['background', 'red', 'green', 'blue']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A data set of images of different sizes, with its description."""
    root = tmp_path_factory.mktemp('sizes')
    random = np.random.default_rng(0)
    for index, (height, width) in enumerate(SIZES):
        for name, array in (('images', random.integers(0, 255, (height, width, 3), np.uint8)),
                            ('masks', random.choice(np.array([0, 1, 2, 3, 255], np.uint8), (height // 3, width // 3)))):
            (root / name).mkdir(exist_ok=True)
            image = Image.fromarray(array).resize((width, height), Image.Resampling.NEAREST)
            image.save(root / name / f'{index}.png')
    (root / 'other').mkdir()
    (root / 'other/0.png').write_bytes((root / 'images/0.png').read_bytes())
    subsets = {'train': {'images': 'other', 'masks': 'masks'}, 'val': {'images': 'images', 'masks': 'masks'}}
    (root / 'sizes.yaml').write_text(yaml.safe_dump({
        'name': 'sizes', 'classes': CLASSES, 'splits': {1: ['red']}, 'subsets': subsets,
        'vectors': 'v.txt'}))
    (root / 'v.txt').write_text('4 1\n' + ''.join(f'{name} 1\n' for name in CLASSES))
    return root


@pytest.fixture(scope='module')
def evaluated(folder, tmp_path_factory):
    """Runs the stage with random weights: (result, folder, task)."""
    def run(resize=None, protocol='zs3-clean', batch_size=2, cached=False, calibration=None, blank=False,
            own=None):
        task = Task.create(str(folder / 'sizes.yaml'), 1, folder, PROTOCOLS[protocol])
        config = Config.fromfile(str(ROOT / 'configs/deeplab/tiny.py')).to_dict()
        config['model']['decode_head']['num_classes'] = len(CLASSES)
        if own:
            config['eval_pipeline'].insert(1, own)
        seen, out = tmp_path_factory.mktemp('seen'), tmp_path_factory.mktemp('out')
        from mmengine.registry import init_default_scope
        from mmseg.registry import MODELS
        init_default_scope('mmseg')
        torch.manual_seed(0)
        network = MODELS.build(config['model']).eval()
        torch.nn.init.normal_(classifier_of(network).weight)
        save_network(seen, config, network.state_dict(), task)
        inputs = {'seen': seen}
        if cached:
            inputs['maps'] = tmp_path_factory.mktemp('maps')
            ExtractMaps(config['eval_pipeline'], resize, batch_size=batch_size).run(
                StageContext(task, {'seen': seen}, inputs['maps'], 0))
        if blank:
            parts = load_maps(inputs['maps'])
            torch.save([{**part, 'features': part['features'] * 0} for part in parts], inputs['maps'] / MAPS)
        if calibration is not None:
            inputs['calibration'] = tmp_path_factory.mktemp('calibration')
            save_calibration(inputs['calibration'], task.seen, calibration)
        stage = Evaluate(config['eval_pipeline'], resize, batch_size=batch_size, examples=2, maps='maps',
                         calibration=None if calibration is None else 'calibration')
        stage.run(StageContext(task, inputs, out, 0))
        return json.loads((out / 'result.json').read_text()), out, task
    return run


def by_pillow(short):
    """Short side, the long one rounded down; image bilinear, labels nearest."""
    def resize(image, label):
        width, height = label.size
        size = (short, height * short // width) if width <= height else (width * short // height, short)
        return (np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)),
                np.asarray(label.resize(size, Image.Resampling.NEAREST)))
    return resize


def by_opencv(side):
    """A square; image bilinear, labels from the pixel at the rounded-down place."""
    def resize(image, label):
        label = np.asarray(label)
        rows, columns = (np.arange(side) * length // side for length in label.shape)
        return cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR), label[rows[:, None], columns]
    return resize


def reference(folder, network, resize, sizes=('original', 'resized')):
    """Image by image: resize, forward, interpolate, argmax, and count pixel by pixel."""
    confusions = {'original': np.zeros((4, 4), int), 'resized': np.zeros((4, 4), int)}
    for index in range(len(SIZES)):
        image = mmcv.imread(str(folder / f'images/{index}.png'))
        label = Image.open(folder / f'masks/{index}.png')
        height, width = image.shape[:2]
        image, small = resize(image, label) if resize else (image, label)
        mean, std = (getattr(network.data_preprocessor, name).flatten() for name in ('mean', 'std'))
        tensor = (torch.tensor(image[:, :, ::-1].copy()).permute(2, 0, 1) - mean[:, None, None]) / std[:, None, None]
        with torch.no_grad():
            scores = network.decode_head(network.backbone(tensor[None]))
        at_input = F.interpolate(scores, size=image.shape[:2], mode='bilinear', align_corners=False)
        at_original = F.interpolate(at_input, size=(height, width), mode='bilinear', align_corners=False)
        for name, prediction, truth in (('original', at_original, label), ('resized', at_input, small)):
            pixels = zip(np.asarray(truth).flat, prediction.argmax(1).flatten().tolist(), strict=True)
            for t, p in pixels if name in sizes else ():
                if t != 255:
                    confusions[name][t, p] += 1
    return confusions


SHORT_SIDE, WARP = (Resize(mode=mode, size=size).transform() for mode, size in (('short-side', 45), ('warp', 48)))
SMALLER = Resize(mode='short-side', size=21).transform()  # where Pillow averages


@pytest.mark.parametrize(('resize', 'how'), [
    (None, None), (SHORT_SIDE, by_pillow(45)), (SMALLER, by_pillow(21)), (WARP, by_opencv(48))])
def test_both_resolutions_equal_a_straightforward_reference(folder, evaluated, resize, how):
    result, out, _ = evaluated(resize)
    expected = reference(folder, load_network(out, torch.device('cpu')), how)
    assert result['confusion'] == expected['original'].tolist()
    assert result['secondary_confusion'] == (expected['resized'].tolist() if resize else None)
    per_image = unpack_sparse(result['confusion_per_image'], len(SIZES), 4)
    assert per_image.sum(axis=0).tolist() == result['confusion']
    labelled = [(np.asarray(Image.open(folder / f'masks/{i}.png')) != 255).sum() for i in range(len(SIZES))]
    assert per_image.sum(axis=(1, 2)).tolist() == labelled
    assert np.count_nonzero(np.sum(result['confusion'], axis=0)) > 1  # it predicts more than one class


OWN = dict(type='ResizeShortestEdge', scale=40, max_size=400)


@pytest.mark.parametrize('cached', [False, True])
def test_images_that_the_network_resizes_are_scored_at_their_own_size(folder, evaluated, cached):
    def by_mmcv(image, label):
        return mmcv.imrescale(image, (400, 40)), label

    result, out, _ = evaluated(own=OWN, cached=cached)
    expected = reference(folder, load_network(out, torch.device('cpu')), by_mmcv, ('original',))
    assert result['confusion'] == expected['original'].tolist() != evaluated()[0]['confusion']


def test_the_size_of_a_card_takes_the_place_of_the_networks_own(evaluated):
    assert evaluated(WARP, own=OWN)[0] == evaluated(WARP)[0]


def test_the_batch_size_changes_nothing(evaluated):
    (one, *_), (five, *_) = (evaluated(WARP, batch_size=n) for n in (1, 5))
    assert one['confusion'] == five['confusion'] and one['secondary_confusion'] == five['secondary_confusion']


def test_an_ignored_background_is_neither_scored_nor_predicted(evaluated):
    result, out, task = evaluated(protocol='spnet')
    assert task.ignored == (0,) and task.seen == (2, 3)
    confusion = np.array(result['confusion'])
    assert not confusion[0].any() and not confusion[:, 0].any() and confusion.any()
    saved = torch.load(out / 'model.pth', weights_only=True)
    assert saved['state_dict']['decode_head.conv_seg.bias'][0] == EXCLUDED
    assert saved['meta']['dataset_meta']['ignored'] == [0]


def test_an_excluded_class_changes_no_gradient_of_the_others():
    torch.manual_seed(0)
    x, labels = torch.randn(6, 5), torch.tensor([1, 2, 3, 1, 2, 3])
    full, small = torch.nn.Linear(5, 4), torch.nn.Linear(5, 3)
    exclude_classes(full, [0])
    with torch.no_grad():
        small.weight.copy_(full.weight[1:])
        small.bias.copy_(full.bias[1:])
    for layer, target in ((full, labels), (small, labels - 1)):
        F.cross_entropy(layer(x), target).backward()
    torch.testing.assert_close(full.weight.grad[1:], small.weight.grad)
    assert not full.weight.grad[0].any() and not full.bias.grad[0].any()


@pytest.mark.parametrize('resize', [None, SHORT_SIDE, WARP])
@pytest.mark.parametrize('gamma', [None, 0.4])
def test_kept_feature_maps_give_what_the_forward_pass_gives(evaluated, resize, gamma):
    (kept, folder, _), (passed, other, _) = (evaluated(resize, cached=c, calibration=gamma) for c in (True, False))
    assert kept == passed
    blank, *_ = evaluated(resize, cached=True, blank=True)
    assert blank['confusion'] != evaluated(resize)[0]['confusion']  # it is the maps that are used
    assert (folder / 'config.py').read_text() == (other / 'config.py').read_text()


def test_feature_maps_are_made_without_labels_and_scoring_counts_them_all(evaluated):
    with audit.collect() as access:
        evaluated(cached=True)
    assert access['val']['images'] == len(SIZES)


def test_calibration_moves_predictions_to_unseen_classes_and_is_part_of_the_model(evaluated):
    (plain, *_), (none, *_), (some, folder, task) = (evaluated(calibration=gamma) for gamma in (None, 0.0, 0.5))
    assert none['confusion'] == plain['confusion']
    unseen = list(task.unseen)
    assert np.array(some['confusion'])[:, unseen].sum() > np.array(plain['confusion'])[:, unseen].sum()
    head = load_network(folder, torch.device('cpu')).decode_head
    assert head.calibration == {'classes': list(task.seen), 'gamma': 0.5}


def test_a_gpu_counts_the_same_pixels():
    """Its way of counting, tried on the CPU."""
    random = np.random.default_rng(0)
    truths = list(random.choice(np.array([*range(5), 255]), (3, 20, 30)))
    truths[1][:] = 255
    predictions = torch.from_numpy(random.integers(0, 5, (3, 20, 30)))
    found = _counted(truths, predictions, 5)
    assert found.dtype == np.int64 and not found[1].any() and found.sum() == sum((t != 255).sum() for t in truths)
    assert np.array_equal(found, confusion_matrices(truths, predictions, 5))


class Images:
    def __init__(self, broken=None):
        self.read, self.broken = [], broken

    def __len__(self):
        return 9

    def __getitem__(self, index):
        self.read.append(index)
        if index == self.broken:
            raise ValueError(f'image {index}')
        return 10 * index


@pytest.mark.parametrize('ahead', [0, 1, 4, 20])
def test_images_that_are_loaded_ahead_come_in_order(ahead):
    images = Images()
    assert list(_samples(images, ahead)) == [10 * index for index in range(9)]
    assert images.read == list(range(9))


def test_loading_ahead_ends_with_its_user_and_tells_errors_in_their_place():
    images = Images()
    samples = _samples(images, 3)
    assert [next(samples), next(samples)] == [0, 10]
    samples.close()
    assert len(images.read) <= 6
    samples = _samples(Images(broken=2), 4)
    assert [next(samples), next(samples)] == [0, 10]
    with pytest.raises(ValueError, match='image 2'):
        next(samples)


@pytest.mark.parametrize('keep', [True, False])
def test_a_record_keeps_photographs_of_ones_own_data_alone(keep, tmp_path):
    Image.new('RGB', (20, 10)).save(tmp_path / 'a.jpg')
    found = _example(tmp_path / 'a.jpg', np.ones((10, 20), int), np.ones((10, 20), int), keep)
    assert found.name == 'a' and found.prediction and bool(found.image) == bool(found.truth) == keep


def test_which_data_sets_are_somebody_elses(evaluated):
    published = {name: load_spec(name).published for name in available()}
    assert not published.pop('shapes') and all(published.values())
    *_, task = evaluated()
    assert not task.spec.published
