"""CaGNet's recipe on the micro data set, and its random maps."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmseg.apis import init_model
from torch.nn import functional as F

from zs_methods.configs import load_config
from zs_methods.datasets import audit
from zs_methods.datasets.spec import load_spec
from zs_methods.methods.cagnet.train_cagnet import TrainCaGNet, _SeenPixels, random_labels
from zs_methods.registry import MODELS
from zs_methods.stages.extract_features import Bank
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


@pytest.mark.parametrize(('seen', 'unseen', 'odds', 'share'), [
    (15, 5, 10.0, 50 / 65), (167, 15, 60.0, 900 / 1067), (156, 15, 60.0, 900 / 1056), (4, 2, 1.0, 2 / 6)])
def test_random_maps_have_the_odds_of_every_class(seen, unseen, odds, share):
    """VOC 15/5: 76.9 % unseen; COCO-Stuff: 84.3 % with all 182 ids, 85.2 % with those that have pixels."""
    torch.manual_seed(0)
    ids = torch.randperm(seen + unseen).tolist()
    labels = random_labels(200_000, ids[:seen], ids[seen:], odds)
    counts = torch.bincount(labels, minlength=seen + unseen).double()
    assert counts[ids[seen:]].sum().item() / 200_000 == pytest.approx(share, abs=0.004)  # deviation 0.001
    assert counts[ids[seen:]].mean() / counts[ids[:seen]].mean() == pytest.approx(odds, rel=0.05)
    deviation = counts[ids[seen:]].mean().sqrt()
    assert (counts[ids[seen:]] - counts[ids[seen:]].mean()).abs().max() < 5 * deviation


def test_published_shares_of_unseen_pixels():
    for method, seen, unseen, share in (('voc', 15, 5, 76.9), ('cocostuff', 167, 15, 84.35)):
        odds = load_config('cagnet', method, 'r101').cagnet.step2.odds
        assert 100 * odds * unseen / (odds * unseen + seen) == pytest.approx(share, abs=0.05)


def test_no_unseen_class_with_odds_of_0():
    assert not torch.isin(random_labels(1000, [0, 1], [2], 0.0), torch.tensor([2])).any()


@pytest.mark.parametrize(('dataset', 'rates'), [
    ('voc', {0: 5e-5, 2999: 5e-5, 3000: 5e-6, 3999: 5e-6, 4000: 5e-7, 5000: 5e-8, 5999: 5e-8}),
    ('cocostuff', {0: 1e-5, 2999: 1e-5, 3000: 3e-6, 4999: 3e-6, 5000: 9e-7})])
def test_published_rates_of_step_two(dataset, rates):
    stage = TrainCaGNet(**load_config('cagnet', dataset, 'r101').cagnet.step2, network='n', bank='b')
    assert {step: stage.rate(step) for step in rates} == pytest.approx(rates)


def test_published_weights():
    voc, coco = (load_config('cagnet', dataset, 'r101').cagnet.step2.weights for dataset in ('voc', 'cocostuff'))
    assert voc == dict(real=0.75, fake=0.25, random=0.125, generator=0.0)
    assert coco == dict(real=0.75, fake=0.25, random=1.0, generator=1.0)


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = MODELS.build(dict(
        type='zs_methods.CaGNetHead', in_channels=(4, 8), in_index=(0, 1), channels=6, low_channels=3, dilations=(1, 2),
        num_classes=5, vector_dim=4, shared_dim=7, shared_dropout=0.0, contextual=dict(channels=4),
        generator=dict(hidden_dims=(8,), dropouts=(0.0,)), loss_decode=dict(type='zs_methods.WeightedCrossEntropy')))
    head.vectors.normal_()
    return head


@pytest.mark.parametrize(('random', 'generator'), [(0.125, 0.0), (1.0, 1.0), (0.5, 0.25)])
def test_random_maps_train_classifier_and_generator_with_their_weights(head, random, generator):
    """Against two cross entropies of one map, each with one of them constant; there is no adversarial term."""
    weights = dict(real=1, fake=1, random=random, generator=generator)
    stage = TrainCaGNet({'lr': 1}, 1, 1, 1, 200, 3.0, weights, 'network', 'bank')
    ctx = SimpleNamespace(task=SimpleNamespace(seen=[0, 1, 3], unseen=[2, 4]), device=torch.device('cpu'))
    torch.manual_seed(1)
    stage._random_loss(ctx, head).backward()
    ours = {name: value.grad for name, value in head.named_parameters()}
    head.zero_grad(set_to_none=True)
    torch.manual_seed(1)
    labels = random_labels(200, [0, 1, 3], [2, 4], 3.0)
    fake = head.generator(head.vectors[labels], torch.randn(200, 6))
    loss = F.cross_entropy(head.classify(fake), labels)
    parts = {'generator': generator, 'shared': random, 'conv_seg': random}
    for name, value in head.named_parameters():
        weight = parts.get(name.split('.')[0], 0)
        if weight:
            torch.testing.assert_close(ours[name], weight * torch.autograd.grad(loss, value, retain_graph=True)[0])
        else:
            assert ours[name] is None


def test_runs_of_a_bank_are_its_rows_of_one_label_after_each_other():
    labels = torch.tensor([3, 3, 1, 3, 3, 3, 0])
    rows = torch.arange(7.0)[:, None].expand(7, 6)
    pixels = _SeenPixels(Bank(rows, labels, torch.ones(7)), torch.Generator().manual_seed(0))
    classes, made, latents, inside = pixels.runs(60, 4)
    assert made.shape == latents.shape == (60, 4, 2) and inside[:, 0].all()
    found = {(c.item(), int(kept.sum())) for c, kept in zip(classes, inside, strict=True)}
    assert found == {(3, 2), (3, 1), (1, 1), (3, 3), (0, 1)}


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
    assert {f'decode_head.{name}' for name in ('vectors', 'contextual.mean.weight', 'generator.layers.0.weight',
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


def test_negative_odds_and_maps_without_weight_are_refused():
    with pytest.raises(ValueError, match='odds'):
        TrainCaGNet({}, 1, 1, 1, 1, -1.0, dict(random=1), 'seen', 'features')
    with pytest.raises(ValueError, match='random'):
        TrainCaGNet({}, 1, 1, 1, 1, 1.0, dict(random=0), 'seen', 'features')
