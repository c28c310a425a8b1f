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
from PIL import Image

from zs_methods.evaluation.scores import confusion_matrix, pack_sparse
from zs_methods.registry import STAGES
from zs_methods.stages.base import Stage, StageContext
from zs_methods.stages.network import (
    CONFIG,
    build_dataset,
    classifier_of,
    equal_sized_batches,
    load_network,
    save_network,
)
from zs_methods.stages.parts import load_classifier


@STAGES.register_module()
class Evaluate(Stage):
    """Scores one joint prediction over all classes at the original resolution.

    Args:
        pipeline (list[dict]): mmseg transforms for testing, with annotations.
        classifier (str, optional): name of the stage whose classifier replaces the seen one.
        batch_size (int): images of equal size per forward pass.
        examples (int): images kept as pictures.

    Artifact: ``config.py`` and ``model.pth``, an ordinary mmseg model; ``result.json`` with ``confusion`` (C, C),
    ``confusion_per_image`` (see `pack_sparse`), ``images`` and ``examples``.
    """

    def __init__(self, pipeline: list[dict], classifier: str | None = None, batch_size: int = 16,
                 examples: int = 6) -> None:
        self.pipeline, self.classifier = pipeline, classifier
        self.batch_size, self.examples = batch_size, examples

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Predicts every validation image; nothing here is random."""
        self._assemble(ctx)
        network = load_network(ctx.out, ctx.device)
        dataset = build_dataset(ctx.task, 'val', self.pipeline)
        n_classes = len(ctx.task.spec.classes)
        matrices: dict[int, np.ndarray] = {}
        shown = sorted({round(i) for i in np.linspace(0, len(dataset) - 1, min(self.examples, len(dataset)))})
        examples: dict[int, dict] = {}
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            for index, sample in zip(indices, network.test_step(batch), strict=True):
                truth = sample.gt_sem_seg.data[0].cpu().numpy()
                prediction = sample.pred_sem_seg.data[0].cpu().numpy()
                matrices[index] = confusion_matrix(truth, prediction, n_classes)
                if index in shown:
                    examples[index] = _example(Path(sample.img_path), truth, prediction)
            ctx.progress(len(matrices), len(dataset))
        ordered = [matrices[index] for index in range(len(dataset))]
        result = {'images': len(dataset), 'confusion': np.sum(ordered, axis=0).tolist(),
                  'confusion_per_image': pack_sparse(ordered), 'examples': [examples[i] for i in shown]}
        (ctx.out / 'result.json').write_text(json.dumps(result))
        return {'images': len(dataset)}

    def _assemble(self, ctx: StageContext) -> None:
        """Writes the seen network with the chosen classifier into the artifact."""
        network = load_network(ctx.inputs['seen'], ctx.device)
        if self.classifier:
            linear, conv = load_classifier(ctx.inputs[self.classifier], ctx.device), classifier_of(network)
            conv.weight.copy_(linear.weight[:, :, None, None])
            conv.bias.copy_(linear.bias)
        config = Config.fromfile(str(ctx.inputs['seen'] / CONFIG)).to_dict()
        save_network(ctx.out, config, network.state_dict(), ctx.task)


def _example(path: Path, truth: np.ndarray, prediction: np.ndarray) -> dict[str, str]:
    """One image with its label maps, small enough for a record."""
    with Image.open(path) as image:
        picture = image.convert('RGB')
    scale = min(1.0, 256 / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return {'name': path.stem,
            'image': _encode(picture.resize(size), 'JPEG', quality=85),
            'truth': _encode(Image.fromarray(truth.astype(np.uint8)).resize(size, Image.Resampling.NEAREST), 'PNG'),
            'prediction': _encode(
                Image.fromarray(prediction.astype(np.uint8)).resize(size, Image.Resampling.NEAREST), 'PNG')}


def _encode(image: Image.Image, form: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return base64.b64encode(buffer.getvalue()).decode()
