"""Stage that learns a projection of pixel features into the space of class vectors: SPNet and DeViSE."""

from __future__ import annotations

from typing import Any

from torch.nn import functional as F

from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.network import exclude_classes
from zs_methods.stages.parts import class_vectors, save_classifier
from zs_methods.stages.projection import LOSSES, fit_projections, mask_of


@STAGES.register_module()
class TrainProjection(Stage):
    """Learns P and b such that P x + b, for a pixel feature x, points to the vector of its class.

    A is the fixed matrix of class vectors of length 1, unseen classes included. Scores are A (P x + b), so that the
    result is an ordinary linear classifier with weight A P and bias A b.

    ``cross_entropy`` is SPNet's loss: softmax of ``scale`` A (P x + b) over the seen classes only. The others are
    distances of P x + b from the vector of the label, see `DISTANCES`; the argmax over A (P x + b) is then that of the
    cosine, for the length of P x + b is the same for all classes.

    Args:
        vectors (dict): how to read the class vectors, see `Method.vectors`.
        optimizer (dict): ``type`` in torch.optim, and its settings; the rate decays as (1 - t/T)^0.9.
        iterations (int): optimiser steps.
        batch_size (int): features per step, drawn with the frequency of their pixels.
        loss (str): one of `LOSSES`.
        scale (float): factor of the inner products of the cross entropy; 1 is SPNet.
        bank (str): name of the stage with the seen features.

    Artifact: ``classifier.pth`` with ``weight`` (C, d) and ``bias`` (C,).

    Source: SPNet (subhc/SPNet 292ff5a) and the DeViSE-style baseline in the history of the ZS3 code (valeoai/ZS3,
    commit 69e6b36). Deviation from both: the network in front of the projection is shared and stays as it is.
    """

    def __init__(self, vectors: dict, optimizer: dict, iterations: int, batch_size: int, loss: str = 'cross_entropy',
                 scale: float = 1.0, bank: str = 'features') -> None:
        if loss not in LOSSES:
            raise ValueError(f'loss must be one of {LOSSES}, got {loss!r}')
        self.vectors, self.optimizer, self.iterations, self.batch_size = vectors, optimizer, iterations, batch_size
        self.loss, self.scale, self.bank = loss, scale, bank

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Trains with the ``initialisation`` and ``order`` streams."""
        bank, vectors = Bank.load(ctx.inputs[self.bank], ctx.device), class_vectors(ctx, self.vectors)
        seen = mask_of(ctx.task.seen, len(vectors), ctx.device)
        projections, (loss,) = fit_projections(
            bank, bank.weights[None], seen[None], vectors, 'projection', ctx, self.optimizer, self.iterations,
            self.batch_size, self.loss, self.scale)
        linear = projections.classifier(0, self.scale * F.normalize(vectors, dim=1))
        exclude_classes(linear, ctx.task.ignored)
        save_classifier(ctx.out, linear)
        return {'iterations': self.iterations, 'final_loss': loss, 'dimensions': vectors.shape[1]}
