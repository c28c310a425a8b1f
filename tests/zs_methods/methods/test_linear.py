"""DeViSE, SPNet with and without calibration, and ridge: recipes on the micro data set."""

import json

import numpy as np
import pytest
import torch

from zs_methods.configs import load_config
from zs_methods.datasets.spec import load_spec
from zs_methods.stages.network import EXCLUDED

LINEAR = ('devise', 'spnet', 'spnet_c', 'ridge')
PREFIX = ('seen', 'maps', 'features')


def confusion(folders):
    return np.array(json.loads((folders['evaluate'] / 'result.json').read_text())['confusion'])


def state(folders, name):
    return torch.load(folders[name] / 'model.pth', weights_only=True)['state_dict']


@pytest.fixture(scope='module')
def recipes(run_recipe):
    """Runs a method on top of one shared network and bank for every split."""
    shared = {}

    def run(name, k=2, protocol='zs3-clean', **options):
        inputs = shared.get((k, protocol), {})
        folders = run_recipe(name, k=k, protocol=protocol, inputs=inputs, **options)
        shared[k, protocol] = {stage: folders[stage] for stage in PREFIX}
        return folders
    return run


@pytest.mark.parametrize('k', [2, 10])
@pytest.mark.parametrize('name', LINEAR)
def test_only_the_last_convolution_is_another_one(recipes, name, k):
    folders = recipes(name, k)
    assert tuple(folders)[:3] == PREFIX
    before, after = state(folders, 'seen'), state(folders, 'evaluate')
    assert {key for key in before if not torch.equal(before[key], after[key])} == {
        'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'}
    assert confusion(folders).sum() > 0


@pytest.mark.parametrize('name', LINEAR)
def test_a_card_without_background(recipes, name):
    folders = recipes(name, 2, 'spnet')
    after = state(folders, 'evaluate')
    assert after['decode_head.conv_seg.bias'][0] == EXCLUDED
    found = confusion(folders)
    assert not found[0].any() and not found[:, 0].any()
    assert found[:, 1:].sum() > 0


def test_gamma_0_is_spnet(recipes):
    plain, calibrated = recipes('spnet'), recipes('spnet_c', **{'calibration.gamma': 0.0})
    assert json.loads((calibrated['calibration'] / 'calibration.json').read_text())['gamma'] == 0
    assert (confusion(plain) == confusion(calibrated)).all()


@pytest.mark.parametrize('k', [2, 10])
def test_unseen_pixel_accuracy_never_falls_with_gamma(recipes, k):
    unseen = list(load_spec('shapes').unseen(k))
    options = {'projection.iterations': 60, 'projection.scale': 10.0}
    runs = [confusion(recipes('spnet_c', k, **options, **{'calibration.gamma': gamma})) for gamma in (0.0, 0.4, 1.0)]
    hits, predicted = ([found.diagonal()[unseen].sum() for found in runs], [found[:, unseen].sum() for found in runs])
    assert (np.diff(hits) >= 0).all() and hits[-1] > hits[0]
    assert (np.diff(predicted) >= 0).all() and predicted[-1] == runs[0].sum()


def test_a_searched_gamma_is_the_one_that_is_evaluated(recipes):
    folders = recipes('spnet_c', 2)
    found = json.loads((folders['calibration'] / 'summary.json').read_text())
    assert 0 <= found['gamma'] <= 1 and len(found['held_out']) == 2 and len(found['curve']) == 101
    given = recipes('spnet_c', 2, **{'calibration.gamma': found['gamma']})
    assert (confusion(folders) == confusion(given)).all()


def test_a_searched_gamma_shifts_predictions_to_unseen_classes(recipes):
    options = {'projection.iterations': 60}
    plain, calibrated = recipes('spnet', 10, **options), recipes('spnet_c', 10, **options)
    unseen = list(load_spec('shapes').unseen(10))
    assert confusion(calibrated)[:, unseen].sum() > confusion(plain)[:, unseen].sum()


def test_published_constants():
    voc, coco, small = (load_config('spnet_c', *names) for names in (
        ('voc', 'r101'), ('cocostuff', 'r101'), ('voc', 'mobilenetv2')))
    assert (voc.calibration.gamma, coco.calibration.gamma, small.calibration.gamma) == (0.6, 0.4, None)
    for config in (voc, coco):
        optimizer = config.projection.optimizer
        assert (optimizer.type, optimizer.lr, optimizer.momentum, optimizer.weight_decay) == ('SGD', 2.5e-3, 0.9, 5e-4)
        assert (config.projection.iterations, config.vectors.normalise) == (20_000, 'l2')
