"""Stage ``diagnosis``: how far the generators of a recursion are from real unseen features, and how pure C_u is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Subset

from zs_methods.datasets import audit
from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.models.losses.mmd_loss import mmd_squared
from zs_methods.registry import MODELS, STAGES
from zs_methods.stages.extract_features import Bank, PerClassSampler, sample_per_group
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network
from zs_methods.stages.parts import load_classifier

from .candidates import Candidates, Pool, from_bank


@STAGES.register_module()
class DiagnoseFeedback(Stage):
    """Compares what ZS-MMD did with the ground truth of unseen classes, after everything has been trained.

    No stage reads what this one leaves, so that the labels it reads, for ``diagnosis``, can change nothing. Per unseen
    class it gives the root of MMD^2 between the features of each generator and real ones, and the precision of the
    candidates C_u that each recursion was fed with, where those are real pixels: gate (iii) of the reconstruction.

    Args:
        pipeline (list[dict]): mmseg transforms without augmentation, with annotations.
        images (int): training images with an unseen class to look at, evenly spaced.
        recursions (list[dict]): ``generator`` and ``classifier``, names of the stages, from recursion 0 on.
        feedback (dict): as for `TrainZSMMDGenerator`; ``bank`` is used if there is one.
        loss (dict): the MMD loss config, for its variances.
        samples (int): features per class, real and generated alike.
        batch_size (int): images per forward pass.
        network (str): name of the stage that provides the network.
    """

    def __init__(self, pipeline: list[dict], images: int, recursions: list[dict], feedback: dict, loss: dict,
                 samples: int = 128, batch_size: int = 16, network: str = 'seen') -> None:
        if images < 1:
            raise ValueError(f'images must be at least 1, got {images}')
        self.pipeline, self.images, self.recursions = pipeline, images, recursions
        self.feedback, self.loss, self.samples = feedback, MODELS.build(loss), samples
        self.batch_size, self.network = batch_size, network

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Writes nothing but the summary: ``images``, ``mmd`` per recursion, ``precision`` per recursion from 1 on."""
        with audit.purpose('diagnosis'):
            dataset = build_dataset(ctx.task, 'train', self.pipeline, 'only')
        chosen = np.unique(np.linspace(0, len(dataset) - 1, min(self.images, len(dataset))).round().astype(int))
        real, labels = self._real(ctx, Subset(dataset, chosen.tolist()))
        names = ctx.task.spec.classes
        sampler = PerClassSampler(real, ctx.stream('diagnosis/real')) if len(real.labels) else None
        summary: dict[str, Any] = {'images': len(chosen), 'mmd': [], 'precision': []}
        for recursion in self.recursions if sampler else []:
            generator = FeatureGenerator.load(ctx.inputs[recursion['generator']], ctx.device)
            fake = generator.sample(generator.vectors[sampler.classes], self.samples, ctx.stream('diagnosis/fake'))
            distance = mmd_squared(fake, sampler.draw(self.samples), self.loss.variances).clamp(min=0).sqrt()
            summary['mmd'].append({names[c]: value for c, value in
                                   zip(sampler.classes.tolist(), distance.tolist(), strict=True)})
        if self.feedback.get('bank'):
            pool, truth = self._candidates(ctx, dict(zip(chosen.tolist(), labels, strict=True)))
            for recursion in self.recursions[:-1]:
                found = Candidates.collect(pool, load_classifier(ctx.inputs[recursion['classifier']], ctx.device),
                                           MODELS.build(self.feedback['loss']), ctx.task.unseen)
                summary['precision'].append(_precision(found, truth, ctx.task.unseen, names))
        return {**summary, 'tables': _tables(summary)}

    def _real(self, ctx: StageContext, dataset: Subset) -> tuple[Bank, list[Tensor]]:
        """Real features of the unseen classes, and the labels of every image at the feature map's resolution."""
        network = load_network(ctx.inputs[self.network], ctx.device)
        wanted = torch.zeros(IGNORE + 1, dtype=torch.bool, device=ctx.device)
        wanted[list(ctx.task.unseen)] = True
        stream, parts, maps = ctx.stream('diagnosis/pixels'), [], {}
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            data = network.data_preprocessor(batch, False)
            features = network.decode_head.forward_features(network.extract_feat(data['inputs']))
            labels = torch.stack([s.gt_sem_seg.data for s in data['data_samples']]).to(ctx.device)
            labels = F.interpolate(labels.float(), size=features.shape[2:], mode='nearest').long()[:, 0]
            kept, weights = sample_per_group(labels, wanted, self.samples, stream)
            parts.append((features.permute(0, 2, 3, 1).flatten(0, 2)[kept], labels.flatten()[kept], weights))
            maps.update(zip(indices, labels, strict=True))
        return Bank(*map(torch.cat, zip(*parts, strict=True))), [maps[index] for index in range(len(dataset))]

    def _candidates(self, ctx: StageContext, labels: Mapping[int, Tensor]) -> tuple[Pool, Tensor]:
        """The pool of real pixels of the images looked at, or of all where they have labels, and their classes."""
        pool = from_bank(ctx, self.feedback).features
        with np.load(ctx.inputs[self.feedback['bank']] / 'bank.npz', allow_pickle=False) as bank:
            if 'labels' in bank:
                return Pool(pool), torch.from_numpy(bank['labels']).to(ctx.device)
            images, positions = bank['images'], torch.from_numpy(bank['positions']).long().to(ctx.device)
        rows = [torch.from_numpy(np.flatnonzero(images == index)).to(ctx.device) for index in labels]
        truth = [labels[index].flatten()[positions[row]] for index, row in zip(labels, rows, strict=True)]
        return Pool(pool[torch.cat(rows)]), torch.cat(truth)


def _tables(summary: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What of the summary reports print."""
    distances = [{'class': name, **{f'recursion {r}': of_round.get(name) for r, of_round in enumerate(summary['mmd'])}}
                 for name in (summary['mmd'] or [{}])[0]]
    shares = [{'class': name, **{f'recursion {r}': None if of_round[name] is None else 100 * of_round[name]
                                 for r, of_round in enumerate(summary['precision'], start=1)}}
              for name in (summary['precision'] or [{}])[0]]
    return {title: lines for title, lines in (
        ('MMD between generated and real unseen features (diagnosis only)', distances),
        ('Candidates of ZS-MMD that belong to their class, % (diagnosis only)', shares)) if lines}


def _precision(found: Candidates, truth: Tensor, unseen: Sequence[int], names: Sequence[str]
               ) -> dict[str, float | None]:
    """Share of the candidates of every class that belong to it; None without candidates."""
    counts = found.counts.tolist()
    right = [(truth[rows] == c).float().mean().item() if len(rows) else None
             for c, rows in zip(unseen, found.rows.split(counts), strict=True)]
    return {names[c]: value for c, value in zip(unseen, right, strict=True)}
