"""A method may add terms to a generator's loss: they take part, are restored, and are told of."""

import numpy as np
import pytest
import torch
from interruptions import Interrupted, interrupting
from small_bank import VECTORS, make_bank, make_task

from zs_methods.stages import Checkpoint, StageContext, TrainGenerator

SETTINGS = dict(model=dict(type='zs_methods.GMMNGenerator', noise_dim=4, hidden_dim=8),
                loss=dict(type='zs_methods.MMDLoss'), optimizer=dict(type='Adam', lr=1e-2), iterations=12, samples=8,
                vectors=VECTORS)


class Pull:
    """Draws generated features of the first class to a random point that moves with every step."""

    def __init__(self, ctx, vectors, weight):
        self.stream, self.vectors, self.weight, self.called = ctx.stream('noise/pull'), vectors[:1], weight, 0

    def __call__(self, generator):
        self.called += 1
        goal = torch.rand(1, generator=self.stream)
        return self.weight * (generator.sample(self.vectors, 4, self.stream) - goal).square().mean()

    def summary(self):
        return {'called': self.called}


class Pulled(TrainGenerator):
    def __init__(self, weight, **settings):
        super().__init__(**settings)
        self.weight = weight

    def terms(self, ctx, vectors):
        return {'pull': Pull(ctx, vectors, self.weight)}


@pytest.fixture
def run(tmp_path):
    task = make_task(2)
    (tmp_path / 'bank').mkdir()
    np.savez(tmp_path / 'bank/bank.npz', **{name: part.numpy() for name, part in make_bank(task)._asdict().items()})

    def go(name, stage, scratch=None):
        (tmp_path / name).mkdir()
        ctx = StageContext(task, {'features': tmp_path / 'bank'}, tmp_path / name, 0, scratch=scratch,
                           checkpoint_every=5)
        summary = stage.run(ctx)
        return summary, torch.load(tmp_path / name / 'generator.pth', weights_only=True)['state_dict']
    return go


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_term_takes_part_and_is_told_of_under_its_name(run):
    plain, alone = run('plain', TrainGenerator(**SETTINGS))
    summary, pulled = run('pulled', Pulled(5.0, **SETTINGS))
    _, control = run('control', Pulled(0.0, **SETTINGS))
    assert 'pull' not in plain and summary['pull'] == {'called': 12}
    assert same(alone, control) and not same(alone, pulled)


def test_a_term_goes_on_where_it_was(run, tmp_path, monkeypatch):
    _, whole = run('whole', Pulled(5.0, **SETTINGS))
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Checkpoint, 'save_if_due', interrupting(8))
        run('first', Pulled(5.0, **SETTINGS), tmp_path / 'scratch')
    _, resumed = run('second', Pulled(5.0, **SETTINGS), tmp_path / 'scratch')
    assert same(whole, resumed)
