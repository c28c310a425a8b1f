"""Stage ``diagnosis``: how far the generators of the rounds are from real unseen features, and how pure C_u is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Subset

from zs_methods.datasets import audit
from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.models.losses.mmd_loss import mmd_squared
from zs_methods.registry import STAGES
from zs_methods.stages.extract_features import Bank, PerClassSampler, sample_per_group
from zs_methods.stages.layouts import shrink
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network
from zs_methods.stages.projection import mask_of

from .candidates import Candidates, Predicted

#: Lines of all pixels together, and of the classes' mean, which is what the loss takes.
ALL, MEAN = 'all unseen classes', 'mean of the classes'


@STAGES.register_module()
class DiagnoseFeedback(Stage):
    """Compares what ZS-MMD did with the ground truth of unseen classes, after everything has been trained.

    No stage reads what this one leaves, so that the labels it reads, for ``diagnosis``, can change nothing: gate (iii)
    of the reconstruction. Per unseen class it gives the root of MMD^2 between the features of each generator and real
    ones and, where the candidates are pixels, |C_u| and the share of them that belongs to the class, in every round.

    Args:
        pipeline (list[dict]): mmseg transforms without augmentation, with annotations.
        images (int): training images with an unseen class to take real features from, evenly spaced.
        generators (list[str]): names of the stages, from round 0 on.
        candidates (list[str]): names of the `GatherCandidates` stages, from round 1 on; none if no pixel was gathered.
        unseen_images (str, optional): the images of these, see `ZeroShotDataset`.
        gate (dict): see `Candidates.collect`.
        power (float): see `Candidates.collect`.
        variances (Sequence[float]): of the MMD.
        samples (int): features per class, real and generated alike.
        batch_size (int): images per forward pass.
        network (str): name of the stage that provides the network.
    """

    def __init__(self, pipeline: list[dict], images: int, generators: list[str], candidates: list[str],
                 unseen_images: str | None, gate: dict, power: float, variances: Sequence[float], samples: int = 128,
                 batch_size: int = 16, network: str = 'seen') -> None:
        if images < 1:
            raise ValueError(f'images must be at least 1, got {images}')
        self.pipeline, self.images, self.generators, self.candidates = pipeline, images, generators, candidates
        self.unseen_images, self.gate, self.power = unseen_images, gate, power
        self.variances, self.samples, self.batch_size, self.network = variances, samples, batch_size, network

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Writes nothing but the summary: ``mmd`` of every generator, ``candidates`` and ``precision`` of every round.

        The latter two have a line `ALL` first, precision then `MEAN`: whether feedback helps is decided by purity.
        """
        distances, rounds = self._distances(ctx), self._candidates(ctx)
        counts, precision = [count for count, _ in rounds], [share for _, share in rounds]
        percent = [{name: share and 100 * share for name, share in of_round.items()} for of_round in precision]
        tables = {
            'MMD between generated and real unseen features, by round (diagnosis only)': _table(distances, 0),
            'Candidates of ZS-MMD that belong to their class, % (diagnosis only)': _table(percent, 1),
            'Candidates of ZS-MMD, pixels (diagnosis only)': _table(counts, 1)}
        return {'mmd': distances, 'candidates': counts, 'precision': precision,
                'tables': {title: lines for title, lines in tables.items() if lines}}

    def _distances(self, ctx: StageContext) -> list[dict[str, float]]:
        """Of every generator: class -> root of MMD^2 to real features."""
        real = self._real(ctx)
        if not len(real.labels):
            return []
        sampler, found = PerClassSampler(real, ctx.stream('diagnosis/real')), []
        for name in self.generators:
            generator = FeatureGenerator.load(ctx.inputs[name], ctx.device)
            fake = generator.sample(generator.vectors[sampler.classes], self.samples, ctx.stream('diagnosis/fake'))
            distance = mmd_squared(fake, sampler.draw(self.samples), self.variances).clamp(min=0).sqrt()
            found.append({ctx.task.spec.classes[c]: value for c, value in
                          zip(sampler.classes.tolist(), distance.tolist(), strict=True)})
        return found

    def _real(self, ctx: StageContext) -> Bank:
        """Real features of the unseen classes."""
        with audit.purpose('diagnosis'):
            dataset = build_dataset(ctx.task, 'train', self.pipeline, 'only')
        chosen = np.unique(np.linspace(0, len(dataset) - 1, min(self.images, len(dataset))).round().astype(int))
        network, wanted = load_network(ctx.inputs[self.network], ctx.device), mask_of(
            ctx.task.unseen, IGNORE + 1, ctx.device)
        stream, parts = ctx.stream('diagnosis/pixels'), []
        for _, batch in equal_sized_batches(Subset(dataset, chosen.tolist()), self.batch_size):
            data = network.data_preprocessor(batch)
            features = network.decode_head.bank_features(network.extract_feat(data['inputs']))
            labels = torch.cat([sample.gt_sem_seg.data for sample in data['data_samples']]).to(ctx.device)
            labels = shrink(labels, features.shape[2:])
            kept, weights = sample_per_group(labels, wanted, self.samples, stream)
            parts.append((features.permute(0, 2, 3, 1).flatten(0, 2)[kept], labels.flatten()[kept], weights))
        return Bank(*map(torch.cat, zip(*parts, strict=True)))

    def _candidates(self, ctx: StageContext) -> list[tuple[dict[str, int], dict[str, float | None]]]:
        """Of every round: class -> |C_u|, and class -> the share of it that belongs to the class."""
        if not self.candidates:
            return []
        with audit.purpose('diagnosis'):
            dataset = build_dataset(ctx.task, 'train', self.pipeline, self.unseen_images)
        truths, found = _Truths(dataset), []
        names = {c: ctx.task.spec.classes[c] for c in ctx.task.unseen}
        for name in self.candidates:
            sample = Predicted.load(ctx.inputs[name], torch.device('cpu'))
            rows = Candidates.collect(sample, self.gate, self.power, ctx.task.unseen).rows.numpy()
            with np.load(ctx.inputs[name] / 'bank.npz', allow_pickle=False) as bank:
                truth = truths.of(bank['images'][rows], bank['positions'][rows], bank['sizes'])
            found.append(_purity(sample.classes.numpy()[rows], sample.pixels.numpy()[rows].astype(float), truth, names))
        return found


