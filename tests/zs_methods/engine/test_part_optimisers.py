"""Optimisers of parts of a network, against torch's own calls."""

import copy

import pytest
import torch
from mmengine.optim import PolyLR, build_optim_wrapper
from mmengine.registry import DefaultScope, init_default_scope
from torch import nn

from zs_methods.engine.seen_runner import end_with

SGD = dict(type='SGD', lr=0.1, momentum=0.9)
ADAM = dict(type='Adam', lr=0.01)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(3, 4), nn.ModuleDict({'top': nn.Linear(4, 2), 'part': nn.Linear(2, 2)})

    def forward(self, x):
        return self.head['part'](self.head['top'](self.body(x)))


@pytest.fixture
def make():
    init_default_scope('mmseg')
    assert DefaultScope.get_current_instance()
    torch.manual_seed(0)
    network = Network()

    def build(parts, model=network):
        return build_optim_wrapper(model, dict(
            constructor='zs_methods.PartsConstructor', optimizer=dict(SGD),
            paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10.0)}, parts=parts)))
    return network, build


def test_a_step_is_one_of_each_optimiser(make):
    network, build = make
    other = copy.deepcopy(network)
    wrapper = build(dict(part=dict(ADAM)))
    sgd = torch.optim.SGD([dict(params=other.body.parameters()), dict(params=other.head['top'].parameters(), lr=1.0)],
                          lr=0.1, momentum=0.9)
    adam = torch.optim.Adam(other.head['part'].parameters(), lr=0.01)
    x = torch.randn(5, 3)
    for _ in range(4):
        with wrapper.optim_context(network):
            loss = network(x).square().mean()
        wrapper.update_params(loss)
        other(x).square().mean().backward()
        for optimiser in (sgd, adam):
            optimiser.step()
            optimiser.zero_grad()
        assert all(parameter.grad is None for parameter in network.parameters())
        for ours, theirs in zip(network.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs)


class Scaler:
    """A loss scale that is halved when it is updated, as a GradScaler may do."""

    def __init__(self):
        self.scale, self.stepped = 8.0, []

    def step(self, optimizer):
        for group in optimizer.param_groups:
            for parameter in group['params']:
                parameter.grad /= self.scale
        self.stepped.append(type(optimizer).__name__)
        optimizer.step()


def test_all_optimisers_share_one_loss_scale(make, monkeypatch):
    """Mixed precision: every gradient is divided by the scale of this backward pass, which changes at the very end."""
    network, build = make
    other = copy.deepcopy(network)
    wrapper, plain = build(dict(part=dict(ADAM))), build(dict(part=dict(ADAM)), other)
    first = wrapper['network']
    first.loss_scaler = scaler = Scaler()
    monkeypatch.setattr(first, 'backward', lambda loss: (loss * scaler.scale).backward())

    def step():
        scaler.step(first.optimizer)
        scaler.scale /= 2
    monkeypatch.setattr(first, 'step', step)
    x = torch.randn(5, 3)
    for _ in range(3):
        wrapper.update_params(network(x).square().mean())
        plain.update_params(other(x).square().mean())
    assert scaler.stepped == ['Adam', 'SGD'] * 3
    for ours, theirs in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_schedule_keeps_the_factor_of_the_head_and_leaves_the_part_alone(make):
    network, build = make
    wrapper = build(dict(part=dict(ADAM)))
    schedule = PolyLR(wrapper['network'], power=0.9, eta_min=0.0, end=11, by_epoch=False)
    for step in range(1, 10):
        wrapper.update_params(network(torch.ones(1, 3)).square().mean())
        schedule.step()
        rates = {group['lr'] for group in wrapper['network'].optimizer.param_groups}
        assert sorted(rates) == pytest.approx([0.1 * (1 - step / 10) ** 0.9, (1 - step / 10) ** 0.9])
        assert [group['lr'] for group in wrapper['part'].optimizer.param_groups] == [0.01]


def test_a_part_that_is_not_there_is_refused(make):
    with pytest.raises(ValueError, match=r"parts: the network has no module 'encoder'"):
        make[1](dict(encoder=dict(ADAM)))


def test_schedules_by_name_end_with_the_training():
    schedules = dict(network=[dict(type='PolyLR', end=None)], part=[])
    assert end_with(schedules, 10) == dict(network=[dict(type='PolyLR', end=11)], part=[])
