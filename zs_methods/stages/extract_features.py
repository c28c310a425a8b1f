"""Stage ``features``: a bank of labelled pixel features in front of the last classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network
from zs_methods.stages.reservoir import Reservoir


@STAGES.register_module()
class ExtractFeatures(Stage):
    """Runs the trained network over training images and keeps a sample of its pixel features.

    Of every class of every image at most `per_class` pixels are kept, drawn without replacement at the feature
    map's resolution, with labels down-sampled by nearest neighbour as in the ZS3 code.

    Args:
        pipeline (list[dict]): mmseg transforms without augmentation, with annotations.
        unseen_images (str): see `ZeroShotDataset`.
        classes (str): keep pixels of ``seen`` or of ``unseen`` classes; the latter is for the oracle only.
        per_class (int): pixels per image and class.
        limit (int, optional): pixels per class in all, drawn uniformly from those; bounds memory for large data sets.
        batch_size (int): images per forward pass.
        network (str): name of the stage that provides the network.

    Artifact: ``bank.npz`` with ``features`` (n, d) float32, ``labels`` (n,) int64 and ``weights`` (n,) float32, the
    number of pixels each kept one stands for.

    Deviation from the ZS3 code: features come from evaluation mode, without dropout and augmentation.
    """

    def __init__(self, pipeline: list[dict], unseen_images: str, classes: str = 'seen', per_class: int = 64,
                 limit: int | None = None, batch_size: int = 16, network: str = 'seen') -> None:
        if classes not in ('seen', 'unseen'):
            raise ValueError(f"classes must be 'seen' or 'unseen', got {classes!r}")
        self.pipeline, self.unseen_images, self.classes = pipeline, unseen_images, classes
        self.per_class, self.limit, self.batch_size, self.network = per_class, limit, batch_size, network

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Fills the bank with the ``features`` random stream."""
        network = load_network(ctx.inputs[self.network], ctx.device)
        dataset = build_dataset(ctx.task, 'train', self.pipeline, self.unseen_images)
        wanted = torch.zeros(IGNORE + 1, dtype=torch.bool, device=ctx.device)
        wanted[list(getattr(ctx.task, self.classes))] = True
        stream = ctx.stream(f'features/{self.classes}')
        collected, done = Reservoir(self.limit, ctx.seed_for(f'features/{self.classes}/limit')), 0
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            data = network.data_preprocessor(batch)
            features = network.decode_head.bank_features(network.extract_feat(data['inputs']))
            labels = torch.stack([s.gt_sem_seg.data for s in data['data_samples']]).to(ctx.device)
            labels = F.interpolate(labels.float(), size=features.shape[2:], mode='nearest').long()[:, 0]
            kept, weights = sample_per_group(labels, wanted, self.per_class, stream)
            rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])[kept]
            collected.add(rows.cpu().numpy(), labels.reshape(-1)[kept].cpu().numpy(), weights.cpu().numpy())
            done += len(indices)
            ctx.progress(done, len(dataset))
        features, labels, weights = collected.rows()
        if not len(labels):
            raise ValueError(f'no pixel of {self.classes} classes in the training images')
        np.savez(ctx.out / 'bank.npz', features=features, labels=labels, weights=weights)
        return {'images': len(dataset), 'pixels': len(labels), 'classes': len(np.unique(labels))}


def sample_per_group(labels: Tensor, wanted: Tensor, limit: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws pixels per image and class, for a whole batch at once.

    Args:
        labels (Tensor): class ids, shape (N, H, W), int64, below 256.
        wanted (Tensor): which ids may be drawn, shape (256,), bool.
        limit (int): pixels per image and class.
        stream (torch.Generator): random stream on the device of `labels`.

    Returns:
        tuple: positions in ``labels.reshape(-1)``, shape (n,), and the group's pixel count divided by the number
        drawn from it, shape (n,), float32.
    """
    n_groups = len(labels) * len(wanted)
    group = (labels + torch.arange(len(labels), device=labels.device)[:, None, None] * len(wanted)).reshape(-1)
    shuffled = torch.randperm(group.numel(), generator=stream, device=group.device)
    order = shuffled[group[shuffled].argsort(stable=True)]
    count = torch.bincount(group, minlength=n_groups)
    rank = torch.arange(group.numel(), device=group.device) - (count.cumsum(0) - count)[group[order]]
    kept = order[(rank < limit) & wanted[labels.reshape(-1)[order]]]
    size = count[group[kept]]
    return kept, size / size.clamp(max=limit)


class Bank(NamedTuple):
    """Pixel features on a device: features (n, d), labels (n,), weights (n,)."""

    features: Tensor
    labels: Tensor
    weights: Tensor

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> Bank:
        """Reads an artifact of `ExtractFeatures`."""
        with np.load(folder / 'bank.npz', allow_pickle=False) as bank:
            return cls(*(torch.from_numpy(bank[name]).to(device) for name in cls._fields))


class PerClassSampler:
    """Draws features of every class at once, with replacement.

    Args:
        bank (Bank): where from.
        stream (torch.Generator): random stream on the bank's device.

    Attributes:
        classes (Tensor): ids of the classes in the bank, ascending, shape (classes,).
    """

    def __init__(self, bank: Bank, stream: torch.Generator) -> None:
        order = bank.labels.argsort(stable=True)
        self.features = bank.features[order]
        self.classes, self.counts = torch.unique_consecutive(bank.labels[order], return_counts=True)
        self.starts = self.counts.cumsum(0) - self.counts
        self.stream = stream

    def draw(self, count: int) -> Tensor:
        """`count` features of every class, shape (classes, count, d)."""
        at = torch.rand(len(self.classes), count, generator=self.stream, device=self.features.device)
        return self.features[self.starts[:, None] + (at * self.counts[:, None]).long()]
