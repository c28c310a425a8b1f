"""Maximum mean discrepancy between sets of features, for many classes at once.

Notation (methods of Li et al., ICML 2015, as used by ZS3Net): for sets X = {x_i}, Y = {y_j} with weights w_j that
sum to one, and variances V,

    k(a, b)    = sum_{v in V} exp(-||a - b||^2 / (2 v))
    MMD^2(X,Y) = mean_ii' k(x_i, x_i') + sum_jj' w_j w_j' k(y_j, y_j') - 2 sum_j w_j mean_i k(x_i, y_j)

the biased estimator with its diagonal. With signed weights a = (1/m, ..., 1/m, -w_1, ..., -w_n) over Z = X + Y it is
the quadratic form sum_pq a_p a_q k(z_p, z_q), which is how it is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from zs_methods.registry import MODELS


class _QuadraticForm(torch.autograd.Function):
    """sum_pq a_p a_q k(z_p, z_q) per class, with its gradient in closed form.

    With D_pq = ||z_p - z_q||^2 and S = dk/dD = -sum_v exp(-D / 2v) / 2v, the gradient is
    d/dz_p = 4 sum_q a_p a_q S_pq (z_p - z_q): one matrix is kept instead of one per variance, and of it only the first
    `rows` rows, those of the z_p that need a gradient; the others get none.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, a: Tensor, variances: tuple[float, ...], rows: int) -> Tensor:
        # A shift changes no distance but keeps ||z_p||^2 + ||z_q||^2 - 2 z_p z_q from cancelling.
        z = z - z.mean(dim=1, keepdim=True)
        squares = z.square().sum(dim=2)
        distance = torch.baddbmm(squares[:, :, None] + squares[:, None], z, z.mT, alpha=-2).clamp_(min=0)
        kernel, slope = torch.zeros_like(distance), torch.zeros_like(distance[:, :rows])
        term, previous = distance, 0.0
        for v in sorted(variances, reverse=True):
            # exp(-D / v) is the square of exp(-D / 2v): most published variances double.
            term = term.square() if previous == 2 * v else torch.exp(distance * (-0.5 / v))
            kernel += term
            slope.add_(term[:, :rows], alpha=-0.5 / v)
            previous = v
        ctx.save_for_backward(z, a, slope)
        return torch.einsum('cp,cpq,cq->c', a, kernel, a)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        z, a, slope = ctx.saved_tensors
        rows = slope.shape[1]
        weight = slope * a[:, :rows, None] * a[:, None]
        pull = z[:, :rows] * weight.sum(dim=2, keepdim=True) - torch.bmm(weight, z)
        return F.pad(4 * grad[:, None, None] * pull, (0, 0, 0, z.shape[1] - rows)), None, None, None


def mmd_squared(fake: Tensor, real: Tensor, variances: Sequence[float], weights: Tensor | None = None,
                fake_weights: Tensor | None = None) -> Tensor:
    """Squared MMD of every class.

    Args:
        fake (Tensor): generated features, shape (classes, m, d).
        real (Tensor): features to imitate, shape (classes, n, d).
        variances (Sequence[float]): V, variances (sigma squared), not standard deviations.
        weights (Tensor, optional): non-negative weight of every real feature, shape (classes, n); each row is
            divided by its sum. Uniform by default. No gradient flows into it.
        fake_weights (Tensor, optional): the same for `fake`, shape (classes, m).

    Returns:
        Tensor: shape (classes,).
    """
    signed = torch.cat([_normalised(fake, fake_weights), -_normalised(real, weights)], dim=1)
    z = torch.cat([fake, real], dim=1)
    return _QuadraticForm.apply(z, signed, tuple(variances), z.shape[1] if real.requires_grad else fake.shape[1])


def _normalised(features: Tensor, weights: Tensor | None) -> Tensor:
    """Weights that sum to one in every class, shape (classes, n)."""
    if weights is None:
        weights = features.new_ones(features.shape[:2])
    return weights.detach() / weights.sum(dim=1, keepdim=True)


def square_root(x: Tensor) -> Tensor:
    """Square root of numbers above 0; the same on processors of all makers, see `zs_methods.engine.optimiser.fuse`.

    Its gradient does not exist at 0, where it is NaN.
    """
    return x * x.rsqrt()


@MODELS.register_module()
class MMDLoss(nn.Module):
    """Mean over classes of the root of MMD^2.

    Args:
        variances (Sequence[float]): V.
        root (bool): take the square root, as the ZS3 code does; the paper has none.
        eps (float): keeps the gradient of the root finite at MMD = 0.

    Source: ZS3Net (Bucher et al., NeurIPS 2019), section 3.2; variances and root as in its code
    (valeoai/ZS3 6031f4a). Deviation: eps and clamp inside the root, which the code lacks.
    """

    def __init__(self, variances: Sequence[float] = (2, 5, 10, 20, 40, 80), root: bool = True,
                 eps: float = 1e-8) -> None:
        super().__init__()
        self.variances, self.root, self.eps = tuple(variances), root, eps

    def forward(self, fake: Tensor, real: Tensor, weights: Tensor | None = None,
                fake_weights: Tensor | None = None) -> Tensor:
        """Loss of features (classes, m, d) against (classes, n, d), with weights as in `mmd_squared`."""
        squared = mmd_squared(fake, real, self.variances, weights, fake_weights)
        return (square_root(squared.clamp(min=0) + self.eps) if self.root else squared).mean()
