"""Stage ``calibration``: how much to subtract from the probabilities of seen classes, chosen on seen classes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.parts import class_vectors, save_calibration
from zs_methods.stages.projection import LOSSES, fit_projections, mask_of

#: Rows whose class scores are in memory at once.
BLOCK = 65_536


@STAGES.register_module()
class CalibrateSeen(Stage):
    """Chooses gamma of argmax_c softmax(scores)_c - gamma [c is seen] without a look at unseen classes.

    The bank is divided at random into a part to train on and a part to score. In every fold some seen classes play
    unseen ones: a projection is trained on the other classes, as `TrainProjection` does it, and asked for all seen
    classes. The harmonic mean of the mean IoU of either kind, in pixels, is computed for all gammas of a grid at once;
    gamma is the mean over the folds of those with the largest one. (The gamma with the largest mean over the folds is
    decided by the folds whose classes are easy.)

    The folds: the split's own validation classes where it has some, as VOC 15/5 and COCO-Stuff 156/15 do; otherwise
    the seen classes without the background are dealt out at random, so that each is held out once.

    Args:
        projection (dict): settings of `TrainProjection`, with the cross entropy.
        gamma (float, optional): take this number, and search nothing.
        folds (int): into how many groups the seen classes are dealt out.
        share (float): share of the bank to train on.
        steps (int): the grid is 0, 1/steps, ..., 1.

    Artifact: ``calibration.json``, see `save_calibration`. Summary: gamma, the best one and the held-out classes of
    every fold, and the mean ``curve`` with rows gamma, mean IoU of kept classes, of held-out ones, harmonic mean.

    Source: SPNet (subhc/SPNet 292ff5a) fixes 0.6 (VOC) and 0.4 (COCO-Stuff) and has no search. The search is ours.
    Deviations: the features come from a DeepLab that was trained on the held-out classes too (one that was not would
    have to be trained for every fold); pixels of one image may be on both sides of the division.
    """

    def __init__(self, projection: dict, gamma: float | None = None, folds: int = 5, share: float = 0.5,
                 steps: int = 100) -> None:
        if projection.get('loss', 'cross_entropy') != 'cross_entropy':
            raise ValueError(f"calibration needs probabilities, so the loss 'cross_entropy', not {projection['loss']!r}"
                             f' of {LOSSES}')
        if gamma is not None and not 0 <= gamma <= 1:
            raise ValueError(f'gamma is a probability, got {gamma}')
        if folds < 2 or not 0 < share < 1 or steps < 1:
            raise ValueError(f'folds >= 2, 0 < share < 1 and steps >= 1 are needed, got {folds}, {share}, {steps}')
        self.projection, self.gamma, self.folds, self.share, self.steps = projection, gamma, folds, share, steps

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Divides, trains and scores with the ``folds``, ``initialisation`` and ``order`` streams."""
        if self.gamma is not None:
            save_calibration(ctx.out, ctx.task.seen, self.gamma)
            return {'gamma': self.gamma, 'chosen': 'given'}
        settings = {'loss': 'cross_entropy', 'scale': 1.0, 'bank': 'features', **self.projection}
        bank = Bank.load(ctx.inputs[settings.pop('bank')], ctx.device)
        vectors = class_vectors(ctx, settings.pop('vectors'))
        stream = torch.Generator().manual_seed(ctx.seed_for('folds/calibration'))
        training = (torch.rand(len(bank.labels), generator=stream) < self.share).to(ctx.device)
        scored = Bank(*(part[~training] for part in bank))
        groups, chosen = self._groups(ctx, scored, stream)
        seen = mask_of(ctx.task.seen, len(vectors), ctx.device)
        held = torch.stack([mask_of(group, len(vectors), ctx.device) for group in groups])
        chances = bank.weights * (training & ~held[:, bank.labels])
        projections, _ = fit_projections(bank, chances, seen & ~held, vectors, 'calibration', ctx, **settings)
        matrix = settings['scale'] * F.normalize(vectors, dim=1)
        gammas = torch.linspace(0, 1, self.steps + 1, dtype=torch.float64)
        curves = []
        for index in range(len(groups)):
            linear = projections.classifier(index, matrix)
            with torch.no_grad():
                probabilities = torch.cat([
                    linear(rows).masked_fill(~seen, -torch.inf).softmax(dim=1).cpu()
                    for rows in scored.features.split(BLOCK)])
            curves.append(torch.stack(calibration_curve(
                probabilities, scored.labels.cpu(), scored.weights.cpu(), held[index].cpu(), gammas)))
        kept, pseudo_unseen = torch.stack(curves, dim=1)  # each (folds, gammas)
        harmonic = 2 * kept * pseudo_unseen / (kept + pseudo_unseen).clamp(min=1e-12)
        best = gammas[harmonic.argmax(dim=1)]
        gamma = best.mean().item()
        save_calibration(ctx.out, ctx.task.seen, gamma)
        names = ctx.task.spec.classes
        columns = gammas, *(each.mean(dim=0) for each in (kept, pseudo_unseen, harmonic))
        return {'gamma': gamma, 'chosen': chosen, 'best_per_fold': best.tolist(),
                'held_out': [[names[c] for c in group] for group in groups],
                'tables': {'Calibration of seen classes': [{'gamma': gamma}]},
                'curve': [[round(value, 4) for value in row] for row in torch.stack(columns, dim=1).tolist()]}

    def _groups(self, ctx: StageContext, scored: Bank, stream: torch.Generator) -> tuple[list[list[int]], str]:
        """The held-out classes of every fold, and where they come from."""
        task = ctx.task
        there = set(scored.labels.unique().tolist())
        candidates = [c for c in task.seen if c in there and task.spec.classes[c] != task.spec.background]
        if validation := [c for c in task.validation if c in candidates]:
            return [validation], "the split's validation classes"
        if len(candidates) < 3:
            raise ValueError(f'gamma cannot be chosen: {len(candidates)} seen classes can be held out, 3 are needed; '
                             'set calibration.gamma')
        count = min(self.folds, len(candidates))
        dealt = [candidates[i] for i in torch.randperm(len(candidates), generator=stream)]
        return [sorted(dealt[fold::count]) for fold in range(count)], 'every seen class held out once'


