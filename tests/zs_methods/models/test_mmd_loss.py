import math

import pytest
import torch
from reference_mmd import PUBLISHED, brute_force

from zs_methods.models.losses.mmd_loss import MMDLoss, mmd_squared
from zs_methods.registry import MODELS


@pytest.mark.parametrize('variances', [PUBLISHED, (2, 5, 10, 20, 40, 60), (1.5,), (3, 7, 11)])
@pytest.mark.parametrize(('m', 'n', 'weighted'), [(5, 5, False), (4, 7, False), (6, 3, True), (1, 1, False)])
def test_agrees_with_loops_in_value_and_gradient(variances, m, n, weighted):
    torch.manual_seed(0)
    fake = (3 * torch.randn(3, m, 4, dtype=torch.float64)).requires_grad_()
    real = 3 * torch.randn(3, n, 4, dtype=torch.float64) + 1
    weights = torch.rand(3, n, dtype=torch.float64) if weighted else None

    ours = mmd_squared(fake, real, variances, weights)
    gradient, = torch.autograd.grad(ours.sum(), fake)
    loops = torch.stack([brute_force(fake[c], real[c], variances, None if weights is None else weights[c])
                         for c in range(3)])
    expected, = torch.autograd.grad(loops.sum(), fake)

    torch.testing.assert_close(ours, loops, rtol=1e-6, atol=1e-14)
    torch.testing.assert_close(gradient, expected, rtol=1e-6, atol=1e-12)


def test_root_agrees_with_loops_in_value_and_gradient():
    torch.manual_seed(1)
    fake = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    real = torch.randn(2, 6, 3, dtype=torch.float64) + 2
    ours = MMDLoss(eps=0.0)(fake, real)
    loops = sum(brute_force(fake[c], real[c], PUBLISHED).sqrt() for c in range(2)) / 2
    torch.testing.assert_close(ours, loops, rtol=1e-6, atol=0)
    torch.testing.assert_close(*(torch.autograd.grad(loss, fake)[0] for loss in (ours, loops)), rtol=1e-6, atol=1e-14)


def test_gradient_of_the_real_side_too():
    torch.manual_seed(2)
    real = torch.randn(1, 4, 3, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(1, 5, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: mmd_squared(fake, x, PUBLISHED), (real,))


def test_single_precision_is_close_far_from_the_origin():
    torch.manual_seed(3)
    fake, real = torch.randn(4, 32, 64) + 50, torch.randn(4, 32, 64) + 50.5
    double = mmd_squared(fake.double(), real.double(), PUBLISHED)
    torch.testing.assert_close(mmd_squared(fake, real, PUBLISHED).double(), double, rtol=1e-4, atol=1e-6)


def test_equal_sets_give_zero_and_a_finite_gradient():
    fake = torch.randn(2, 8, 4, requires_grad=True)
    assert mmd_squared(fake, fake.detach(), PUBLISHED).abs().max() < 1e-6
    loss = MODELS.build(dict(type='zs_methods.MMDLoss'))(fake, fake.detach())
    loss.backward()
    assert loss < 1e-3
    assert torch.isfinite(fake.grad).all()


def test_is_the_mean_over_classes():
    torch.manual_seed(4)
    fake, real = torch.randn(5, 8, 4), torch.randn(5, 8, 4)
    loss = MMDLoss()
    singles = [loss(fake[c:c + 1], real[c:c + 1]).item() for c in range(5)]
    assert math.isclose(loss(fake, real).item(), sum(singles) / 5, rel_tol=1e-5)


def test_weights_are_normalised_and_zero_weight_removes_a_feature():
    torch.manual_seed(5)
    fake, real = torch.randn(1, 6, 4).double(), torch.randn(1, 5, 4).double()
    weights = torch.tensor([[2.0, 2.0, 2.0, 0.0, 0.0]]).double()
    torch.testing.assert_close(mmd_squared(fake, real, PUBLISHED, weights), mmd_squared(fake, real[:, :3], PUBLISHED))


def test_generated_features_may_have_weights_too():
    torch.manual_seed(6)
    fake, real = torch.randn(1, 6, 4).double().requires_grad_(), torch.randn(1, 6, 4).double()
    weights = torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]).double()
    ours = mmd_squared(fake, real, PUBLISHED, weights, weights)
    torch.testing.assert_close(ours, mmd_squared(fake[:, :2], real[:, :2], PUBLISHED))
    gradient, = torch.autograd.grad(ours.sum(), fake)
    assert gradient[0, 2:].abs().max() == 0 and gradient[0, :2].abs().min() > 0
