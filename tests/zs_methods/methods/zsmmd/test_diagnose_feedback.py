"""The look at the ground truth after training: what it tells, and that it changes nothing."""

import json

import torch


def summary(folders, stage):
    return json.loads((folders[stage] / 'summary.json').read_text())


def state(folders, stage='generator_1'):
    return torch.load(folders[stage] / 'generator.pth', weights_only=True)['state_dict']


def test_diagnosis_changes_nothing_that_is_trained_or_scored(recurse):
    without, looked = (recurse('unlabelled', whole=True, **{'recursion.diagnosis.images': images})
                       for images in (0, 40))
    assert 'diagnosis' in looked and 'diagnosis' not in without
    assert list(looked['diagnosis'].iterdir()) == [looked['diagnosis'] / 'summary.json']
    assert all(torch.equal(state(without)[name], state(looked)[name]) for name in state(looked))
    results = [json.loads((folders['evaluate'] / 'result.json').read_text())['confusion']
               for folders in (without, looked)]
    assert results[0] == results[1]


def test_diagnosis_gives_distances_and_precision_of_every_recursion(recurse):
    options = {'recursion.rounds': 2, 'recursion.diagnosis.images': 40}
    said = summary(recurse('unlabelled', whole=True, **options), 'diagnosis')
    assert [set(part) for part in said['mmd']] == [{'striped red', 'dotted blue'}] * 3
    assert len(said['precision']) == 2
    assert all(0 < value < 1 for value in said['precision'][0].values() if value is not None)
    mistakes = summary(recurse('seen-images', **{**options, 'recursion.rounds': 1}), 'diagnosis')['precision'][0]
    assert set(mistakes.values()) <= {0.0, None}
