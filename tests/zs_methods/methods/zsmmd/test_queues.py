"""Queues of features: what is new takes the place of what is oldest."""

import torch

from zs_methods.methods.zsmmd.queues import Queues


def column(values):
    return torch.tensor(values, dtype=torch.float)[:, None]


def test_each_class_keeps_its_latest_features_with_their_weights():
    queues = Queues(2, 3, 1, torch.device('cpu'))
    queues.add(torch.tensor([0, 1, 0]), column([1, 2, 3]), torch.tensor([0.1, 0.2, 0.3]))
    assert (queues.weights > 0).sum(dim=1).tolist() == [2, 1]
    queues.add(torch.tensor([0, 0]), column([4, 5]), torch.tensor([0.4, 0.5]))
    assert sorted(queues.features[0, :, 0].tolist()) == [3, 4, 5] and queues.added.tolist() == [4, 1]
    assert torch.equal(queues.weights[0] * 10, queues.features[0, :, 0])
    queues.add(torch.zeros(0, dtype=torch.int64), column([]), torch.zeros(0))
    assert queues.added.tolist() == [4, 1]


def test_a_restored_queue_goes_on_where_it_was():
    first, second = (Queues(2, 3, 1, torch.device('cpu')) for _ in range(2))
    first.add(torch.tensor([0, 0]), column([1, 2]), torch.ones(2))
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    for queues in (first, second):
        queues.add(torch.tensor([0, 0]), column([3, 4]), torch.ones(2))
    assert torch.equal(first.features, second.features) and sorted(first.features[0, :, 0].tolist()) == [2, 3, 4]