def calibration_curve(probabilities: Tensor, labels: Tensor, weights: Tensor, held: Tensor, gammas: Tensor
                      ) -> tuple[Tensor, Tensor]:
    """Mean IoU of kept and of held-out classes for every gamma that is subtracted from the kept ones.

    Of a pixel only the best class of either kind can win: the kept one if its lead is larger than gamma. So one
    histogram over the leads gives all gammas.

    Args:
        probabilities (Tensor): shape (n, C).
        labels (Tensor): class ids, shape (n,).
        weights (Tensor): pixels that each row stands for, shape (n,).
        held (Tensor): the held-out classes, shape (C,), bool.
        gammas (Tensor): ascending, shape (G,).

    Returns:
        tuple: two tensors of shape (G,), float64, in 0..1; classes without a pixel do not count.
    """
    n_classes, n_bins = probabilities.shape[1], len(gammas) + 1
    kept_best, kept_class = probabilities.masked_fill(held, -1).max(dim=1)
    held_best, held_class = probabilities.masked_fill(~held, -1).max(dim=1)
    lead = torch.bucketize((kept_best - held_best).double(), gammas)  # gammas below it, at which the kept class wins

    def histogram(classes: Tensor, factor: Tensor) -> Tensor:
        return torch.bincount(lead * n_classes + classes, weights.double() * factor, n_bins * n_classes
                              ).view(n_bins, n_classes)

    def at_every_gamma(if_kept: Tensor, if_held: Tensor) -> Tensor:
        return if_kept.sum(dim=0) - if_kept.cumsum(dim=0)[:-1] + if_held.cumsum(dim=0)[:-1]

    ones = torch.ones(len(labels), dtype=torch.float64)
    hits = at_every_gamma(*(histogram(c, (c == labels).double()) for c in (kept_class, held_class)))
    predicted = at_every_gamma(histogram(kept_class, ones), histogram(held_class, ones))
    truth = torch.bincount(labels, weights.double(), n_classes)
    iou = hits / (predicted + truth - hits).clamp(min=1e-12)
    kept, pseudo_unseen = (iou[:, mask & (truth > 0)].mean(dim=1) for mask in (~held, held))
    return kept, pseudo_unseen
