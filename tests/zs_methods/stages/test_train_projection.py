"""The projection of SPNet and DeViSE: what is trained, on what, and what stays fixed."""

import numpy as np
import pytest
import torch
from small_bank import VECTORS, classifier, make_bank, make_task, run_stage
from torch.nn import functional as F

from zs_methods.stages import StageContext
from zs_methods.stages.network import EXCLUDED
from zs_methods.stages.parts import class_vectors
from zs_methods.stages.projection import DISTANCES, fit_projections, mask_of
from zs_methods.stages.train_projection import TrainProjection

SETTINGS = dict(vectors=VECTORS, optimizer=dict(type='Adam', lr=0.03), iterations=60, batch_size=256)


def context(task, folder):
    return StageContext(task, {}, folder, 0)


def fit(task, folder, bank, vectors, chances=None, classes=None, loss='cross_entropy', iterations=20):
    if chances is None:
        chances = bank.weights[None]
    if classes is None:
        classes = mask_of(task.seen, len(vectors), torch.device('cpu')).expand(len(chances), -1)
    return fit_projections(bank, chances, classes, vectors, 'test', context(task, folder), dict(type='Adam', lr=0.03),
                           iterations, 64, loss, 1.0)


@pytest.mark.parametrize('k', [2, 10])
@pytest.mark.parametrize('loss', ['cross_entropy', 'cosine'])
def test_class_matrix_has_unit_rows_and_is_not_trained(tmp_path, k, loss):
    task = make_task(k)
    run_stage(TrainProjection(**SETTINGS, loss=loss), tmp_path / 'run', task, make_bank(task))
    matrix = F.normalize(class_vectors(context(task, tmp_path), {**VECTORS, 'normalise': 'none'}), dim=1)
    torch.testing.assert_close(matrix.norm(dim=1), torch.ones(21))
    weight, bias = classifier(tmp_path / 'run')
    both = torch.cat([weight, bias[:, None]], dim=1)
    # Every column of weight and bias is A times something: what is orthogonal to A's columns is orthogonal to it.
    left, values, _ = torch.linalg.svd(matrix.double())
    outside = left[:, (values > 1e-5).sum():]
    assert outside.shape[1] >= 8  # two-word names: far fewer directions than classes
    assert (outside.T @ both.double()).abs().max() < 1e-4 < both.abs().max()


def test_it_learns_the_seen_classes(tmp_path):
    task = make_task(10)
    bank = make_bank(task)
    summary = run_stage(TrainProjection(**{**SETTINGS, 'iterations': 300}, scale=5.0), tmp_path / 'run', task, bank)
    weight, bias = classifier(tmp_path / 'run')
    scores = bank.features @ weight.T + bias
    seen = list(task.seen)
    hits = torch.tensor(seen)[scores[:, seen].argmax(dim=1)] == bank.labels
    assert hits.float().mean() > 0.9 and summary['final_loss'] < np.log(len(seen)) / 2
    assert summary['dimensions'] == 32


def test_unseen_vectors_take_no_part_in_training(tmp_path):
    task = make_task(4)
    bank, vectors = make_bank(task), class_vectors(context(task, tmp_path), VECTORS)
    other = vectors.clone()
    other[list(task.unseen)] = other[list(task.unseen)].flip(1)
    first, second = (fit(task, tmp_path, bank, each)[0] for each in (vectors, other))
    assert torch.equal(first.weight, second.weight) and torch.equal(first.bias, second.bias)
    other[list(task.seen)[3]] = other[list(task.seen)[3]].flip(0)
    assert not torch.equal(first.weight, fit(task, tmp_path, bank, other)[0].weight)


def test_projections_side_by_side_do_not_touch_each_other(tmp_path):
    task = make_task(2)
    bank, vectors = make_bank(task), class_vectors(context(task, tmp_path), VECTORS)
    chances = bank.weights.repeat(2, 1)
    first, _ = fit(task, tmp_path, bank, vectors, chances)
    chances[1, bank.labels < 9] = 0
    second, _ = fit(task, tmp_path, bank, vectors, chances)
    assert torch.equal(first.weight[0], second.weight[0])
    assert not torch.equal(first.weight[1], second.weight[1])


@pytest.mark.parametrize('spoilt', [slice(-80, None), slice(None, 80), slice(200, 300)])
def test_rows_without_a_chance_are_never_drawn(tmp_path, spoilt):
    task = make_task(2)
    bank, vectors = make_bank(task), class_vectors(context(task, tmp_path), VECTORS)
    bank.features[spoilt] = torch.nan
    chances = bank.weights.clone()
    chances[spoilt] = 0
    assert all(np.isfinite(fit(task, tmp_path, bank, vectors, chances[None])[1]))
    chances[spoilt] = 1
    with pytest.raises(FloatingPointError, match='losses of the projection'):
        fit(task, tmp_path, bank, vectors, chances[None], iterations=40)


def test_cosines_are_cosines_and_the_linear_argmax_is_theirs(tmp_path):
    task = make_task(6)
    bank, vectors = make_bank(task), class_vectors(context(task, tmp_path), {**VECTORS, 'normalise': 'max'})
    projections, (loss,) = fit(task, tmp_path, bank, vectors, loss='cosine', iterations=100)
    points, matrix = projections(bank.features[None])[0], F.normalize(vectors, dim=1)
    cosines = F.cosine_similarity(points[:, None], vectors[None], dim=2)
    assert cosines.abs().max() <= 1 + 1e-5
    assert 0 < loss < 0.2
    scores = projections.classifier(0, matrix)(bank.features)
    assert torch.equal(scores.argmax(dim=1), cosines.argmax(dim=1))


@pytest.mark.parametrize(('name', 'target', 'expected'), [
    ('squared', (0, 2, 4), 1 + 4 + 1), ('squared_mean', (0, 2, 4), 2), ('cosine', (1, 2, 0), 1 - 1 / np.sqrt(10 * 5)),
    ('cosine_shifted', (-1, 1, 0), 1 - 3 / np.sqrt(10 * 5))])  # the last is (0, 2, 1) when shifted
def test_the_four_losses(name, target, expected):
    point = torch.tensor([[1.0, 0.0, 3.0]])
    assert DISTANCES[name](point, torch.tensor([target], dtype=torch.float32)).item() == pytest.approx(expected)


def test_classes_that_are_ignored_are_never_predicted(tmp_path):
    task = make_task(2, ignored=[0])
    bank = make_bank(task)
    assert 0 not in bank.labels
    run_stage(TrainProjection(**SETTINGS), tmp_path / 'run', task, bank)
    weight, bias = classifier(tmp_path / 'run')
    assert bias[0] == EXCLUDED and not weight[0].any() and (bias[1:].abs() < 100).all()


def test_same_seed_same_classifier_and_another_seed_another(tmp_path):
    task = make_task(2)
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        run_stage(TrainProjection(**SETTINGS), tmp_path / name, task, make_bank(task), seed)
    first, again, other = (classifier(tmp_path / name)[0] for name in 'abc')
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r"cross_entropy.*got 'mse'"):
        TrainProjection(**SETTINGS, loss='mse')
