"""The step that all training loops take, against torch's own calls."""

import copy

import pytest
import torch
from torch import nn

from zs_methods.engine.optimiser import Optimiser

SGD = dict(type='SGD', lr=0.1, momentum=0.9)


def losses(linear):
    return linear(torch.ones(2, 3)).square().sum()


def make(steps=None):
    torch.manual_seed(0)
    linear = nn.Linear(3, 2)
    return linear, Optimiser(linear.parameters(), SGD, steps)


@pytest.mark.parametrize('steps', [None, 5])
def test_steps_are_those_of_torch(steps):
    linear, optimiser = make(steps)
    torch.manual_seed(0)
    other = nn.Linear(3, 2)
    sgd = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    for step in range(4):
        optimiser.step(losses(linear))
        for group in sgd.param_groups:
            group['lr'] = 0.1 * (1 - step / steps) ** 0.9 if steps else 0.1
        sgd.zero_grad()
        losses(other).backward()
        sgd.step()
        torch.testing.assert_close(linear.weight, other.weight)
    assert SGD['type'] == 'SGD'  # the config is as it was


def test_a_decay_that_begins_later_is_the_same():
    (first, whole), (second, later) = make(4), make()
    later.decay(4)
    for linear, optimiser in ((first, whole), (second, later)):
        optimiser.step(losses(linear))
        optimiser.step(losses(linear))
    assert torch.equal(first.weight, second.weight)


@pytest.mark.parametrize('steps', [None, 5])
def test_its_state_is_all_that_steps_change(steps):
    linear, optimiser = make(steps)
    for _ in range(2):
        optimiser.step(losses(linear))
    weights, state = copy.deepcopy((linear.state_dict(), optimiser.state_dict()))
    again, fresh = make(steps)
    again.load_state_dict(weights)
    fresh.load_state_dict(state)
    for one, other in ((linear, optimiser), (again, fresh)):
        other.step(losses(one))
    assert torch.equal(linear.weight, again.weight)
