"""What is fed back to the generator, from every source, and what is not."""

import pytest
import torch

from zs_methods.configs import load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.stages import StageContext, TrainGenerator
from zs_methods.task import Task


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope='module')
def control(recurse):
    return recurse(**{'recursion.weight': 0.0})


def test_a_round_without_weight_is_the_generator_stage_of_zs3net_gone_on(control, trunk, weights, micro_root, tmp_path):
    """Gate (i): bit for bit, and with neither judge nor candidates."""
    assert set(control) == {*trunk, 'generator_1', 'classifier_1', 'evaluate'}
    config = load_config('zs3', 'shapes', 'tiny').generator.to_dict() | {'iterations': 3, 'samples': 8}
    task = Task.create('shapes', 2, micro_root, PROTOCOLS['zs3-clean'])
    method = METHODS.get('zs3')(load_config('zs3', 'shapes', 'tiny'), task, PROTOCOLS['zs3-clean'])
    stage = TrainGenerator(**config, vectors=method.vectors(), warm_start='generator')
    stage.run(StageContext(task, trunk, tmp_path, 0))
    assert same(weights({'generator': tmp_path}, 'generator'), weights(control))
    assert not same(weights(control), weights(trunk, 'generator'))


def test_too_few_candidates_leave_the_generator_as_without_the_term(recurse, control, weights, said):
    folders = recurse(**{'recursion.weight': 5.0, 'recursion.loss.min_count': 10**6})
    assert same(weights(folders), weights(control))
    assert said(folders, 'generator_1')['feedback']['used'] == []


@pytest.mark.parametrize('source', ['unlabelled', 'synthetic', 'seen-images'])
def test_every_source_feeds_something_back(recurse, control, weights, said, source):
    folders = recurse(source, **{'recursion.weight': 5.0, 'recursion.gate.share': 0.25})
    told = said(folders, 'generator_1')['feedback']
    assert told['used'] and sum(told['candidates'].values()) > 0
    assert all(0 <= share < 0.3 for share in told['accepted_share'].values())  # a quarter, rounded up
    assert not same(weights(folders), weights(control))
