"""The look at the ground truth after training: what it tells, and that it changes nothing."""

import json

import numpy as np
import pytest
import torch

from zs_methods.datasets import load_spec
from zs_methods.datasets.shapes_generator import render
from zs_methods.stages.layouts import shrink

NAMES = ['striped red', 'dotted blue']
SETTINGS = {'recursion.rounds': 2, 'recursion.gate.share': 0.25}


@pytest.fixture(scope='module')
def looked(recurse):
    return recurse(whole=True, **SETTINGS, **{'recursion.diagnosis.images': 40})


def test_diagnosis_changes_nothing_that_is_trained_or_scored(recurse, looked, weights):
    without = recurse(whole=True, **SETTINGS)
    assert 'diagnosis' in looked and 'diagnosis' not in without
    assert list(looked['diagnosis'].iterdir()) == [looked['diagnosis'] / 'summary.json']
    for name in ('generator_1', 'generator_2'):
        first, second = weights(without, name), weights(looked, name)
        assert all(torch.equal(first[key], second[key]) for key in first)
    results = [json.loads((folders['evaluate'] / 'result.json').read_text())['confusion']
               for folders in (without, looked)]
    assert results[0] == results[1]


def test_diagnosis_gives_distances_of_every_generator_and_purity_of_every_round(looked, said):
    found = said(looked, 'diagnosis')
    assert [list(part) for part in found['mmd']] == [NAMES] * 3
    assert [list(part) for part in found['precision']] == [['all unseen classes', 'mean of the classes', *NAMES]] * 2
    for counts, shares in zip(found['candidates'], found['precision'], strict=True):
        whole, *parts = counts.values()
        assert whole == sum(parts) > 0
        right = sum(count * shares[name] for name, count in counts.items() if name in NAMES and count)
        parts = [shares[name] for name in NAMES if shares[name] is not None]
        assert shares['mean of the classes'] == pytest.approx(np.mean(parts))
        assert shares['all unseen classes'] == pytest.approx(right / whole, rel=1e-3)  # pixels are rounded
    assert len(found['tables']) == 3


def test_precision_is_that_of_the_pixels_against_their_masks(looked, said):
    with np.load(looked['candidates_1'] / 'bank.npz', allow_pickle=False) as bank:
        classes, confidence, images, positions, sizes = (
            bank[name] for name in ('classes', 'confidence', 'images', 'positions', 'sizes'))
    c = load_spec('shapes').unseen(2)[0]
    rows = np.flatnonzero(classes == c)
    rows = rows[np.argsort(-confidence[rows], kind='stable')][:int(np.ceil(0.25 * len(rows)))]
    truth = [shrink(torch.from_numpy(render('train', image)[1])[None], tuple(sizes[image])).flatten()[position]
             for image, position in zip(images[rows], positions[rows], strict=True)]
    found = said(looked, 'diagnosis')
    assert found['candidates'][0][NAMES[0]] == len(rows)
    assert found['precision'][0][NAMES[0]] == pytest.approx(np.mean([label == c for label in truth]))


def test_pixels_of_seen_images_are_mistakes_and_what_is_generated_has_no_truth(recurse, said):
    options = {'recursion.diagnosis.images': 40}
    mistakes = said(recurse('seen-images', whole=True, **options), 'diagnosis')['precision'][0]
    assert set(mistakes.values()) <= {0.0, None}
    for source, weight in (('synthetic', 1.0), ('unlabelled', 0.0)):
        found = said(recurse(source, whole=True, **options, **{'recursion.weight': weight}), 'diagnosis')
        assert found['precision'] == [] and len(found['mmd']) == 2 and len(found['tables']) == 1
