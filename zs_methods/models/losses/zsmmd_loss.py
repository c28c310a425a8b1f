"""The ZS-MMD loss, as reconstructed: MMD against pseudo-features weighted by the classifier's confidence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from zs_methods.models.losses.mmd_loss import mmd_squared
from zs_methods.registry import MODELS


@MODELS.register_module()
class ZSMMDLoss(nn.Module):
    """Confidence-weighted MMD of the unseen classes.

    RECONSTRUCTION: the formula of the paper (Wang, Farazi, Barnes, IJCNN 2021, arXiv 2103.00086) is not public
    outside its body. Established from its abstract: high-confidence outputs of the classification layer are
    weighted, taken as pseudo-features and fed back to the generator. Assumed, until someone confirms it:

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
    def weights(self, probabilities: Tensor, classes: Sequence[int]) -> Tensor:
        """Confidence weights of candidate features.

        Args:
            probabilities (Tensor): classifier output for the candidates of each unseen class, shape
                (unseen, n, classes).
            classes (Sequence[int]): id u of each unseen class.

        Returns:
            Tensor: w, shape (unseen, n); not normalised.
        """
        ids = torch.as_tensor(classes, device=probabilities.device)
        confidence = probabilities.gather(2, ids[:, None, None].expand(-1, probabilities.shape[1], 1)).squeeze(2)
        accepted = (confidence >= self.threshold) & (probabilities.argmax(dim=2) == ids[:, None])
        return confidence.pow(self.power) * accepted

    def forward(self, fake: Tensor, candidates: Tensor, weights: Tensor) -> Tensor:
        """Loss of generated features against weighted candidates.

        Args:
            fake (Tensor): generated features, shape (unseen, m, d).
            candidates (Tensor): pseudo-features x, shape (unseen, n, d).
            weights (Tensor): w, shape (unseen, n).

        Returns:
            Tensor: scalar; 0 with zero gradient if no class has enough confident candidates.
        """
        used = (weights > 0).sum(dim=1) >= self.min_count
        if not used.any():
            return fake.sum() * 0
        squared = mmd_squared(fake[used], candidates[used].detach(), self.variances, weights[used])
        return (squared.clamp(min=0) + self.eps).sqrt().mean()
