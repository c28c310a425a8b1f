"""Tests of JoEm's boundary-aware regression and semantic consistency."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zs_methods.models.losses.bar_loss import BARLoss, blended_prototypes
from zs_methods.models.losses.semantic_consistency import SemanticConsistencyLoss


def scene(ignored=0.2):
    torch.manual_seed(0)
    labels = torch.randint(0, 4, (2, 3, 4)).repeat_interleave(4, 1).repeat_interleave(4, 2)
    labels[torch.rand(labels.shape) < ignored] = 255
    return labels, torch.randn(4, 5), nn.Linear(5, 6), torch.randn(2, 6, 12, 16)


def table(vectors, encoder):
    return encoder(torch.cat([vectors, torch.zeros(1, vectors.shape[1])]))


@pytest.mark.parametrize('ratio', [0.25, 0.5, 1.0])
def test_regression_agrees_with_the_formula_pixel_by_pixel(ratio):
    """Embeddings are laid out, down-sampled, blended and then encoded, in this order."""
    labels, vectors, encoder, features = scene()
    embedded = torch.zeros(2, 5, 12, 16)
    for n, i, j in (labels != 255).nonzero().tolist():
        embedded[n, :, i, j] = vectors[labels[n, i, j]]
    small = F.interpolate(embedded, size=(int(12 * ratio), int(16 * ratio)), mode='nearest')
    blended = F.interpolate(small, size=(12, 16), mode='bilinear', align_corners=False)
    target = encoder(blended.permute(0, 2, 3, 1))
    terms = [(target[n, i, j] - features[n, :, i, j]).square().mean() for n, i, j in (labels != 255).nonzero().tolist()]
    ours = BARLoss(ratio, loss_weight=3.0)(features, labels, table(vectors, encoder))
    torch.testing.assert_close(ours, 3 * torch.stack(terms).mean())


def test_target_is_piecewise_constant_for_ratio_one_only():
    labels, vectors, encoder, _ = scene(ignored=0)
    prototypes = table(vectors, encoder)
    exact = prototypes[labels].permute(0, 3, 1, 2)
    assert torch.equal(blended_prototypes(prototypes, labels, (12, 16), 1.0), exact)
    assert not torch.allclose(blended_prototypes(prototypes, labels, (12, 16), 0.25), exact, atol=0.1)


def test_labels_of_another_size_are_taken_by_nearest_neighbour():
    labels, vectors, encoder, features = scene()
    prototypes, loss = table(vectors, encoder), BARLoss(0.5)
    large = labels.repeat_interleave(4, 1).repeat_interleave(4, 2)
    torch.testing.assert_close(loss(features, large, prototypes), loss(features, labels, prototypes))


def test_ignored_pixels_are_not_averaged_and_alone_give_zero():
    labels, vectors, encoder, features = scene()
    prototypes = table(vectors, encoder)
    features.requires_grad_()
    BARLoss(0.5)(features, labels, prototypes).backward()
    assert (features.grad.abs().sum(dim=1)[labels == 255] == 0).all()
    assert (features.grad.abs().sum(dim=1)[labels != 255] > 0).all()
    nothing = BARLoss(0.5)(features, torch.full_like(labels, 255), prototypes)
    assert nothing.item() == 0


def test_both_encoders_learn_from_the_regression():
    labels, vectors, encoder, features = scene()
    features.requires_grad_()
    BARLoss()(features, labels, table(vectors, encoder)).backward()
    assert encoder.weight.grad.abs().sum() > 0 and features.grad.abs().sum() > 0


@pytest.mark.parametrize('ratio', [0.0, 1.5])
def test_impossible_ratios_are_refused(ratio):
    with pytest.raises(ValueError, match='ratio'):
        BARLoss(ratio)


def test_consistency_agrees_with_loops():
    torch.manual_seed(1)
    vectors, prototypes = torch.randn(4, 5), torch.randn(4, 6)
    total = 0.0
    for c in range(4):
        wanted = torch.stack([-7 * (vectors[c] - vectors[k]).norm() for k in range(4)]).softmax(0)
        found = torch.stack([-(prototypes[c] - prototypes[k]).norm() for k in range(4)]).softmax(0)
        total += (wanted * (wanted / found).log()).sum() / 4
    torch.testing.assert_close(SemanticConsistencyLoss(7.0, 0.3)(vectors, prototypes), 0.3 * total)


def test_temperature_acts_on_the_semantic_side_only():
    """With mu(a) = a the loss is 0 at T = 1; prototypes twice as far apart match T = 2."""
    vectors = torch.randn(5, 3)
    torch.testing.assert_close(
        SemanticConsistencyLoss(1.0, 1.0)(vectors, vectors), torch.tensor(0.0), atol=1e-6, rtol=0)
    assert SemanticConsistencyLoss(2.0, 1.0)(vectors, vectors) > 1e-3
    torch.testing.assert_close(
        SemanticConsistencyLoss(2.0, 1.0)(vectors, 2 * vectors), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_consistency_has_a_finite_gradient_where_prototypes_coincide():
    prototypes = torch.zeros(3, 4, requires_grad=True)
    SemanticConsistencyLoss()(torch.randn(3, 2), prototypes).backward()
    assert torch.isfinite(prototypes.grad).all()
