"""A linear projection of pixel features into the space of class vectors; several can be trained side by side."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zs_methods.engine.checkpoint import Checkpoint
from zs_methods.engine.optimiser import Optimiser
from zs_methods.engine.stage import StageContext
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.parts import running_sums

LOG_EVERY = 50


def shifted(vectors: Tensor) -> Tensor:
    """Vectors (..., D) less the smallest of their own values."""
    return vectors - vectors.amin(dim=-1, keepdim=True)


def _squared(points: Tensor, targets: Tensor) -> Tensor:
    return (points - targets).square().sum(dim=-1)


def _cosine(points: Tensor, targets: Tensor) -> Tensor:
    return 1 - F.cosine_similarity(points, targets, dim=-1)


#: Distances of projected pixels (..., D) from the vectors of their labels (..., D), shape (...); the four of the
#: history of the ZS3 code (valeoai/ZS3 69e6b36), of which the one finally used was never published.
DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    'squared': _squared,
    'squared_mean': lambda points, targets: _squared(points, targets) / points.shape[-1],
    'cosine': _cosine,
    'cosine_shifted': lambda points, targets: _cosine(shifted(points), shifted(targets)),
}
LOSSES = ('cross_entropy', *DISTANCES)


class Projections(nn.Module):
    """F maps x -> P x + b from d to D values.

    Args:
        count (int): F.
        feature_dim (int): d.
        vector_dim (int): D.
        stream (torch.Generator): every one starts from the same draw of U(-1, 1) / sqrt(d).
    """

    def __init__(self, count: int, feature_dim: int, vector_dim: int, stream: torch.Generator) -> None:
        super().__init__()
        start = torch.empty(vector_dim, feature_dim + 1, device=stream.device)
        start.uniform_(-1, 1, generator=stream).mul_(feature_dim ** -0.5)
        self.weight = nn.Parameter(start[:, :-1].repeat(count, 1, 1))
        self.bias = nn.Parameter(start[:, -1].repeat(count, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Maps features (F, n, d) to (F, n, D)."""
        return torch.baddbmm(self.bias[:, None], features, self.weight.mT)

    def classifier(self, index: int, matrix: Tensor) -> nn.Linear:
        """The linear classifier with scores A (P x + b) of one of the projections; `matrix` is A, shape (C, D)."""
        linear = nn.Linear(self.weight.shape[2], len(matrix), device=matrix.device)
        with torch.no_grad():
            linear.weight.copy_(matrix @ self.weight[index])
            linear.bias.copy_(matrix @ self.bias[index])
        return linear


def fit_projections(bank: Bank, chances: Tensor, classes: Tensor, vectors: Tensor, axis: str, ctx: StageContext,
                    optimizer: dict, iterations: int, batch_size: int, loss: str, scale: float
                    ) -> tuple[Projections, list[float]]:
    """Trains F projections in one loop, each with rows and classes of its own, as if each were trained alone.

    Args:
        bank (Bank): n pixel features.
        chances (Tensor): how often each projection draws a row, shape (F, n), at least 0, any scale.
        classes (Tensor): which classes each projection tells apart, shape (F, C), bool; used by the cross entropy.
        vectors (Tensor): class vectors, shape (C, D); never trained.
        axis (str): name of the random streams.
        ctx (StageContext): provides them, and hears of progress.
        optimizer (dict): ``type`` in torch.optim, and its settings; the rate decays as (1 - t/T)^0.9.
        iterations (int): optimiser steps.
        batch_size (int): rows per step and projection.
        loss (str): one of `LOSSES`.
        scale (float): factor of the inner products in the softmax.

    Returns:
        tuple: the projections, and the final losses.

    Raises:
        FloatingPointError: a loss is not finite in the end.
    """
    matrix = F.normalize(vectors, dim=1)
    projections = Projections(len(chances), bank.features.shape[1], vectors.shape[1],
                              ctx.stream(f'initialisation/{axis}'))
    optimiser = Optimiser(projections.parameters(), optimizer, iterations)
    order, cumulative = ctx.stream(f'order/{axis}'), running_sums(chances, dim=1)
    last = (chances > 0).long().cumsum(dim=1).argmax(dim=1, keepdim=True)  # of the rows that are drawn at all
    parts = {'projections': projections, 'optimiser': optimiser}
    for step in Checkpoint(ctx, axis).steps(iterations, parts, {'order': order}):
        at = torch.rand(len(chances), batch_size, generator=order, device=ctx.device, dtype=torch.float64)
        rows = torch.minimum(torch.searchsorted(cumulative, at * cumulative[:, -1:], right=True), last)
        points, labels = projections(bank.features[rows]), bank.labels[rows]
        if loss == 'cross_entropy':
            scores = (scale * points @ matrix.T).masked_fill(~classes[:, None], -torch.inf)
            losses = F.cross_entropy(scores.mT, labels, reduction='none').mean(dim=1)
        else:
            losses = DISTANCES[loss](points, vectors[labels]).mean(dim=1)
        optimiser.step(losses.sum())
        if step % LOG_EVERY == 0 or step + 1 == iterations:
            ctx.progress(step + 1, iterations)
            ctx.watch(step + 1, loss=losses.mean())
    if not torch.isfinite(losses).all():
        raise FloatingPointError(f'the losses of the projection ended as {losses.tolist()}')
    return projections, losses.tolist()


def mask_of(ids: tuple[int, ...] | list[int], count: int, device: torch.device) -> Tensor:
    """Which of `count` classes are among some ids, shape (count,), bool."""
    mask = torch.zeros(count, dtype=torch.bool, device=device)
    mask[list(ids)] = True
    return mask

