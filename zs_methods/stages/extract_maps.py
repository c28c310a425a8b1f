"""Stage ``maps``: the feature maps of the validation images, for all methods that only change the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from zs_methods.engine.stage import Stage, StageContext
from zs_methods.registry import STAGES
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network, without_labels

MAPS = 'maps.pth'
#: Steps of a pipeline that change the size of the image.
RESIZES = ('Resize', 'ResizeShortestEdge')


@STAGES.register_module()
class ExtractMaps(Stage):
    """Runs the network over images once and keeps what enters its last classifier; no label is read.

    Args:
        pipeline (list[dict]): mmseg transforms for testing; what reads labels in it is left out.
        resize (dict, optional): a transform, as in `Evaluate`.
        network (str): name of the stage that provides the network.
        subset (str): which images.
        unseen_images (str): see `ZeroShotDataset`.
        batch_size (int): images of equal size per forward pass.

    Artifact: ``maps.pth``, a list of batches with ``indices``, ``features`` (N, d, h, w) and ``size`` of the network's
    input. At stride 4 that is d / 4 bytes per pixel and float32: for small data sets.
    """

    def __init__(self, pipeline: list[dict], resize: dict | None = None, network: str = 'seen', subset: str = 'val',
                 unseen_images: str = 'keep', batch_size: int = 16) -> None:
        self.pipeline = without_labels(resized_pipeline(pipeline, resize))
        self.network, self.subset, self.unseen_images = network, subset, unseen_images
        self.batch_size = batch_size

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Nothing here is random."""
        network = load_network(ctx.inputs[self.network], ctx.device)
        dataset = build_dataset(ctx.task, self.subset, self.pipeline, self.unseen_images)
        parts, done = [], 0
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            data = network.data_preprocessor(batch, False)
            features = network.decode_head.forward_features(network.extract_feat(data['inputs']))
            parts.append({'indices': indices, 'features': features.cpu(), 'size': list(data['inputs'].shape[2:])})
            done += len(indices)
            ctx.progress(done, len(dataset))
        torch.save(parts, ctx.out / MAPS)
        return {'images': len(dataset)}


def load_maps(folder: Path) -> list[dict[str, Any]]:
    """Reads the batches that `ExtractMaps` wrote."""
    return torch.load(folder / MAPS, map_location='cpu', weights_only=True)


def resized_pipeline(pipeline: Sequence[dict], resize: dict | None) -> list[dict]:
    """A test pipeline with a resize of the image behind its loading, in place of the pipeline's own."""
    if not resize:
        return list(pipeline)
    load, *steps = pipeline
    return [load, resize, *(step for step in steps if step['type'] not in RESIZES)]
