"""Loading the shared DeepLab and running it over a data set."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.apis import init_model
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import DATASETS

from zs_methods.engine.stage import StageContext
from zs_methods.models.one_copy import use_one_copy
from zs_methods.stages.parts import load_classifier
from zs_methods.task import Task

CONFIG, WEIGHTS = 'config.py', 'model.pth'
#: Names of the step that reads labels: in our configs, and where mmseg looks for it to leave it out.
LABELS, PLAIN_LABELS = 'zs_methods.LoadLabels', 'LoadAnnotations'
#: Score of a class that is never predicted; finite, since interpolation would turn an infinite one into NaN.
EXCLUDED = -1e4
#: Pixels in a batch, whatever its images; class scores of every pixel are in memory at once.
MAX_PIXELS = 2**21
#: Images that are loaded while a GPU computes.
LOAD_AHEAD = 16


def save_network(folder: Path, config: dict[str, Any], state_dict: dict, task: Task,
                 tests: Mapping[str, Any] | None = None) -> None:
    """Writes an ordinary mmseg config and checkpoint that ``init_model`` and ``inference_model`` load.

    Args:
        folder (Path): where to; the files are ``config.py`` and ``model.pth``.
        config (dict): with ``model`` and ``test_pipeline``.
        state_dict (dict): weights.
        task (Task): names the classes and the unseen ones.
        tests (Mapping, optional): `test_settings`, with which mmengine's Runner and mmseg's inferencer can do with
            the files alone.
    """
    kept = {key: config[key] for key in ('default_scope', 'model', 'test_pipeline')}
    Config({'custom_imports': {'imports': ['zs_methods']}, **kept, **(tests or {})}).dump(folder / CONFIG)
    meta = {**task.spec.metainfo, 'classes': list(task.spec.classes), 'unseen': list(task.unseen),
            'ignored': list(task.ignored)}
    weights = {name: value.detach().cpu().contiguous() for name, value in state_dict.items()}
    torch.save({'meta': {'dataset_meta': meta}, 'state_dict': weights}, folder / WEIGHTS)


def load_network(folder: Path, device: torch.device) -> BaseSegmentor:
    """Loads what `save_network` wrote, in evaluation mode."""
    network = init_model(str(folder / CONFIG), device='cpu')
    saved = torch.load(folder / WEIGHTS, map_location='cpu', weights_only=True)
    network.load_state_dict(saved['state_dict'])
    network.dataset_meta = saved['meta']['dataset_meta']
    network.to(device)
    use_one_copy(network, device)
    return network


def assemble(ctx: StageContext, network: str, classifier: str | None = None) -> BaseSegmentor:
    """The network of stage `network`, with the classifier that stage `classifier` left, in evaluation mode."""
    model = load_network(ctx.inputs[network], ctx.device)
    conv = classifier_of(model)
    if classifier:
        linear = load_classifier(ctx.inputs[classifier], ctx.device)
        with torch.no_grad():
            conv.weight.copy_(linear.weight[:, :, None, None])
            conv.bias.copy_(linear.bias)
    exclude_classes(conv, ctx.task.ignored)
    return model


def classifier_of(network: BaseSegmentor) -> torch.nn.Conv2d:
    """The last 1x1 convolution of a network."""
    return network.decode_head.conv_seg


@torch.no_grad()
def exclude_classes(classifier: torch.nn.Conv2d | torch.nn.Linear, ids: Sequence[int]) -> None:
    """Makes sure that a classifier never predicts some classes, whatever the features.

    Their softmax is 0 in float32 and float16 alike, so neither they nor the others get a gradient from them: the
    training is that of a classifier without them, and no id changes.
    """
    classifier.weight[list(ids)] = 0
    classifier.bias[list(ids)] = EXCLUDED


def build_dataset(task: Task, subset: str, pipeline: Sequence[dict], unseen_images: str = 'keep',
                  pseudo_labels: Path | None = None) -> Any:
    """Builds a `ZeroShotDataset` of a task."""
    init_default_scope('mmseg')
    return DATASETS.build(dataset_config(task, subset, pipeline, unseen_images, pseudo_labels))


def dataset_config(task: Task, subset: str, pipeline: Sequence[dict], unseen_images: str = 'keep',
                   pseudo_labels: Path | None = None) -> dict[str, Any]:
    """The config of a `ZeroShotDataset` of a task.

    While settings are chosen on held-out seen classes (``task.scored_share``), the training images are divided: ``val``
    is the share to score, and ``train`` the others. So whatever a stage reads, it cannot train on what is scored.
    """
    part = None
    if task.scored_share and subset in ('train', 'val'):
        draw = '-'.join(map(str, task.unseen))  # another one for every draw of classes
        part, subset = dict(share=task.scored_share, draw=draw, scored=subset == 'val'), 'train'
    return dict(type='zs_methods.ZeroShotDataset', spec=task.source, data_root=task.data_root, subset=subset,
                unseen=task.unseen, unseen_images=unseen_images, ignored=task.ignored,
                training_list=task.training_list if subset == 'train' else '', withheld=task.withheld, part=part,
                pseudo_labels=str(pseudo_labels) if pseudo_labels else None, pipeline=list(pipeline))


def test_settings(task: Task, subset: str, pipeline: Sequence[dict], unseen_images: str = 'keep') -> dict[str, Any]:
    """The parts of a config that mmengine's Runner tests with, besides the network: images, metric, how to draw.

    The labels are read under the name by which mmseg's inferencer finds and removes that step, see `ZeroShotDataset`.
    """
    plain = [{**step, 'type': PLAIN_LABELS} if step['type'] == LABELS else step for step in pipeline]
    return dict(
        test_dataloader=dict(batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
                             dataset=dataset_config(task, subset, plain, unseen_images)),
        test_evaluator=dict(type='zs_methods.ZeroShotMetric', unseen=task.unseen), test_cfg=dict(type='TestLoop'),
        visualizer=dict(type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer'))


def without_labels(pipeline: Sequence[dict]) -> list[dict]:
    """A pipeline that reads no labels: for images that are used unlabelled."""
    return [step for step in pipeline if step['type'] not in (LABELS, PLAIN_LABELS)]


def equal_sized_batches(dataset: Any, batch_size: int) -> Iterator[tuple[list[int], dict]]:
    """Goes once through a data set, batching images of equal size, original and resized, as they come.

    Args:
        dataset: an mmseg data set.
        batch_size (int): images in a full batch; fewer if they have more than `MAX_PIXELS`.

    Yields:
        tuple: indices of the images, and the batch in mmseg's collated form. The order is deterministic.
    """
    waiting: dict[tuple, list[tuple[int, dict]]] = {}

    def flush(size: tuple) -> tuple[list[int], dict]:
        indices, samples = zip(*waiting.pop(size), strict=True)
        return list(indices), pseudo_collate(list(samples))

    for index, sample in enumerate(_samples(dataset, LOAD_AHEAD if torch.cuda.is_initialized() else 0)):
        size = (*sample['inputs'].shape, *sample['data_samples'].ori_shape)
        waiting.setdefault(size, []).append((index, sample))
        if len(waiting[size]) >= min(batch_size, max(1, MAX_PIXELS // (size[1] * size[2]))):
            yield flush(size)
        elif sum(map(len, waiting.values())) >= 8 * batch_size:  # bounds memory where every image has its own size
            yield flush(max(waiting, key=lambda size: len(waiting[size])))
    for size in list(waiting):
        yield flush(size)


def _samples(dataset: Any, ahead: int) -> Iterator[dict]:
    """The samples of a data set in order; a thread loads the next `ahead` meanwhile, none if that is 0."""
    if not ahead:
        yield from (dataset[index] for index in range(len(dataset)))
        return
    pool = ThreadPoolExecutor(1)  # one, since a data set counts the labels it hands out without locks
    try:
        waiting = deque(pool.submit(dataset.__getitem__, index) for index in range(min(ahead, len(dataset))))
        for index in range(len(dataset)):
            sample = waiting.popleft().result()
            if index + ahead < len(dataset):
                waiting.append(pool.submit(dataset.__getitem__, index + ahead))
            yield sample
    finally:
        pool.shutdown(cancel_futures=True)
