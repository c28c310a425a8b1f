"""Gates: which of the pixels that were predicted as an unseen class are confident enough to be candidates, C_u."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from zs_methods.stages.parts import running_sums

#: Room for the rounding of share times pixels: 0.1 * 30 is a little more than 3.
_ROUNDING = 1 - 1e-12


def by_rank(classes: Tensor, confidence: Tensor, pixels: Tensor, share: float) -> Tensor:
    """The most confident share p of every class: ceil(p n_u) of the n_u pixels, so that no class goes without.

    Args:
        classes (Tensor): predicted classes, shape (n,), int64.
        confidence (Tensor): shape (n,); of equals, the earlier ones come first.
        pixels (Tensor): how many pixels each one stands for, shape (n,). One passes if those before it are still less
            than p n_u pixels.
        share (float): p, from 0 (none) to 1 (all).

    Returns:
        Tensor: shape (n,), bool.
    """
    passed = torch.zeros_like(classes, dtype=torch.bool)
    order = confidence.argsort(descending=True, stable=True)
    for c in classes.unique():
        rows = order[classes[order] == c]
        upto = running_sums(pixels[rows])
        passed[rows] = upto - pixels[rows].double() < share * upto[-1] * _ROUNDING
    return passed


def by_threshold(classes: Tensor, confidence: Tensor, pixels: Tensor, threshold: float) -> Tensor:
    """Confidences from a threshold on; arguments as of `by_rank`."""
    return confidence >= threshold


GATES: dict[str, Callable[..., Tensor]] = {'rank': by_rank, 'threshold': by_threshold}


def passing(gate: Mapping[str, Any], classes: Tensor, confidence: Tensor, pixels: Tensor) -> Tensor:
    """What a gate lets through, shape (n,), bool; `gate` has its ``type`` and its setting."""
    settings = dict(gate)
    return GATES[settings.pop('type')](classes, confidence, pixels, **settings)
