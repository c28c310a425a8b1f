"""Stages ``candidates_1``, ...: what the judge of a round takes for unseen classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import sample_per_group
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network, without_labels
from zs_methods.stages.parts import load_classifier
from zs_methods.stages.projection import mask_of
from zs_methods.stages.reservoir import Reservoir

from .judge import Judge, leading


@STAGES.register_module()
class GatherCandidates(Stage):
    """Keeps a sample of all that is predicted as an unseen class, of pixels of training images or of generated ones.

    Training images go through the network without their labels: no mask is read here, and nothing is chosen by one
    unless `unseen_images` says so. The judge predicts every pixel of the feature maps. Of those predicted as one class
    in one image, `per_image` random ones stay, and of the class in all, `limit`; each stands for as many pixels as it
    was drawn from. A class that is found in few images thus keeps more pixels of each than one found everywhere.

    Generated features need no images. One counts if it is predicted as the class it was generated for.

    Args:
        judge (str): name of the classifier stage that predicts.
        trained_with (float): weight of the unseen classes to take out of its scores, see `Judge`.
        unseen_images (str, optional): the training images, see `ZeroShotDataset`; instead of `generator`.
        pipeline (list[dict]): mmseg transforms without augmentation; what reads labels in it is left out.
        agreement (float): if above 0, only the unseen class that leads an image counts there, and only with at least
            this share of its pixels.
        per_image (int): pixels per image and predicted class.
        limit (int, optional): pixels per predicted class in all.
        batch_size (int): images per forward pass.
        network (str): name of the stage that provides the network.
        generator (str, optional): name of the stage whose generator is judged.
        pool (int): features that it generates for every unseen class.

    Artifact: ``bank.npz`` with what `Predicted` has and, of pixels of images, ``images`` (n,) int32, place in the data
    set, ``positions`` (n,) int32, place in the flattened feature map, and ``sizes`` (images, 2) int32 of these maps.

    Source: pseudo-features of ZS-MMD; that they are real pixels of unlabelled images is an ASSUMPTION.
    """

    def __init__(self, judge: str, trained_with: float = 1.0, unseen_images: str | None = None,
                 pipeline: list[dict] | None = None, agreement: float = 0.0, per_image: int = 1024,
                 limit: int | None = None, batch_size: int = 16, network: str = 'seen', generator: str | None = None,
                 pool: int = 4096) -> None:
        if (unseen_images is None) == (generator is None):
            raise ValueError('give either unseen_images or generator')
        if per_image < 1 or pool < 1 or (limit is not None and limit < 1):
            raise ValueError(f'per_image, limit and pool are numbers from 1, got {per_image}, {limit} and {pool}')
        self.judge, self.trained_with, self.unseen_images = judge, trained_with, unseen_images
        self.pipeline, self.agreement = without_labels(pipeline or []), agreement
        self.per_image, self.limit, self.batch_size, self.network = per_image, limit, batch_size, network
        self.generator, self.pool = generator, pool

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Fills the bank with the ``features/candidates`` or the ``noise/candidates`` stream."""
        judge = Judge(load_classifier(ctx.inputs[self.judge], ctx.device), ctx.task.unseen, self.trained_with)
        bank = self._generated(ctx, judge) if self.generator else self._of_images(ctx, judge)
        np.savez(ctx.out / 'bank.npz', **bank)
        found = np.bincount(bank['classes'], bank['pixels'], minlength=IGNORE)
        return {'images': len(bank.get('sizes', ())), 'kept': len(bank['classes']),
                'predicted': {ctx.task.spec.classes[c]: round(found[c]) for c in ctx.task.unseen}}

    def _generated(self, ctx: StageContext, judge: Judge) -> dict[str, np.ndarray]:
        generator = FeatureGenerator.load(ctx.inputs[self.generator], ctx.device)
        unseen = torch.tensor(ctx.task.unseen, device=ctx.device)
        features = generator.sample(generator.vectors[unseen], self.pool, ctx.stream('noise/candidates')).flatten(0, 1)
        classes, confidence = judge(features)
        kept = classes == unseen.repeat_interleave(self.pool)
        return {'features': _array(features[kept]), 'classes': _array(classes[kept]),
                'confidence': _array(confidence[kept]), 'pixels': np.ones(int(kept.sum()), np.float32)}

    def _of_images(self, ctx: StageContext, judge: Judge) -> dict[str, np.ndarray]:
        network = load_network(ctx.inputs[self.network], ctx.device)
        dataset = build_dataset(ctx.task, 'train', self.pipeline, self.unseen_images)
        wanted = mask_of(ctx.task.unseen, IGNORE + 1, ctx.device)
        stream = ctx.stream('features/candidates')
        sample = Reservoir(self.limit, ctx.seed_for('features/candidates/limit'))
        sizes, done = np.zeros((len(dataset), 2), np.int32), 0
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            data = network.data_preprocessor(batch)
            features = network.decode_head.bank_features(network.extract_feat(data['inputs']))
            rows = features.permute(0, 2, 3, 1).flatten(0, 2)
            classes, confidence = judge(rows)
            maps = classes.view(len(features), *features.shape[2:])
            if self.agreement:
                maps = torch.where(leading(maps, wanted, self.agreement), maps, IGNORE)
            at, pixels = sample_per_group(maps, wanted, self.per_image, stream)
            image, position = at // maps[0].numel(), at % maps[0].numel()
            sample.add(_array(rows[at]), _array(classes[at]), _array(pixels), _array(confidence[at]),
                       np.asarray(indices, np.int32)[_array(image)], _array(position.int()))
            sizes[indices] = maps.shape[1:]
            done += len(indices)
            ctx.progress(done, len(dataset))
        columns = dict(zip(('features', 'classes', 'pixels', 'confidence', 'images', 'positions'), sample.rows(),
                           strict=True))
        return {**columns, 'sizes': sizes}


def _array(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
