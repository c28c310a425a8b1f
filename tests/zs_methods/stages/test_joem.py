"""JoEm's recipe on the micro data set."""

import json

import numpy as np
import pytest
import torch
from mmseg.apis import inference_model, init_model

from zs_methods.datasets import audit
from zs_methods.datasets.shapes_generator import render
from zs_methods.datasets.spec import load_spec
from zs_methods.evaluation.scores import confusion_matrix
from zs_methods.stages.network import load_network


def state(folder):
    return torch.load(folder / 'model.pth', weights_only=True)['state_dict']


def confusion(folders):
    return np.array(json.loads((folders['evaluate'] / 'result.json').read_text())['confusion'])


@pytest.fixture(scope='module')
def joem(run_recipe):
    with audit.collect() as access:
        folders = run_recipe('joem')
    return folders, access


def test_backbone_normalisation_stays_as_it_was_while_the_rest_learns(joem):
    before, after = (state(joem[0][name]) for name in ('seen', 'joem'))
    norms = [name for name in before if name.startswith('backbone') and 'running' in name]
    assert norms and all(torch.equal(before[name], after[name]) for name in norms)
    for name in ('backbone.layer1.0.conv1.weight', 'decode_head.decoder.0.conv.weight', 'decode_head.conv_seg.weight'):
        assert not torch.equal(before[name], after[name])


def test_network_starts_from_the_seen_one(run_recipe, joem):
    shared = {name: joem[0][name] for name in ('seen', 'maps')}
    still = run_recipe('joem', inputs=shared, **{'joem.changes.optim_wrapper.optimizer.lr': 0.0})
    before, after = (state(folders) for folders in (shared['seen'], still['joem']))
    trained = [name for name in before if 'running' not in name and 'num_batches' not in name]
    assert all(torch.equal(before[name], after[name]) for name in trained)


def test_published_start_is_without_the_seen_network(run_recipe):
    assert 'seen' not in run_recipe('joem', **{'joem.initial': None})


def test_finished_model_knows_its_vectors_and_predicts_what_was_scored(joem, micro_root):
    folder = joem[0]['evaluate']
    model = init_model(str(folder / 'config.py'), str(folder / 'model.pth'), device='cpu')
    norms = model.decode_head.vectors.norm(dim=1)
    assert norms.max() == pytest.approx(1) and norms.min() > 0.1
    total = np.zeros((21, 21), int)
    for index in range(8):
        path = micro_root / f'shapes/img_dir/val/{index:05d}.png'
        total += confusion_matrix(
            render('val', index)[1], inference_model(model, str(path)).pred_sem_seg.data[0].numpy(), 21)
    assert np.abs(total - confusion(joem[0])).sum() <= 4  # a tie may round differently in a batch


def test_nothing_of_unseen_classes_is_read_but_which_images_hold_one(joem):
    training = {subset: counts for subset, counts in joem[1].items() if subset != 'val'}
    assert audit.level(training) == 'image-filter'


def test_sigma_reaches_the_prediction(run_recipe, joem):
    """From one network: the smaller sigma, the more pixels of unseen classes."""
    network = load_network(joem[0]['joem'], torch.device('cpu'))
    unseen = load_spec('shapes').unseen(2)
    assert network.decode_head.unseen == list(unseen) and 0 not in network.decode_head.related
    scores = -torch.rand(1, 21, 40, 40)
    found = []
    for network.decode_head.sigma in (1.0, 0.5):
        prediction = network.decode_head.predict_by_feat(scores, [{'img_shape': (40, 40)}]).argmax(dim=1)
        found.append(torch.isin(prediction, torch.tensor(unseen)).sum().item())
    assert found[1] > found[0]


def test_background_of_the_spnet_card_is_never_predicted_at_k10(run_recipe):
    folders = run_recipe('joem', k=10, protocol='spnet')
    assert confusion(folders)[:, 0].sum() == 0
    assert confusion(folders).sum() > 0
    assert json.loads((folders['joem'] / 'summary.json').read_text())['images'] == 60


def test_a_network_to_start_from_that_does_not_fit_is_refused(run_recipe, joem):
    shared = {name: joem[0][name] for name in ('seen', 'maps')}
    with pytest.raises(ValueError, match=r"'seen' does not fit: decode_head\."):
        run_recipe('joem', inputs=shared, **{'joem.changes.model': dict(decode_head=dict(low_channels=10))})
