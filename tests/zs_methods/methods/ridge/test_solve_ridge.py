"""The closed-form baseline against brute force."""

import numpy as np
import pytest
import torch
from small_bank import VECTORS, classifier, make_bank, make_task, run_stage

from zs_methods.methods.ridge import solve_ridge
from zs_methods.methods.ridge.solve_ridge import SolveRidge, moments, predict_means
from zs_methods.stages.network import EXCLUDED
from zs_methods.vectors.class_vectors import load_class_vectors

SETTINGS = dict(vectors=VECTORS, strength=0.3, shrinkage=0.1)


@pytest.mark.parametrize(('classes', 'values'), [(9, 32), (30, 4)])
def test_predicted_means_equal_least_squares(classes, values):
    rng = np.random.default_rng(0)
    vectors, means, new = (rng.normal(size=size) for size in ((classes, values), (classes, 5), (3, values)))
    strength = 0.7
    # The penalty as further rows that ask for 0; the constant has none.
    left = np.block([[vectors, np.ones((classes, 1))], [np.sqrt(strength) * np.eye(values), np.zeros((values, 1))]])
    solution = np.linalg.lstsq(left, np.vstack([means, np.zeros((values, 5))]), rcond=None)[0]
    found = predict_means(*map(torch.from_numpy, (vectors, means, new)), strength)
    np.testing.assert_allclose(found, np.hstack([new, np.ones((3, 1))]) @ solution, atol=1e-10)


def test_moments_are_those_of_repeated_rows(monkeypatch):
    task = make_task(10)
    bank = make_bank(task)._replace(weights=torch.arange(440) % 4 + 1.0)
    shares, means, covariance = moments(bank, 21)
    repeated = bank.features.double().numpy().repeat(bank.weights.int(), axis=0)
    labels = bank.labels.numpy().repeat(bank.weights.int())
    centred = repeated.copy()
    for c in task.seen:
        np.testing.assert_allclose(means[c], repeated[labels == c].mean(axis=0))
        assert shares[c].item() == pytest.approx((labels == c).mean())
        centred[labels == c] -= repeated[labels == c].mean(axis=0)
    np.testing.assert_allclose(covariance, centred.T @ centred / len(labels), atol=1e-12)
    assert not means[list(task.unseen)].any() and not shares[list(task.unseen)].any()
    monkeypatch.setattr(solve_ridge, 'BLOCK', 7)
    torch.testing.assert_close(moments(bank, 21)[2], covariance)


@pytest.mark.parametrize('k', [2, 10])
def test_scores_are_log_densities_of_gaussians(tmp_path, k):
    task = make_task(k)
    bank = make_bank(task)
    run_stage(SolveRidge(**SETTINGS), tmp_path / 'run', task, bank)
    weight, bias = classifier(tmp_path / 'run')
    shares, means, covariance = moments(bank, 21)
    vectors = torch.from_numpy(load_class_vectors(task.spec.classes, task.vectors, normalise='l2')).double()
    seen, unseen = list(task.seen), list(task.unseen)
    means[unseen] = predict_means(vectors[seen], means[seen], vectors[unseen], 0.3)
    shares[unseen] = shares[seen].median()
    covariance += 0.1 * covariance.trace() / len(covariance) * torch.eye(len(covariance))
    density = torch.stack([
        torch.distributions.MultivariateNormal(mean, covariance).log_prob(bank.features.double()) for mean in means], 1)
    expected = density + shares.log()
    scores = (bank.features @ weight.T + bias).double()
    torch.testing.assert_close(scores - scores[:, :1], expected - expected[:, :1], atol=1e-2, rtol=1e-4)
    assert (scores.argmax(dim=1) == bank.labels).double().mean() > 0.9


def test_nothing_is_random_and_only_seen_pixels_and_vectors_count(tmp_path):
    task = make_task(6)
    bank = make_bank(task)
    for name, seed in (('a', 0), ('b', 7)):
        run_stage(SolveRidge(**SETTINGS), tmp_path / name, task, bank, seed)
    assert all(torch.equal(first, second) for first, second in zip(*map(classifier, (tmp_path / 'a', tmp_path / 'b')),
                                                                   strict=True))
    run_stage(SolveRidge(**{**SETTINGS, 'strength': 1e6}), tmp_path / 'c', task, bank)
    weight = classifier(tmp_path / 'c')[0][list(task.unseen)]
    torch.testing.assert_close(weight, weight[:1].expand_as(weight), atol=1e-3, rtol=1e-3)  # vectors say nothing then
    weight = classifier(tmp_path / 'a')[0][list(task.unseen)]
    assert (weight - weight[:1]).abs().max() > 1


def test_ignored_classes_are_never_predicted_and_seen_ones_without_a_pixel_come_from_their_vectors(tmp_path):
    task = make_task(2, ignored=[0])
    bank = make_bank(task)
    absent = task.seen[5]
    bank = type(bank)(*(part[bank.labels != absent] for part in bank))
    run_stage(SolveRidge(**SETTINGS), tmp_path / 'run', task, bank)
    weight, bias = classifier(tmp_path / 'run')
    excluded = (bias == EXCLUDED).nonzero()[:, 0].tolist()
    assert excluded == [0] and not weight[excluded].any()
    assert weight[absent].any()


@pytest.mark.parametrize('settings', [dict(strength=0), dict(shrinkage=-1.0)])
def test_penalties_are_positive(settings):
    with pytest.raises(ValueError, match='must be above 0'):
        SolveRidge(**{**SETTINGS, **settings})
