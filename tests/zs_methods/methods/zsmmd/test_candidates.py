"""Which features become candidates for an unseen class, and how they are drawn."""

import pytest
import torch
from torch import nn

from zs_methods.methods.zsmmd.candidates import Candidates, Pool
from zs_methods.methods.zsmmd.loss import ZSMMDLoss


@pytest.fixture
def gated():
    """Candidates among one-hot-like features whose classifier is the identity: class = largest coordinate."""
    classifier = nn.Linear(3, 3)
    classifier.load_state_dict({'weight': torch.eye(3) * 10, 'bias': torch.zeros(3)})

    def collect(features, origin=None, **settings):
        loss = ZSMMDLoss(**{'threshold': 0.0, 'min_count': 1, **settings})
        return Candidates.collect(Pool(torch.tensor(features), origin), classifier, loss, (1, 2))
    return collect


def test_candidates_are_grouped_by_class_and_seen_ones_are_left_out(gated):
    found = gated([[0.0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 2]])
    assert found.rows.tolist() == [2, 0, 3]
    assert found.counts.tolist() == [1, 2]
    assert found.considered.tolist() == [4, 4]


def test_a_generated_feature_only_counts_for_its_own_class(gated):
    features, origin = [[0.0, 0, 1], [0, 0, 1], [0, 1, 0]], torch.tensor([1, 2, 2])
    found = gated(features, origin)
    assert found.rows.tolist() == [1]
    assert (found.counts.tolist(), found.considered.tolist()) == ([0, 1], [1, 2])


def test_candidates_are_drawn_in_proportion_to_their_weight(gated):
    features = [[0.0, 1, 0], [0, 0, 1.0], [0, 0, 0.2], [0, 2, 0]]
    found = gated(features, power=3.0)
    drawn = found.draw(torch.tensor([0, 1]), 20_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 20_000, 3)
    assert set(drawn[0].unique(dim=0)[:, 1].tolist()) == {1.0, 2.0} and (drawn[0][:, 2] == 0).all()
    confidence = (torch.tensor(features) * 10).softmax(dim=1).max(dim=1).values ** 3
    share = (drawn[1][:, 2] == 1.0).float().mean().item()
    assert abs(share - (confidence[1] / (confidence[1] + confidence[2])).item()) < 0.015


def test_only_classes_in_use_are_drawn(gated):
    found = gated([[0.0, 1, 0], [0, 0, 1.0]])
    assert found.draw(torch.tensor([1]), 4, torch.Generator().manual_seed(0))[..., 2].min() == 1.0


def test_nothing_confident_means_no_candidates(gated):
    found = gated([[0.0, 0.01, 0]], threshold=0.99)
    assert found.counts.tolist() == [0, 0] and len(found.features) == 0
