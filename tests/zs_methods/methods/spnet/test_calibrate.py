"""The choice of gamma: the curve, the folds, and that no unseen class has a say in it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_bank import VECTORS, make_bank, make_task, run_stage

from zs_methods.datasets.spec import load_spec
from zs_methods.evaluation.scores import confusion_matrix
from zs_methods.methods.spnet.calibrate import CalibrateSeen, calibration_curve
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.parts import read_calibration
from zs_methods.task import Task

PROJECTION = dict(vectors=VECTORS, optimizer=dict(type='Adam', lr=0.03), iterations=60, batch_size=128, scale=5.0)


def test_curve_equals_a_prediction_for_every_gamma():
    stream = torch.Generator().manual_seed(0)
    scores = torch.randn(400, 6, generator=stream)
    labels = torch.randint(0, 6, (400,), generator=stream)
    scores[torch.arange(400), labels] += 1
    scores[:, [4, 5]] -= 1
    labels[labels == 3] = 2  # a class without a pixel
    probabilities, repeats = scores.softmax(dim=1), torch.randint(1, 4, (400,), generator=stream)
    held, gammas = torch.tensor([0, 0, 0, 0, 1, 1], dtype=torch.bool), torch.linspace(0, 1, 11, dtype=torch.float64)
    kept, pseudo_unseen = calibration_curve(probabilities, labels, repeats.float(), held, gammas)
    for at, gamma in enumerate(gammas):
        predicted = (probabilities - gamma * ~held).argmax(dim=1).repeat_interleave(repeats)
        confusion = confusion_matrix(labels.repeat_interleave(repeats).numpy(), predicted.numpy(), 6)
        hits = np.diag(confusion)
        iou = hits / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1) - hits, 1)
        assert kept[at].item() == pytest.approx(iou[:3].mean())
        assert pseudo_unseen[at].item() == pytest.approx(iou[4:].mean())
    assert kept[0] > 0.2 and pseudo_unseen[0] < pseudo_unseen[3]


@pytest.mark.parametrize('k', [2, 10])
def test_every_seen_class_but_the_background_is_held_out_once(tmp_path, k):
    task = make_task(k)
    summary = run_stage(CalibrateSeen(PROJECTION, folds=4), tmp_path / 'run', task, make_bank(task))
    names = [name for group in summary['held_out'] for name in group]
    assert sorted(names) == sorted(task.spec.classes[c] for c in task.seen if c)
    sizes = [len(group) for group in summary['held_out']]
    assert len(sizes) == 4 and max(sizes) - min(sizes) <= 1
    saved = read_calibration(tmp_path / 'run/out')
    assert saved == {'classes': list(task.seen), 'gamma': summary['gamma']}
    assert summary['gamma'] == pytest.approx(np.mean(summary['best_per_fold']))
    curve = np.array(summary['curve'])
    assert curve.shape == (101, 4)
    assert curve[:, 0].tolist() == pytest.approx(np.linspace(0, 1, 101).tolist())
    chosen = curve[round(100 * summary['gamma'])]
    assert chosen[2] > curve[0, 2] + 0.03 and chosen[3] > curve[0, 3] + 0.03  # it does what it is for


def test_unseen_classes_have_no_say(tmp_path):
    task = make_task(6)
    names = list(task.spec.classes)
    spec = load_spec('shapes')
    rows = np.random.default_rng(0).normal(size=(len(names), 8)).astype(np.float32)
    gammas = []
    for step, changed in enumerate((None, spec.unseen(6)[2], task.seen[4])):
        if changed is not None:
            rows[changed] = -rows[changed][::-1]
        np.savez(tmp_path / f'{step}.npz', names=np.array(names), vectors=rows)
        of_step = make_task(6, file=tmp_path / f'{step}.npz')
        summary = run_stage(CalibrateSeen(PROJECTION), tmp_path / str(step), of_step, make_bank(task))
        gammas.append((summary['gamma'], summary['curve']))
    assert gammas[0] == gammas[1] != gammas[2]


def test_the_splits_validation_classes_are_held_out_where_there_are_some(tmp_path):
    spec = load_spec('voc')
    rng = np.random.default_rng(0)
    file = tmp_path / 'v.npz'
    np.savez(file, names=np.array(spec.classes), vectors=rng.normal(size=(21, 30)).astype(np.float32))
    task = Task('voc', '', 'voc-15-5', spec.unseen('voc-15-5'), (0,), files={'vectors': str(file)})
    assert task.validation == (13, 14, 15)
    assert replace(task, split='k2', unseen=spec.unseen(2)).validation == ()
    assert task.held_out([1, 13], 'heldout0').validation == ()
    summary = run_stage(CalibrateSeen({**PROJECTION, 'iterations': 5}), tmp_path / 'run', task, make_bank(task))
    assert summary['held_out'] == [['horse', 'motorbike', 'person']]
    assert summary['chosen'] == "the split's validation classes"
    assert read_calibration(tmp_path / 'run/out')['classes'] == list(range(1, 16))


def test_a_given_gamma_is_taken_and_nothing_is_read(tmp_path):
    summary = run_stage(CalibrateSeen(PROJECTION, gamma=0.6), tmp_path / 'run', make_task(2))
    assert summary == {'gamma': 0.6, 'chosen': 'given'}
    assert read_calibration(tmp_path / 'run/out')['gamma'] == 0.6


def test_held_out_pixels_are_not_trained_on(tmp_path, monkeypatch):
    from zs_methods.methods.spnet import calibrate
    chances = []
    fit = calibrate.fit_projections
    monkeypatch.setattr(calibrate, 'fit_projections', lambda *args, **kw: chances.append(args[:3]) or fit(*args, **kw))
    task = make_task(2)
    bank = make_bank(task)
    run_stage(CalibrateSeen(PROJECTION, folds=3), tmp_path / 'run', task, bank)
    (_, drawn, classes), = chances
    assert drawn.shape == (3, len(bank.labels)) and classes.shape == (3, 21)
    for fold in range(3):
        trained = bank.labels[drawn[fold] > 0].unique()
        assert trained.tolist() == classes[fold].nonzero()[:, 0].tolist()
        assert 12 <= len(trained) <= 13 and 0 in trained
    scored = (drawn == 0).all(dim=0)
    assert 0.4 < scored.float().mean() < 0.6  # the same half is out of all folds


def test_too_few_seen_classes_are_an_error(tmp_path):
    task = make_task(2)
    bank = make_bank(task)
    two = bank.labels <= 3
    with pytest.raises(ValueError, match=r'2 seen classes can be held out.*set calibration\.gamma'):
        run_stage(CalibrateSeen(PROJECTION), tmp_path / 'run', task, Bank(*(part[two] for part in bank)))


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(gamma=1.5), 'gamma is a probability'), (dict(folds=1), 'folds >= 2'), (dict(share=1.0), '0 < share < 1')])
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        CalibrateSeen(PROJECTION, **settings)


def test_distances_have_no_probabilities_to_calibrate():
    with pytest.raises(ValueError, match="loss 'cross_entropy', not 'cosine'"):
        CalibrateSeen({**PROJECTION, 'loss': 'cosine'})
