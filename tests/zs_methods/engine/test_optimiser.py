"""The step that all training loops take, against torch's own calls."""

import copy

import pytest
import torch
from torch import nn

from zs_methods.engine.optimiser import Optimiser, fuse

SGD = dict(type='SGD', lr=0.1, momentum=0.9)


def losses(linear):
    return linear(torch.ones(2, 3)).square().sum()


def make(steps=None, config=SGD):
    torch.manual_seed(0)
    linear = nn.Linear(3, 2)
    return linear, Optimiser(linear.parameters(), config, steps)


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


@pytest.mark.parametrize('config', [SGD, dict(type='AdamW', lr=0.1)])
@pytest.mark.parametrize('steps', [None, 5])
def test_its_state_is_all_that_steps_change(steps, config):
    linear, optimiser = make(steps, config)
    for _ in range(2):
        optimiser.step(losses(linear))
    weights, state = copy.deepcopy((linear.state_dict(), optimiser.state_dict()))
    again, fresh = make(steps, config)
    again.load_state_dict(weights)
    fresh.load_state_dict(state)
    for one, other in ((linear, optimiser), (again, fresh)):
        other.step(losses(one))
    assert torch.equal(linear.weight, again.weight)


@pytest.mark.parametrize(('kind', 'settings', 'fused'), [
    ('Adam', {}, True), ('AdamW', {}, True), ('AdamW', {'foreach': True}, None), ('Adam', {'fused': False}, False),
    ('SGD', {'lr': 0.1}, None), ('RMSprop', {}, None)])
def test_adam_steps_in_one_kernel_unless_something_else_is_asked(kind, settings, fused):
    optimizer = getattr(torch.optim, kind)(nn.Linear(3, 2).parameters(), **settings)
    fuse(optimizer)
    assert optimizer.param_groups[0].get('fused') is fused


@pytest.mark.parametrize('kind', ['Adam', 'AdamW'])
def test_one_kernel_steps_as_several_do_and_takes_no_root_of_mkl(kind):
    """Weights that do not lie in memory as their gradients are computed."""
    torch.manual_seed(0)
    convs = [nn.Conv2d(16, 32, 3).to(memory_format=torch.channels_last) for _ in range(2)]
    convs[1].load_state_dict(convs[0].state_dict())
    ours = Optimiser(convs[0].parameters(), dict(type=kind, lr=0.01))
    theirs = Optimiser(convs[1].parameters(), dict(type=kind, lr=0.01, fused=False))
    called = []
    for images in torch.randn(3, 4, 16, 9, 9):
        for conv, optimiser in zip(convs, (ours, theirs), strict=True):
            with torch.autograd.profiler.profile() as profile:
                optimiser.step(conv(images).square().sum())
            called.append(any('sqrt' in event.name for event in profile.function_events))
        torch.testing.assert_close(convs[0].weight, convs[1].weight, rtol=1e-4, atol=1e-5)
    assert called == [False, True] * 3
