import torch
from reference_mmd import PUBLISHED, brute_force

from zs_methods.methods.zsmmd.loss import ZSMMDLoss
from zs_methods.models.losses.mmd_loss import mmd_squared


def build(**settings):
    return ZSMMDLoss(**{'min_count': 1, **settings})


def test_agrees_with_loops_in_value_and_gradient():
    torch.manual_seed(0)
    fake = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    candidates = torch.randn(2, 7, 3, dtype=torch.float64)
    weights = torch.rand(2, 7, dtype=torch.float64) * (torch.rand(2, 7) > 0.3)
    ours = build(eps=0.0)(fake, candidates, weights)
    loops = sum(brute_force(fake[u], candidates[u], PUBLISHED, weights[u]).sqrt() for u in range(2)) / 2
    torch.testing.assert_close(ours, loops, rtol=1e-6, atol=0)
    torch.testing.assert_close(*(torch.autograd.grad(loss, fake)[0] for loss in (ours, loops)), rtol=1e-6, atol=1e-14)


def test_uniform_weights_equal_the_plain_mmd():
    torch.manual_seed(1)
    fake, real = torch.randn(3, 6, 4), torch.randn(3, 8, 4)
    expected = (mmd_squared(fake, real, PUBLISHED) + 1e-8).sqrt().mean()
    torch.testing.assert_close(build()(fake, real, torch.full((3, 8), 0.7)), expected)


def test_candidates_that_were_drawn_by_weight_estimate_the_weighted_loss():
    torch.manual_seed(3)
    fake, candidates = torch.randn(1, 6, 4), torch.randn(1, 5, 4)
    weights = torch.tensor([[3.0, 1.0, 0.0, 4.0, 0.0]])
    drawn = candidates[:, [0, 0, 0, 1, 3, 3, 3, 3]]
    torch.testing.assert_close(build()(fake, drawn), build()(fake, candidates, weights))


def test_classes_with_too_few_candidates_contribute_nothing():
    torch.manual_seed(2)
    fake, candidates = torch.randn(2, 6, 4), torch.randn(2, 8, 4)
    weights = torch.ones(2, 8)
    weights[1, 3:] = 0
    loss = build(min_count=4)
    torch.testing.assert_close(loss(fake, candidates, weights), loss(fake[:1], candidates[:1], weights[:1]))


def test_no_candidate_at_all_gives_zero_with_zero_gradient():
    fake = torch.randn(2, 6, 4, requires_grad=True)
    loss = build(min_count=4)(fake, torch.randn(2, 8, 4), torch.zeros(2, 8))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(fake.grad, torch.zeros_like(fake))


def test_only_the_generated_features_receive_a_gradient_and_it_is_finite_at_zero():
    fake = torch.randn(2, 6, 4, requires_grad=True)
    candidates = fake.detach().clone().requires_grad_()
    build()(fake, candidates, torch.ones(2, 6)).backward()
    assert candidates.grad is None
    assert torch.isfinite(fake.grad).all()
