"""The ZS-MMD loss, as reconstructed: MMD against pseudo-features weighted by the classifier's confidence."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from zs_methods.models.losses.mmd_loss import mmd_squared, square_root
from zs_methods.registry import MODELS


@MODELS.register_module()
class ZSMMDLoss(nn.Module):
    """Confidence-weighted MMD of the unseen classes.

    RECONSTRUCTION: the formula of the paper (Wang, Farazi, Barnes, IJCNN 2021, arXiv 2103.00086) is not public
    outside its body. Established from its abstract [source]: high-confidence outputs of the classification layer are
    weighted, taken as pseudo-features and fed back to the generator. ASSUMPTION, until someone confirms it:

        q_j   = p_theta(u | x_j) of a pixel x_j with argmax u;  C_u: those with a high q_j, see `passing`
        w_j   = q_j^gamma on C_u, 0 elsewhere
        M_u^2 = MMD^2 of generated g_i = G(a_u, z_i) against x_j with weights w_j / sum w
        L     = mean over u in U' of sqrt(max(M_u^2, 0) + eps),   U' = {u : |C_u| >= n_min}

    x_j and w_j carry no gradient; classes with too few candidates contribute nothing.

    Args:
        variances (Sequence[float]): kernel variances, as in `MMDLoss`.
        min_count (int): n_min.
        eps (float): keeps the gradient of the root finite at 0.
    """

    def __init__(self, variances: Sequence[float] = (2, 5, 10, 20, 40, 80), min_count: int = 32,
                 eps: float = 1e-8) -> None:
        super().__init__()
        self.variances, self.min_count, self.eps = tuple(variances), min_count, eps

    def used(self, counts: Tensor) -> Tensor:
        """Which classes have enough candidates, U': counts (unseen,) -> bool."""
        return counts >= max(self.min_count, 1)

    def forward(self, fake: Tensor, candidates: Tensor, weights: Tensor | None = None) -> Tensor:
        """Loss of generated features against candidates.

        Args:
            fake (Tensor): generated features, shape (unseen, m, d).
            candidates (Tensor): pseudo-features x, shape (unseen, n, d).
            weights (Tensor, optional): w, shape (unseen, n), 0 for what is no candidate. Without them the candidates
                are taken to have been drawn with probability w / sum w already, which estimates the same M_u^2.

        Returns:
            Tensor: scalar; 0 with zero gradient if no class has enough candidates.
        """
        if weights is not None:
            used = self.used((weights > 0).sum(dim=1))
            fake, candidates, weights = fake[used], candidates[used], weights[used]
        if not len(fake):
            return fake.sum()
        squared = mmd_squared(fake, candidates.detach(), self.variances, weights)
        return square_root(squared.clamp(min=0) + self.eps).mean()
