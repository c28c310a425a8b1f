"""Stage that finds a linear classifier for all classes in closed form: ridge regression and linear discriminant."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.network import exclude_classes
from zs_methods.stages.parts import class_vectors, save_classifier

#: Rows in double precision at once.
BLOCK = 65_536


@STAGES.register_module()
class SolveRidge(Stage):
    """Gaussian classes with one covariance; the means of classes without a pixel are predicted from their vectors.

    With pixel features x_i of seen classes S, their weights w_i, class vectors a_c, and the weighted means m_c and
    shares of pixels p_c of the seen classes:

        B, b    = argmin  sum_{c in S} ||B a_c + b - m_c||^2 + strength ||B||^2          ridge regression
        m_u     = B a_u + b,   p_u = median of p_c over S                               unseen classes
        Sigma   = sum_i w_i (x_i - m_y)(x_i - m_y)^T / sum_i w_i                        covariance within classes
        Sigma'  = Sigma + shrinkage (tr Sigma / d) I
        score_c(x) = m_c^T Sigma'^-1 x - m_c^T Sigma'^-1 m_c / 2 + log p_c               linear discriminant

    Args:
        vectors (dict): how to read the class vectors, see `Method.vectors`.
        strength (float): of the penalty on B, above 0.
        shrinkage (float): share of the mean variance that is added to the diagonal of the covariance, above 0.
        bank (str): name of the stage with the seen features.

    Artifact: ``classifier.pth`` with ``weight`` (C, d) and ``bias`` (C,).

    Source: none for segmentation; textbook parts, put together here.
    """

    def __init__(self, vectors: dict, strength: float, shrinkage: float, bank: str = 'features') -> None:
        if strength <= 0 or shrinkage <= 0:
            raise ValueError(f'strength and shrinkage must be above 0, got {strength} and {shrinkage}')
        self.vectors, self.strength, self.shrinkage, self.bank = vectors, strength, shrinkage, bank

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Solves two linear systems in double precision; nothing is random or iterated."""
        bank, vectors = Bank.load(ctx.inputs[self.bank], ctx.device), class_vectors(ctx, self.vectors).double()
        shares, means, covariance = moments(bank, len(vectors))
        seen = shares.nonzero()[:, 0]
        others = (shares == 0).nonzero()[:, 0]  # unseen classes, and seen ones that no pixel of the bank has
        means[others] = predict_means(vectors[seen], means[seen], vectors[others], self.strength)
        shares[others] = shares[seen].median()
        covariance.diagonal().add_(self.shrinkage * covariance.diagonal().mean())
        weight = torch.linalg.solve(covariance, means.T).T
        linear = nn.Linear(weight.shape[1], len(weight), device=ctx.device)
        with torch.no_grad():
            linear.weight.copy_(weight)
            linear.bias.copy_(shares.log() - (weight * means).sum(dim=1) / 2)
        exclude_classes(linear, ctx.task.ignored)
        save_classifier(ctx.out, linear)
        return {'seen_classes': len(seen), 'dimensions': vectors.shape[1]}


def moments(bank: Bank, n_classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted shares of pixels (C,), means (C, d) and covariance within classes (d, d) of a bank; double precision.

    A class that is not in the bank has share and mean 0.
    """
    width, options = bank.features.shape[1], dict(dtype=torch.float64, device=bank.features.device)
    # On the CPU: CUDA adds weights up in an order that changes.
    mass = torch.bincount(bank.labels.cpu(), bank.weights.double().cpu(), n_classes).to(bank.features.device)
    total = mass.sum()
    sums, second = torch.zeros(n_classes, width, **options), torch.zeros(width, width, **options)
    for features, labels, weights in zip(*(part.split(BLOCK) for part in bank), strict=True):
        rows = features.double()
        weighted = rows * weights.double()[:, None]
        sums.index_add_(0, labels, weighted)
        second += weighted.T @ rows
    means = sums / mass.clamp(min=1e-12)[:, None]
    return mass / total, means, (second - means.T @ sums) / total


def predict_means(vectors: Tensor, means: Tensor, new: Tensor, strength: float) -> Tensor:
    """Ridge regression from class vectors to feature means, with a constant that has no penalty.

    Args:
        vectors (Tensor): of the classes with known means, shape (S, D).
        means (Tensor): their means, shape (S, d).
        new (Tensor): vectors of other classes, shape (U, D).
        strength (float): of the penalty.

    Returns:
        Tensor: shape (U, d).
    """
    centre, middle = vectors.mean(dim=0), means.mean(dim=0)
    inputs = vectors - centre
    # The dual form: as many unknowns as classes, not as values of a vector.
    gram = inputs @ inputs.T + strength * torch.eye(len(inputs), dtype=inputs.dtype, device=inputs.device)
    return middle + (new - centre) @ inputs.T @ torch.linalg.solve(gram, means - middle)
