"""JoEm's semantic consistency: prototypes keep the relations of the class vectors they are made from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zs_methods.registry import MODELS


def distances(rows: Tensor) -> Tensor:
    """Euclidean distances between all rows, (C, d) -> (C, C), with a zero gradient where two are equal."""
    return torch.cdist(rows, rows, compute_mode='donot_use_mm_for_euclid_dist')


@MODELS.register_module()
class SemanticConsistencyLoss(nn.Module):
    """KL( softmax_c'(-T ||a_c - a_c'||) || softmax_c'(-||mu(a_c) - mu(a_c')||) ), mean over classes c.

    Args:
        temperature (float): T, on the side of the class vectors only.
        loss_weight (float): alpha.
        divided (bool): alpha is divided by the number of classes, as the code for Pascal-Context does by taking a
            batch mean of every class alone.

    Source: JoEm (Baek, Oh, Ham, ICCV 2021), code cvlab-yonsei/JoEm 06ee1fc. c' = c takes part.
    """

    def __init__(self, temperature: float = 5.0, loss_weight: float = 0.1, divided: bool = False) -> None:
        super().__init__()
        self.temperature, self.loss_weight, self.divided = temperature, loss_weight, divided

    def forward(self, vectors: Tensor, prototypes: Tensor) -> Tensor:
        """Class vectors a (C, vector_dim) and prototypes mu(a) (C, d) of the classes to compare; returns a scalar."""
        wanted = F.softmax(-self.temperature * distances(vectors.float()), dim=1)
        found = F.log_softmax(-distances(prototypes.float()), dim=1)
        loss = self.loss_weight * F.kl_div(found, wanted, reduction='batchmean')
        return loss / len(vectors) if self.divided else loss
