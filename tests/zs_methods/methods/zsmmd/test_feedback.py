"""What is fed back to the generator, from every source."""

import json

import pytest
import torch

from zs_methods.datasets import load_spec
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.parts import load_classifier


def summary(folders, stage):
    return json.loads((folders[stage] / 'summary.json').read_text())


def state(folders, stage='generator_1'):
    return torch.load(folders[stage] / 'generator.pth', weights_only=True)['state_dict']


def test_too_few_candidates_leave_the_generator_as_without_feedback(recurse):
    runs = [recurse(**{'recursion.feedback.weight': weight, 'recursion.feedback.loss.min_count': 10**6})
            for weight in (0.0, 5.0)]
    assert torch.equal(state(runs[0])['output.weight'], state(runs[1])['output.weight'])
    assert summary(runs[1], 'generator_1')['feedback']['used'] == []


@pytest.mark.parametrize('source', ['synthetic', 'seen-images', 'unlabelled'])
def test_every_source_feeds_something_back(recurse, source):
    plain, fed = (recurse(source, **{'recursion.feedback.weight': weight}) for weight in (0.0, 5.0))
    said = summary(fed, 'generator_1')['feedback']
    assert said['used'] and sum(said['candidates'].values()) > 0
    assert all(0 <= share <= 1 for share in said['accepted_share'].values())
    assert not torch.equal(state(plain)['output.weight'], state(fed)['output.weight'])
    assert ('unlabelled' in fed) == (source == 'unlabelled')


def test_seen_images_give_real_features_that_the_classifier_mistakes(recurse, trunk):
    folders = recurse('seen-images')
    bank = Bank.load(folders['features'], torch.device('cpu'))
    assigned = load_classifier(trunk['classifier'], torch.device('cpu'))(bank.features).argmax(dim=1)
    said = summary(folders, 'generator_1')['feedback']['candidates']
    assert list(said.values()) == [int((assigned == c).sum()) for c in load_spec('shapes').unseen(2)]
