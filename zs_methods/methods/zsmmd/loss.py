"""The ZS-MMD loss, as reconstructed: MMD against pseudo-features weighted by the classifier's confidence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zs_methods.models.losses.mmd_loss import mmd_squared, square_root
from zs_methods.registry import MODELS


@MODELS.register_module()
class ZSMMDLoss(nn.Module):
    """Confidence-weighted MMD of the unseen classes.

    RECONSTRUCTION: the formula of the paper (Wang, Farazi, Barnes, IJCNN 2021, arXiv 2103.00086) is not public
    outside its body. Established from its abstract [source]: high-confidence outputs of the classification layer are
    weighted, taken as pseudo-features and fed back to the generator. ASSUMPTION, until someone confirms it:

        w_j     = q_j^gamma * 1[q_j >= tau] * 1[argmax_c p(c | x_j) = u],    q_j = p(u | x_j)
        M_u^2   = MMD^2 of generated g_i = G(a_u, z_i) against x_j with weights w_j / sum w
        L       = mean over u in U' of sqrt(max(M_u^2, 0) + eps),   U' = {u : #{w_j > 0} >= n_min}

    x_j and w_j carry no gradient; classes with too few confident candidates contribute nothing.

    Args:
        variances (Sequence[float]): kernel variances, as in `MMDLoss`.
        threshold (float): tau.
        power (float): gamma.
        min_count (int): n_min.
        eps (float): keeps the gradient of the root finite at 0.
    """

    def __init__(self, variances: Sequence[float] = (2, 5, 10, 20, 40, 80), threshold: float = 0.9,
                 power: float = 1.0, min_count: int = 32, eps: float = 1e-8) -> None:
        super().__init__()
        self.variances, self.threshold, self.power = tuple(variances), threshold, power
        self.min_count, self.eps = min_count, eps

    @torch.no_grad()
    def weights(self, probabilities: Tensor, classes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Confidence weights of candidate features; the argmax test leaves each at most one class.

        Args:
            probabilities (Tensor): classifier output for the candidates, shape (n, classes).
            classes (Sequence[int]): ids of the unseen classes.

        Returns:
            tuple: w, shape (n,), not normalised and 0 unless the argmax is unseen; and that argmax, an id, shape (n,).
        """
        confidence, assigned = probabilities.max(dim=1)
        unseen = torch.zeros(probabilities.shape[1], dtype=torch.bool, device=probabilities.device)
        unseen[list(classes)] = True
        return confidence.pow(self.power) * ((confidence >= self.threshold) & unseen[assigned]), assigned

    def used(self, counts: Tensor) -> Tensor:
        """Which classes have enough confident candidates, U': counts (unseen,) -> bool."""
        return counts >= max(self.min_count, 1)

    def forward(self, fake: Tensor, candidates: Tensor, weights: Tensor | None = None) -> Tensor:
        """Loss of generated features against candidates.

        Args:
            fake (Tensor): generated features, shape (unseen, m, d).
            candidates (Tensor): pseudo-features x, shape (unseen, n, d).
            weights (Tensor, optional): w, shape (unseen, n). Without them the candidates are taken to have been drawn
                with probability w / sum w already, which estimates the same M_u^2.

        Returns:
            Tensor: scalar; 0 with zero gradient if no class has enough confident candidates.
        """
        if weights is not None:
            used = self.used((weights > 0).sum(dim=1))
            fake, candidates, weights = fake[used], candidates[used], weights[used]
        if not len(fake):
            return fake.sum()
        squared = mmd_squared(fake, candidates.detach(), self.variances, weights)
        return square_root(squared.clamp(min=0) + self.eps).mean()