class _Truths:
    """Labels of pixels of feature maps; those of an image are read once."""

    def __init__(self, dataset: Any) -> None:
        self.dataset, self.maps = dataset, {}

    def of(self, images: np.ndarray, positions: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Class ids of pixels at places in the data set, (n,), and in flattened maps, (n,), of sizes (images, 2)."""
        truth = np.empty(len(images), np.int64)
        for image in np.unique(images).tolist():
            if image not in self.maps:
                labels = torch.from_numpy(self.dataset.labels(image).astype(np.uint8))[None]
                self.maps[image] = shrink(labels, tuple(sizes[image].tolist())).flatten().to(torch.uint8).numpy()
            rows = np.flatnonzero(images == image)
            truth[rows] = self.maps[image][positions[rows]]
        return truth


def _purity(classes: np.ndarray, pixels: np.ndarray, truth: np.ndarray, names: dict[int, str]
            ) -> tuple[dict[str, int], dict[str, float | None]]:
    """|C_u| in pixels, and the share that belongs to the class, by the names of the classes."""
    total = np.bincount(classes, pixels, minlength=IGNORE)
    right = np.bincount(classes, pixels * (truth == classes), minlength=IGNORE)
    shares = {name: float(right[c] / total[c]) if total[c] else None for c, name in names.items()}
    known = [share for share in shares.values() if share is not None]
    return ({ALL: round(total.sum()), **{name: round(total[c]) for c, name in names.items()}},
            {ALL: float(right.sum() / total.sum()) if known else None,
             MEAN: float(np.mean(known)) if known else None, **shares})


def _table(rounds: Sequence[dict[str, Any]], first: int) -> list[dict[str, Any]]:
    """A line for every class, a column for every round from `first` on."""
    return [{'class': name, **{f'round {r}': of_round.get(name) for r, of_round in enumerate(rounds, start=first)}}
            for name in (rounds[0] if rounds else ())]
