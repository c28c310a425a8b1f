"""Check ``saves``: the finished model is an ordinary mmseg model that can predict every class."""

from __future__ import annotations

from pathlib import Path

import torch
from mmseg.apis import inference_model, init_model
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor
from torch.nn import functional

from benchmark.checking.forked import one_line
from zs_methods.task import Task

STARTS, STEPS = 4, 300


def model_findings(folder: Path, image: Path, task: Task, device: torch.device) -> list[str]:
    """What is wrong with a finished model, one line each.

    Args:
        folder (Path): artifact of stage ``evaluate``.
        image (Path): an image to predict.
        task (Task): data set and split.
        device (torch.device): where to compute.
    """
    try:
        model = init_model(str(folder / 'config.py'), str(folder / 'model.pth'), device=str(device))
        scores = inference_model(model, str(image)).seg_logits.data
    except Exception as error:
        return [f'mmseg cannot load and run the finished model: {one_line(error)}']
    classes = task.spec.classes
    if scores.shape[0] != len(classes):
        return [f'the finished model has scores of {scores.shape[0]} classes, the data set {len(classes)}']
    if not torch.isfinite(scores).all():
        return ['scores of the finished model are not finite']
    if list(model.dataset_meta.get('classes', ())) != list(classes):
        return ['the finished model names other classes than the data set']
    never = [classes[c] for c in impossible_classes(model, image) if c not in task.ignored]
    return [f'no feature makes the finished model predict {", ".join(never)}'] if never else []


def impossible_classes(model: BaseSegmentor, image: Path) -> list[int]:
    """Classes that no feature in front of the last classifier leads to, found by climbing.

    From features of an image, the probability of every class is raised by gradient steps, without asking whether
    an image could have such features. Heads without `forward_features` are not looked at.
    """
    head = model.decode_head
    if not hasattr(head, 'forward_features'):
        return []
    caught: list[Tensor] = []
    hook = head.cls_seg

    def watch(features: Tensor) -> Tensor:
        caught.append(features.detach())
        return hook(features)

    head.cls_seg = watch
    inference_model(model, str(image))
    head.cls_seg = hook
    rows = caught[0].movedim(1, -1).reshape(-1, caught[0].shape[1])
    n_classes = model.decode_head.num_classes
    target = torch.arange(n_classes, device=rows.device).repeat_interleave(STARTS)
    at = torch.linspace(0, len(rows) - 1, STARTS, device=rows.device).long().repeat(n_classes)
    features = rows[at][:, :, None, None].clone().requires_grad_()
    optimizer = torch.optim.Adam([features], lr=0.2 * float(rows.std()) + 1e-6)
    reached = torch.zeros(n_classes, dtype=torch.bool, device=rows.device)
    for _ in range(STEPS):
        scores = head.cls_seg(features)
        with torch.no_grad():
            predicted = head.predict_by_feat(scores, [{'img_shape': (1, 1)}]).argmax(dim=1).reshape(-1)
        reached[target[predicted == target]] = True
        if reached.all():
            break
        optimizer.zero_grad()
        functional.cross_entropy(scores.reshape(len(target), n_classes), target, reduction='sum').backward()
        optimizer.step()
    return (~reached).nonzero().reshape(-1).tolist()
