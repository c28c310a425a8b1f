"""CaGNet's recipe on the micro data set, and its random maps."""

import json

import numpy as np
import pytest
import torch
from mmseg.apis import init_model

from zs_methods.datasets import audit
from zs_methods.datasets.spec import load_spec
from zs_methods.methods.cagnet.train_cagnet import TrainCaGNet, random_labels
from zs_methods.stages.network import EXCLUDED


def state(folder):
    return torch.load(folder / 'model.pth', weights_only=True)['state_dict']


def confusion(folders):
    return np.array(json.loads((folders['evaluate'] / 'result.json').read_text())['confusion'])


@pytest.fixture(scope='module')
def cagnet(run_recipe):
    with audit.collect() as access:
        folders = run_recipe('cagnet')
    return folders, access


def test_random_maps_have_the_configured_odds():
    torch.manual_seed(0)
    labels = random_labels(110_000, seen=[0, 3, 4, 7], unseen=[2, 9], odds=10.0)
    counts = torch.bincount(labels, minlength=11)
    assert counts[[1, 5, 6, 8, 10]].sum() == 0
    assert counts[[2, 9]].sum().item() == pytest.approx(100_000, abs=500)  # deviation 95
    assert counts[[2, 9]].tolist() == pytest.approx([50_000] * 2, rel=0.02)
    assert counts[[0, 3, 4, 7]].tolist() == pytest.approx([2_500] * 4, rel=0.1)
    assert not torch.isin(random_labels(1000, [0, 1], [2], 0.0), torch.tensor([2])).any()


def test_step_two_changes_generator_discriminator_and_classifier_only(cagnet):
    first, second = (state(cagnet[0][name]) for name in ('cagnet_step1', 'cagnet'))
    changed = {'.'.join(name.split('.')[:2]) for name in first if not torch.equal(first[name], second[name])}
    assert changed == {f'decode_head.{part}' for part in ('generator', 'shared', 'conv_seg', 'realness')}


def test_only_random_maps_train_the_rows_of_unseen_classes_upwards(run_recipe, cagnet):
    """An unseen class is never predicted after step 1, nor after a step 2 without random maps."""
    unseen = list(load_spec('shapes').unseen(2))
    shared = {name: cagnet[0][name] for name in ('seen', 'maps', 'cagnet_step1', 'cagnet_features')}
    settings = {'cagnet.step2.optimizer.lr': 0.02, 'cagnet.step2.iterations': 40, 'cagnet.step2.pixels': 256}
    images = run_recipe('cagnet', inputs=shared, **settings, **{'cagnet.step2.period': 40})
    both = run_recipe('cagnet', inputs=shared, **settings, **{'cagnet.step2.period': 2})
    assert confusion(images)[:, unseen].sum() == 0
    assert confusion(both)[:, unseen].sum() > 0


def test_finished_model_is_an_ordinary_mmseg_model_with_its_module(cagnet):
    folder = cagnet[0]['evaluate']
    model = init_model(str(folder / 'config.py'), str(folder / 'model.pth'), device='cpu')
    names = model.state_dict().keys()
    assert {f'decode_head.{name}' for name in ('vectors', 'contextual.selector.weight', 'generator.layers.0.weight',
                                               'realness.weight')} <= names
    assert model.decode_head.vectors.norm(dim=1).max() == pytest.approx(1)


def test_same_seed_same_weights_and_another_seed_others(run_recipe, cagnet):
    shared = {name: cagnet[0][name] for name in ('seen', 'maps')}
    again, other = (state(run_recipe('cagnet', inputs=shared, seed=seed)['cagnet']) for seed in (0, 1))
    ours = state(cagnet[0]['cagnet'])
    assert all(torch.equal(ours[name], again[name]) for name in ours)
    assert not torch.equal(ours['decode_head.conv_seg.weight'], other['decode_head.conv_seg.weight'])


def test_nothing_of_unseen_classes_is_read_but_which_images_hold_one(cagnet):
    training = {subset: counts for subset, counts in cagnet[1].items() if subset != 'val'}
    assert audit.level(training) == 'image-filter'


def test_background_of_the_spnet_card_is_never_predicted_at_k10(run_recipe):
    folders = run_recipe('cagnet', k=10, protocol='spnet')
    assert confusion(folders)[:, 0].sum() == 0
    assert confusion(folders).sum() > 0
    assert state(folders['cagnet'])['decode_head.conv_seg.bias'][0] == EXCLUDED


def test_negative_odds_are_refused():
    with pytest.raises(ValueError, match='odds'):
        TrainCaGNet({}, 1, 1, 1, 1, -1.0, 'seen', 'features')
