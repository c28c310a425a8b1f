"""Stage ``evaluate``: assembles the finished model and scores it on the validation images."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from PIL import Image
from torch import Tensor

from zs_methods.datasets.names import visible
from zs_methods.datasets.spec import IGNORE
from zs_methods.datasets.zero_shot_dataset import ZeroShotDataset
from zs_methods.engine.stage import Stage, StageContext
from zs_methods.evaluation import EvaluationResult, ExampleImage
from zs_methods.evaluation.scores import confusion_matrix, pack_sparse, sparse
from zs_methods.models.one_copy import to_device
from zs_methods.registry import STAGES, TRANSFORMS
from zs_methods.stages.extract_maps import load_maps, resized_pipeline
from zs_methods.stages.network import (
    CONFIG,
    assemble,
    build_dataset,
    equal_sized_batches,
    load_network,
    save_network,
    test_settings,
)
from zs_methods.stages.parts import read_calibration
from zs_methods.task import Task

_NEAREST = Image.Resampling.NEAREST


@STAGES.register_module()
class Evaluate(Stage):
    """Scores one joint prediction over all classes, at the original resolution and, if asked, at a paper's.

    Both come from one forward pass: scores at the size of the network's input are the secondary ones, against labels
    resized as the image is, by nearest neighbour; interpolated once more, to the original size, they are the primary
    ones.

    Args:
        pipeline (list[dict]): mmseg transforms for testing, with labels at the original size.
        resize (dict, optional): a transform, see `Resize.transform` of a protocol card: it resizes the image, and its
            ``labels`` a label map; the original size by default.
        network (str): name of the stage that provides the network.
        classifier (str, optional): name of the stage whose classifier replaces the network's own.
        calibration (str, optional): name of the stage whose ``calibration.json`` (``classes``, ``gamma``) goes into the
            head, see `DeepLabV3PlusHead`.
        maps (str, optional): name of the `ExtractMaps` stage of this network, whose feature maps spare the forward
            pass when only the classifier is another one; without effect if the recipe has no such stage.
        subset (str): which images are scored; ``val`` means others while settings are chosen, see `dataset_config`.
        unseen_images (str): see `ZeroShotDataset`.
        batch_size (int): images of equal size per forward pass.
        examples (int): images kept as pictures; of a published data set, their names and predictions.

    Artifact: ``config.py`` and ``model.pth``, an ordinary mmseg model that mmengine's Runner can test; ``result.json``,
    an `EvaluationResult`.

    Source: evaluation of the ZS3 code (valeoai/ZS3 6031f4a: short side 513, with Pillow) and of SPNet (subhc/SPNet
    292ff5a: warped to 513 x 513, with OpenCV).
    """

    def __init__(self, pipeline: list[dict], resize: dict | None = None, network: str = 'seen',
                 classifier: str | None = None, calibration: str | None = None, maps: str | None = None,
                 subset: str = 'val', unseen_images: str = 'keep', batch_size: int = 16, examples: int = 6) -> None:
        self.resize = TRANSFORMS.build(resize) if resize else None
        self.pipeline = resized_pipeline(pipeline, resize)
        self.network, self.classifier, self.calibration, self.maps = network, classifier, calibration, maps
        self.subset, self.unseen_images = subset, unseen_images
        self.batch_size, self.examples = batch_size, examples

    @torch.no_grad()
    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Predicts every image of the subset; nothing here is random."""
        network = self._assemble(ctx)
        dataset = build_dataset(ctx.task, self.subset, self.pipeline, self.unseen_images)
        n_classes = len(ctx.task.spec.classes)
        total, secondary = (np.zeros((n_classes, n_classes), np.int64) for _ in range(2))
        per_image: dict[int, np.ndarray] = {}
        shown = sorted({round(i) for i in np.linspace(0, len(dataset) - 1, min(self.examples, len(dataset)))})
        examples: dict[int, ExampleImage] = {}
        ctx.progress(0, len(dataset))
        for indices, truths, scores in self._batches(ctx, network, dataset):
            original = _resized(scores, truths[0].shape, network).argmax(dim=1)
            found = confusion_matrices(truths, original, n_classes)
            total += found.sum(axis=0)
            per_image |= {index: sparse(confusion) for index, confusion in zip(indices, found, strict=True)}
            if self.resize:
                resized = [self.resize.labels(truth.astype(np.uint8)) for truth in truths]
                secondary += confusion_matrices(resized, scores.argmax(dim=1), n_classes).sum(axis=0)
            for index, truth, prediction in zip(indices, truths, original, strict=True):
                if index in shown:
                    examples[index] = _example(Path(dataset.get_data_info(index)['img_path']), truth,
                                               prediction.cpu().numpy(), keep=not ctx.task.spec.published)
            ctx.progress(len(per_image), len(dataset))
        EvaluationResult(
            images=len(dataset), confusion=total.tolist(),
            confusion_per_image=pack_sparse([per_image[index] for index in range(len(dataset))]),
            secondary_confusion=secondary.tolist() if self.resize else None,
            examples=[examples[i] for i in shown]).write(ctx.out)
        return {'images': len(dataset)}

    def _batches(self, ctx: StageContext, network: BaseSegmentor, dataset: ZeroShotDataset
                 ) -> Iterator[tuple[list[int], list[np.ndarray], Tensor]]:
        """Indices, label maps (H, W), and class scores at the size of the network's input, shape (N, C, h, w)."""
        if self.maps in ctx.inputs:
            for part in load_maps(ctx.inputs[self.maps]):
                features = part['features'].to(ctx.device)
                scores = network.decode_head.predict_by_feat(
                    network.decode_head.cls_seg(features), [{'img_shape': tuple(part['size'])}])
                yield part['indices'], [dataset.labels(index) for index in part['indices']], scores
            return
        for indices, batch in equal_sized_batches(dataset, self.batch_size):
            truths = [sample.gt_sem_seg.data[0].numpy() for sample in batch['data_samples']]
            data = network.data_preprocessor(batch, False)
            scores = network.inference(data['inputs'], [sample.metainfo for sample in data['data_samples']])
            yield indices, truths, scores

    def settings(self, task: Task) -> dict[str, Any]:
        """What is scored, as mmengine's Runner takes it: a data loader and the metric."""
        return test_settings(task, self.subset, self.pipeline, self.unseen_images)

    def _assemble(self, ctx: StageContext) -> BaseSegmentor:
        """Writes the network with the chosen classifier and calibration into the artifact, and loads it."""
        network = assemble(ctx, self.network, self.classifier)
        config = Config.fromfile(str(ctx.inputs[self.network] / CONFIG)).to_dict()
        if self.calibration:
            config['model']['decode_head']['calibration'] = read_calibration(ctx.inputs[self.calibration])
        save_network(ctx.out, config, network.state_dict(), ctx.task, self.settings(ctx.task))
        return load_network(ctx.out, ctx.device)


