"""Stage ``evaluate``: assembles the finished model and scores it on the validation images."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from PIL import Image
from torch import Tensor

from zs_methods.evaluation.scores import confusion_matrix, pack_sparse, sparse
from zs_methods.protocols import Resize
from zs_methods.registry import STAGES
from zs_methods.stages.base import Stage, StageContext
from zs_methods.stages.network import (
    CONFIG,
    build_dataset,
    classifier_of,
    equal_sized_batches,
    exclude_classes,
    load_network,
    save_network,
)
from zs_methods.stages.parts import load_classifier

_NEAREST = Image.Resampling.NEAREST


@STAGES.register_module()
class Evaluate(Stage):
    """Scores one joint prediction over all classes, at the original resolution and, if asked, at a paper's.

    Both come from one forward pass: scores at the size of the network's input are the secondary ones, against labels
    resized by nearest neighbour; interpolated once more, to the original size, they are the primary ones.

    Args:
        pipeline (list[dict]): mmseg transforms for testing, with labels at the original size.
        resize (dict, optional): a protocol card's `Resize`, applied to the image; the original size by default.
        classifier (str, optional): name of the stage whose classifier replaces the seen one.
        batch_size (int): images of equal size per forward pass.
        examples (int): images kept as pictures.

    Artifact: ``config.py`` and ``model.pth``, an ordinary mmseg model; ``result.json`` with ``confusion`` (C, C),
    ``confusion_per_image`` (see `pack_sparse`), ``secondary_confusion`` (C, C) or None, ``images``, ``examples``.

    Source: evaluation of the ZS3 code (valeoai/ZS3 6031f4a, short side 513) and of SPNet (warped to 513 x 513).
    """

    def __init__(self, pipeline: list[dict], resize: dict | None = None, classifier: str | None = None,
                 batch_size: int = 16, examples: int = 6) -> None:
        self.resize = Resize.model_validate(resize) if resize else None
        self.pipeline, self.classifier = list(pipeline), classifier
        if self.resize:
            self.pipeline.insert(1, self.resize.transform())
        self.batch_size, self.examples = batch_size, examples

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Predicts every validation image; nothing here is random."""
        self._assemble(ctx)
        network = load_network(ctx.out, ctx.device)
        dataset = build_dataset(ctx.task, 'val', self.pipeline)
        n_classes = len(ctx.task.spec.classes)
        total, secondary = (np.zeros((n_classes, n_classes), np.int64) for _ in range(2))
        per_image: dict[int, np.ndarray] = {}
        shown = sorted({round(i) for i in np.linspace(0, len(dataset) - 1, min(self.examples, len(dataset)))})
        examples: dict[int, dict] = {}
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            samples, scores = _scores(network, batch)
            original = _resized(scores, samples[0].ori_shape, network).argmax(dim=1).cpu().numpy()
            small = scores.argmax(dim=1).cpu().numpy() if self.resize else original
            for index, sample, prediction, smaller in zip(indices, samples, original, small, strict=True):
                truth = sample.gt_sem_seg.data[0].cpu().numpy()
                confusion = confusion_matrix(truth, prediction, n_classes)
                total += confusion
                per_image[index] = sparse(confusion)
                if self.resize:  # Pillow's nearest neighbour, as in the ZS3 code
                    resized = Image.fromarray(truth.astype(np.uint8)).resize(smaller.shape[::-1], _NEAREST)
                    secondary += confusion_matrix(np.asarray(resized), smaller, n_classes)
                if index in shown:
                    examples[index] = _example(Path(sample.img_path), truth, prediction)
            ctx.progress(len(per_image), len(dataset))
        result = {'images': len(dataset), 'confusion': total.tolist(),
                  'confusion_per_image': pack_sparse([per_image[index] for index in range(len(dataset))]),
                  'secondary_confusion': secondary.tolist() if self.resize else None,
                  'examples': [examples[i] for i in shown]}
        (ctx.out / 'result.json').write_text(json.dumps(result))
        return {'images': len(dataset)}

    def _assemble(self, ctx: StageContext) -> None:
        """Writes the seen network with the chosen classifier into the artifact."""
        network = load_network(ctx.inputs['seen'], ctx.device)
        conv = classifier_of(network)
        if self.classifier:
            linear = load_classifier(ctx.inputs[self.classifier], ctx.device)
            conv.weight.copy_(linear.weight[:, :, None, None])
            conv.bias.copy_(linear.bias)
        exclude_classes(conv, ctx.task.ignored)
        config = Config.fromfile(str(ctx.inputs['seen'] / CONFIG)).to_dict()
        save_network(ctx.out, config, network.state_dict(), ctx.task)


def _scores(network: BaseSegmentor, batch: dict) -> tuple[list, Tensor]:
    """Samples of a batch, and class scores at the size of the network's input, shape (N, C, h, w)."""
    data = network.data_preprocessor(batch, False)
    return data['data_samples'], network.inference(data['inputs'], [s.metainfo for s in data['data_samples']])


def _resized(scores: Tensor, size: tuple[int, int], network: BaseSegmentor) -> Tensor:
    if scores.shape[2:] == tuple(size):
        return scores
    return resize(scores, size=tuple(size), mode='bilinear', align_corners=network.align_corners, warning=False)


def _example(path: Path, truth: np.ndarray, prediction: np.ndarray) -> dict[str, str]:
    """One image with its label maps, small enough for a record."""
    with Image.open(path) as image:
        picture = image.convert('RGB')
    scale = min(1.0, 256 / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return {'name': path.stem,
            'image': _encode(picture.resize(size), 'JPEG', quality=85),
            'truth': _encode(Image.fromarray(truth.astype(np.uint8)).resize(size, _NEAREST), 'PNG'),
            'prediction': _encode(
                Image.fromarray(prediction.astype(np.uint8)).resize(size, _NEAREST), 'PNG')}


def _encode(image: Image.Image, form: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return base64.b64encode(buffer.getvalue()).decode()
