import pytest
import torch
from torch.nn import functional as F

from zs_methods.registry import MODELS


def build(**settings):
    return MODELS.build(dict(type='zs_methods.WeightedCrossEntropy', **settings))


def test_equals_torch_with_weights_and_ignore_index_together():
    torch.manual_seed(0)
    scores, labels = torch.randn(2, 4, 5, 5), torch.randint(0, 4, (2, 5, 5))
    labels[0, :2] = 255
    expected = F.cross_entropy(scores, labels, torch.tensor([0.2, 1.0, 7.0, 1.0]), ignore_index=255)
    torch.testing.assert_close(build(class_weight={0: 0.2, 2: 7})(scores, labels, ignore_index=255), expected)


def test_per_batch_divides_once_more_by_the_batch_size():
    scores, labels = torch.randn(4, 3, 2, 2), torch.zeros(4, 2, 2, dtype=torch.long)
    torch.testing.assert_close(build(per_batch=True)(scores, labels) * 4, build()(scores, labels))


def test_the_batch_is_that_of_all_processes(monkeypatch):
    """Processes average their gradients: 3 of 4 images each count like one with 12."""
    from zs_methods.models.losses import weighted_cross_entropy
    scores, labels = torch.randn(12, 3, 2, 2), torch.zeros(12, 2, 2, dtype=torch.long)
    alone = build(per_batch=True)(scores, labels)
    monkeypatch.setattr(weighted_cross_entropy, 'get_world_size', lambda: 3)
    shares = [build(per_batch=True)(part, labels[:4]) for part in scores.split(4)]
    assert sum(shares).item() / 3 == pytest.approx(alone.item())


@pytest.mark.parametrize('settings', [{}, {'class_weight': {0: 0.2}}, {'per_batch': True}])
def test_nothing_to_learn_from_is_a_loss_of_zero(settings):
    """As in a crop that shows ignored pixels only."""
    scores = torch.randn(2, 4, 3, 3, requires_grad=True)
    loss = build(**settings)(scores, torch.full((2, 3, 3), 255))
    loss.backward()
    assert loss.item() == 0 and not scores.grad.any()


def test_half_precision_scores_do_not_overflow():
    scores, labels = torch.zeros(1, 2, 400, 400, dtype=torch.float16), torch.zeros(1, 400, 400, dtype=torch.long)
    assert build()(scores, labels).item() == pytest.approx(0.6931, abs=1e-3)
