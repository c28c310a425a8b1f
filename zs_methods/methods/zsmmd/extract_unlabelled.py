"""Stage ``unlabelled``: pixel features of training images with an unseen class, read without labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network, without_labels


@STAGES.register_module()
class ExtractUnlabelled(Stage):
    """Keeps a random sample of the pixel features of every image that holds an unseen class. TRANSDUCTIVE.

    Which images those are is known from their labels (level ``image-oracle``); the labels themselves are not read.

    Args:
        pipeline (list[dict]): mmseg transforms without augmentation; what reads labels in it is left out.
        per_image (int): pixels of an image, drawn without replacement at the feature map's resolution.
        limit (int, optional): pixels in all; `per_image` is lowered to it.
        unseen_images (str): see `ZeroShotDataset`; ``only`` by default, ``keep`` for all training images.
        batch_size (int): images per forward pass.
        network (str): name of the stage that provides the network.

    Artifact: ``bank.npz`` with ``features`` (n, d) float32, ``images`` (n,) int32, place in the data set,
    ``positions`` (n,) int32, place in the flattened feature map, and ``sizes`` (images, 2) int32 of the feature maps.

    Source: candidates of ZS-MMD's source ``unlabelled``, an ASSUMPTION: where the paper takes them from is not known.
    """

    def __init__(self, pipeline: list[dict], per_image: int = 64, limit: int | None = None,
                 unseen_images: str = 'only', batch_size: int = 16, network: str = 'seen') -> None:
        if per_image < 1 or (limit is not None and limit < 1):
            raise ValueError(f'per_image and limit are numbers from 1, got {per_image} and {limit}')
        self.pipeline, self.per_image, self.limit = without_labels(pipeline), per_image, limit
        self.unseen_images, self.batch_size, self.network = unseen_images, batch_size, network

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Fills the bank with the ``features/unlabelled`` random stream."""
        network = load_network(ctx.inputs[self.network], ctx.device)
        dataset = build_dataset(ctx.task, 'train', self.pipeline, self.unseen_images)
        per_image = min(self.per_image, max(1, (self.limit or np.iinfo(np.int64).max) // len(dataset)))
        stream = ctx.stream('features/unlabelled')
        sizes = np.zeros((len(dataset), 2), np.int32)
        columns: list[tuple[np.ndarray, ...]] = []
        done = 0
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            data = network.data_preprocessor(batch, False)
            features = network.decode_head.forward_features(network.extract_feat(data['inputs']))
            flat = features.flatten(2).mT
            drawn = torch.rand(flat.shape[:2], generator=stream, device=flat.device).argsort(dim=1)[:, :per_image]
            rows = flat.gather(1, drawn[:, :, None].expand(-1, -1, flat.shape[2])).flatten(0, 1)
            columns.append((rows.cpu().numpy(), np.repeat(np.int32(indices), drawn.shape[1]),
                            drawn.flatten().int().cpu().numpy()))
            sizes[indices] = features.shape[2:]
            done += len(indices)
            ctx.progress(done, len(dataset))
        features, images, positions = (np.concatenate(column) for column in zip(*columns, strict=True))
        np.savez(ctx.out / 'bank.npz', features=features, images=images, positions=positions, sizes=sizes)
        return {'images': len(dataset), 'pixels': len(features), 'per_image': per_image}
