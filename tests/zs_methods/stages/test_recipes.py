"""Whole recipes on the micro data set: what changes, what is shared, and that it is repeatable."""

import json

import numpy as np
import pytest
import torch
from mmseg.apis import inference_model, init_model

from zs_methods.datasets import load_spec
from zs_methods.datasets.shapes_generator import render


def confusion(folders):
    return json.loads((folders['evaluate'] / 'result.json').read_text())['confusion']


def weights(folder):
    return torch.load(folder / 'model.pth', weights_only=True)['state_dict']


@pytest.fixture(scope='module')
def zs3(run_recipe):
    return run_recipe('zs3')


def test_same_seed_same_confusion_matrix_and_another_seed_another(run_recipe, zs3):
    assert confusion(run_recipe('zs3')) == confusion(zs3)
    other = run_recipe('zs3', seed=1)
    assert not torch.equal(weights(other['seen'])['backbone.layer1.0.conv1.weight'],
                           weights(zs3['seen'])['backbone.layer1.0.conv1.weight'])


def test_every_training_in_a_process_keeps_its_own_log(run_recipe):
    import shutil
    first = run_recipe('seen_only', k=8)['seen']
    assert len(list(first.rglob('vis_data/config.py'))) == 1
    shutil.rmtree(first)  # as the store does when it moves the finished artifact
    second = run_recipe('seen_only', k=8, seed=1)['seen']
    assert len(list(second.rglob('vis_data/config.py'))) == 1
    assert not first.exists()


def test_only_the_last_convolution_differs_from_the_seen_network(zs3):
    before, after = weights(zs3['seen']), weights(zs3['evaluate'])
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'}


def test_finished_model_is_an_ordinary_mmseg_model(zs3):
    model = init_model(str(zs3['evaluate'] / 'config.py'), str(zs3['evaluate'] / 'model.pth'), device='cpu')
    assert model.dataset_meta['classes'] == list(load_spec('shapes').classes)
    image = render('val', 0)[0]
    result = inference_model(model, image[..., ::-1].copy())  # mmseg expects BGR
    assert result.pred_sem_seg.data.shape[1:] == image.shape[:2]


def test_evaluation_agrees_with_inference_model_on_every_image(zs3, micro_root):
    from zs_methods.evaluation.scores import confusion_matrix
    model = init_model(str(zs3['evaluate'] / 'config.py'), str(zs3['evaluate'] / 'model.pth'), device='cpu')
    total = np.zeros((21, 21), int)
    for index in range(8):
        path = micro_root / f'shapes/img_dir/val/{index:05d}.png'
        prediction = inference_model(model, str(path)).pred_sem_seg.data[0].numpy()
        total += confusion_matrix(render('val', index)[1], prediction, 21)
    difference = np.abs(total - np.array(confusion(zs3))).sum()
    assert difference <= 4  # batched and single forward passes may round a tie differently


def test_recursion_without_weight_from_fresh_parameters_is_zs3_bit_for_bit(run_recipe, zs3):
    shared = {name: zs3[name] for name in ('seen', 'features', 'generator', 'classifier')}
    again = run_recipe('zsmmd', inputs=shared, **{
        'recursion.rounds': 1, 'recursion.iterations': 3, 'recursion.warm_start': False,
        'recursion.weight': 0.0, 'recursion.unseen_weight': None})
    first, second = (torch.load(folder / 'generator.pth', weights_only=True)['state_dict']
                     for folder in (zs3['generator'], again['generator_1']))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert confusion(again) == confusion(zs3)


def test_no_recursion_at_all_is_zs3_bit_for_bit(run_recipe, zs3):
    alone = run_recipe('zsmmd', **{'recursion.rounds': 0})
    assert 'generator_1' not in alone
    assert confusion(alone) == confusion(zs3)


def test_weight_of_the_feedback_matters(run_recipe, zs3):
    shared = {name: zs3[name] for name in ('seen', 'features', 'generator', 'classifier')}
    options = {'recursion.rounds': 1, 'recursion.warm_start': False}
    light, heavy = (run_recipe('zsmmd', inputs=shared, **options, **{'recursion.weight': weight})
                    for weight in (0.0, 10.0))
    states = [torch.load(folder['generator_1'] / 'generator.pth', weights_only=True)['state_dict']
              for folder in (light, heavy)]
    assert not torch.equal(states[0]['output.weight'], states[1]['output.weight'])
    summary = json.loads((heavy['generator_1'] / 'summary.json').read_text())
    assert set(summary['feedback']['accepted_share']) == {'striped red', 'dotted blue'}


@pytest.mark.parametrize('protocol', ['zs3-clean', 'spnet'])
def test_k10_runs_under_every_protocol(run_recipe, protocol):
    folders = run_recipe('zsmmd', k=10, protocol=protocol)
    assert np.array(confusion(folders)).shape == (21, 21)
    images = json.loads((folders['seen'] / 'summary.json').read_text())['images']
    assert (images == 60) == (protocol == 'spnet')


def test_unseen_pixels_never_reach_a_zero_shot_method(run_recipe):
    from zs_methods.datasets import audit
    for name, level in (('zs3', 'image-filter'), ('oracle', 'pixels')):
        with audit.collect() as access:
            run_recipe(name, k=6)
        training = {subset: counts for subset, counts in access.items() if subset != 'val'}  # val is scored only
        assert audit.level(training) == level


def test_classifier_starts_from_the_seen_rows_or_uniformly(run_recipe, zs3):
    shared = {name: zs3[name] for name in ('seen', 'features', 'generator')}
    frozen = {'classifier.optimizer.lr': 0.0}
    seen = run_recipe('zs3', inputs=shared, **frozen)
    kept = torch.load(seen['classifier'] / 'classifier.pth', weights_only=True)['weight']
    torch.testing.assert_close(kept, weights(zs3['seen'])['decode_head.conv_seg.weight'].flatten(1))
    uniform = run_recipe('zs3', inputs=shared, **frozen, **{'classifier.initial': 'uniform'})
    fresh = torch.load(uniform['classifier'] / 'classifier.pth', weights_only=True)['weight']
    assert fresh.min() >= 0
    assert 0.45 < fresh.mean() < 0.55


def test_a_share_of_the_loss_is_the_weight_that_gives_it_and_the_record_names_both(run_recipe, zs3):
    shared = {name: zs3[name] for name in ('seen', 'features', 'generator')}
    by_share = run_recipe('zs3', inputs=shared, **{'classifier.unseen_share': 0.67})
    summary = json.loads((by_share['classifier'] / 'summary.json').read_text())
    by_weight = run_recipe('zs3', inputs=shared, **{'classifier.unseen_weight': summary['unseen_weight']})
    first, second = (torch.load(folders['classifier'] / 'classifier.pth', weights_only=True)['weight']
                     for folders in (by_share, by_weight))
    assert torch.equal(first, second)
    other = json.loads((by_weight['classifier'] / 'summary.json').read_text())
    assert summary['unseen_share'] == pytest.approx(other['unseen_share']) == pytest.approx(0.67)
    plain = json.loads((zs3['classifier'] / 'summary.json').read_text())
    assert plain['unseen_weight'] == 30 and plain['unseen_share'] != pytest.approx(0.67, abs=0.01)
