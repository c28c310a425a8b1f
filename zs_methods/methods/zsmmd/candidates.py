"""Pseudo-features of unseen classes: where they come from, and which of them a classifier is confident about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from zs_methods.engine.stage import StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.stages.parts import running_sums

from .loss import ZSMMDLoss
from .sources import NAMES

#: Features that a classifier scores at once.
CHUNK = 65_536


class Pool(NamedTuple):
    """Features that may become candidates: features (n, d), and the class each was generated for, (n,), or None."""

    features: Tensor
    origin: Tensor | None = None


@torch.no_grad()
def synthetic(ctx: StageContext, config: Mapping[str, Any]) -> Pool:
    """Features of the previous generator, ``pool`` of every unseen class. No image takes part: inductive."""
    generator = FeatureGenerator.load(ctx.inputs[config['generator']], ctx.device)
    unseen = torch.tensor(ctx.task.unseen, device=ctx.device)
    features = generator.sample(generator.vectors[unseen], config['pool'], ctx.stream('noise/candidates'))
    return Pool(features.flatten(0, 1), unseen.repeat_interleave(config['pool']))


def from_bank(ctx: StageContext, config: Mapping[str, Any]) -> Pool:
    """Real features of stage ``bank``, whatever labels it has: none of them is read."""
    with np.load(ctx.inputs[config['bank']] / 'bank.npz', allow_pickle=False) as bank:
        return Pool(torch.from_numpy(bank['features']).to(ctx.device))


#: Origin of the candidates, see `sources`.
SOURCES: dict[str, Callable[[StageContext, Mapping[str, Any]], Pool]] = {
    name: synthetic if name == NAMES[0] else from_bank for name in NAMES}


@dataclass
class Candidates:
    """C_u of every unseen class.

    Attributes:
        rows (Tensor): places in the pool of the features with positive weight, ordered by class, shape (n,).
        features (Tensor): those features, shape (n, d).
        counts (Tensor): |C_u|, shape (unseen,).
        considered (Tensor): features of the pool that could have joined C_u, shape (unseen,).
        cumulative (Tensor): sum of the weights before each of them and of all, shape (n + 1,), float64.
    """

    rows: Tensor
    features: Tensor
    counts: Tensor
    considered: Tensor
    cumulative: Tensor

    @classmethod
    @torch.no_grad()
    def collect(cls, pool: Pool, classifier: nn.Linear, loss: ZSMMDLoss, unseen: tuple[int, ...]) -> Candidates:
        """Gates the features of a pool.

        A generated feature only counts for the class it was generated for.

        Args:
            pool (Pool): the features.
            classifier (nn.Linear): f of the recursion before.
            loss (ZSMMDLoss): knows the weights.
            unseen (tuple[int, ...]): ids of the unseen classes.
        """
        parts = [loss.weights(classifier(chunk).softmax(dim=1), unseen) for chunk in pool.features.split(CHUNK)]
        weights, assigned = (torch.cat(column) for column in zip(*parts, strict=True))
        ids = torch.tensor(unseen, device=weights.device)
        considered = torch.full_like(ids, len(weights))
        if pool.origin is not None:
            weights = weights * (pool.origin == assigned)
            considered = (pool.origin[:, None] == ids).sum(dim=0)
        rows = weights.nonzero()[:, 0]
        rows = rows[assigned[rows].argsort(stable=True)]  # ids of unseen classes ascend, and so do the groups
        cumulative = nn.functional.pad(running_sums(weights[rows]), (1, 0))
        return cls(rows, pool.features[rows], (assigned[rows][:, None] == ids).sum(dim=0), considered, cumulative)

    def draw(self, used: Tensor, count: int, stream: torch.Generator) -> Tensor:
        """Draws candidates with replacement, each with a probability in proportion to its weight.

        Args:
            used (Tensor): places of classes with candidates, shape (k,).
            count (int): features per class.
            stream (torch.Generator): random stream on the features' device.

        Returns:
            Tensor: shape (k, count, d).
        """
        ends = self.counts.cumsum(0)[used]
        starts = ends - self.counts[used]
        low, high = self.cumulative[starts], self.cumulative[ends]
        at = torch.rand(len(used), count, generator=stream, device=ends.device, dtype=torch.float64)
        rows = torch.searchsorted(self.cumulative, low[:, None] + at * (high - low)[:, None], right=True) - 1
        return self.features[torch.minimum(rows, ends[:, None] - 1)]