def confusion_matrices(truths: Sequence[np.ndarray], predictions: Tensor, n_classes: int) -> np.ndarray:
    """Counts the pixels of several images, where their predictions are.

    Args:
        truths (Sequence[ndarray]): class ids of every image, shape (H, W); 255 is not scored.
        predictions (Tensor): class ids, shape (N, H, W), int64.
        n_classes (int): C.

    Returns:
        ndarray: shape (N, C, C), int64, see `confusion_matrix`.
    """
    if predictions.device.type == 'cpu':
        return np.stack([confusion_matrix(truth, prediction, n_classes)
                         for truth, prediction in zip(truths, predictions.numpy(), strict=True)])
    return _counted(truths, predictions, n_classes)


def _counted(truths: Sequence[np.ndarray], predictions: Tensor, n_classes: int) -> np.ndarray:
    """All images in one count on a GPU: a matrix each, and one more bin for what is not scored."""
    labels = [torch.from_numpy(truth.astype(np.uint8)) for truth in truths]
    truth, bins = to_device(labels, predictions.device).long(), n_classes**2 + 1
    pairs = torch.where(truth == IGNORE, bins - 1, truth * n_classes + predictions)
    image = torch.arange(len(labels), device=predictions.device)
    counts = torch.bincount((pairs + image[:, None, None] * bins).flatten(), minlength=len(labels) * bins)
    return counts.view(len(labels), bins)[:, :-1].reshape(-1, n_classes, n_classes).cpu().numpy()


def _resized(scores: Tensor, size: tuple[int, int], network: BaseSegmentor) -> Tensor:
    if scores.shape[2:] == tuple(size):
        return scores
    return resize(scores, size=tuple(size), mode='bilinear', align_corners=network.align_corners, warning=False)


def _example(path: Path, truth: np.ndarray, prediction: np.ndarray, keep: bool) -> ExampleImage:
    """One image with its label maps, small enough for a record; without `keep`, its name and the prediction alone."""
    with Image.open(path) as image:
        picture = image.convert('RGB')
    scale = min(1.0, 256 / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    true, predicted = (_encode(Image.fromarray(ids.astype(np.uint8)).resize(size, _NEAREST), 'PNG')
                       for ids in (truth, prediction))
    return ExampleImage(
        name=visible(path.stem), image=_encode(picture.resize(size), 'JPEG', quality=85) if keep else '',
        truth=true if keep else '', prediction=predicted)


def _encode(image: Image.Image, form: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return base64.b64encode(buffer.getvalue()).decode()
