"""What stages leave behind for others: classifiers and calibrations, see `FeatureGenerator` too; the class vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zs_methods.engine.stage import StageContext
from zs_methods.vectors.class_vectors import load_class_vectors


def class_vectors(ctx: StageContext, vectors: dict[str, Any]) -> Tensor:
    """The vectors of all classes on the context's device, shape (C, D), read as `Method.vectors` says."""
    return torch.from_numpy(load_class_vectors(
        ctx.task.spec.classes, Path(ctx.task.vectors), vectors['aliases'], vectors['normalise'])).to(ctx.device)


def save_classifier(folder: Path, classifier: nn.Linear) -> None:
    """Writes ``classifier.pth`` with ``weight`` (C, d) and ``bias`` (C,)."""
    torch.save({name: value.cpu() for name, value in classifier.state_dict().items()}, folder / 'classifier.pth')


def load_classifier(folder: Path, device: torch.device) -> nn.Linear:
    """Reads ``classifier.pth`` as a linear layer d -> C."""
    saved = torch.load(folder / 'classifier.pth', map_location=device, weights_only=True)
    classifier = nn.Linear(saved['weight'].shape[1], saved['weight'].shape[0], device=device)
    classifier.load_state_dict(saved)
    return classifier


def running_sums(weights: Tensor, dim: int = 0) -> Tensor:
    """Cumulative sums in double precision, on the device of `weights`.

    Added on the CPU, once per stage: CUDA has no kernel that adds floating-point numbers in the same order every time.
    """
    return weights.double().cpu().cumsum(dim).to(weights.device)


def save_calibration(folder: Path, classes: Sequence[int], gamma: float) -> None:
    """Writes ``calibration.json``: gamma is subtracted from the probability of the classes, see `DeepLabV3PlusHead`."""
    (folder / 'calibration.json').write_text(json.dumps({'classes': list(classes), 'gamma': float(gamma)}),
                                               encoding='utf-8')


def read_calibration(folder: Path) -> dict[str, Any]:
    """Reads what `save_calibration` wrote."""
    return json.loads((folder / 'calibration.json').read_text(encoding='utf-8'))
