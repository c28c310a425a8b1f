"""The pixels predicted as unseen classes, and C_u, those of them that a gate lets through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zs_methods.stages.parts import running_sums

from .gate import passing


class Predicted(NamedTuple):
    """A sample of the pixels predicted as an unseen class, as `GatherCandidates` leaves it.

    Attributes:
        features (Tensor): shape (n, d).
        classes (Tensor): predicted classes, shape (n,), int64.
        confidence (Tensor): q, probabilities of these classes, shape (n,).
        pixels (Tensor): how many pixels of the class each one stands for, shape (n,).
    """

    features: Tensor
    classes: Tensor
    confidence: Tensor
    pixels: Tensor

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> Predicted:
        """Reads the artifact of a stage."""
        with np.load(folder / 'bank.npz', allow_pickle=False) as bank:
            return cls(*(torch.from_numpy(bank[name]).to(device) for name in cls._fields))


@dataclass
class Candidates:
    """C_u of every unseen class.

    Attributes:
        rows (Tensor): places in the sample of what has passed, ordered by class, shape (n,).
        features (Tensor): x, shape (n, d).
        counts (Tensor): rows of every class, shape (unseen,).
        pixels (Tensor): |C_u|, the pixels that they stand for, shape (unseen,), float64.
        predicted (Tensor): n_u, the pixels predicted as the class, shape (unseen,), float64.
        cumulative (Tensor): sum of the weights w before each of them and of all, shape (n + 1,), float64.
    """

    rows: Tensor
    features: Tensor
    counts: Tensor
    pixels: Tensor
    predicted: Tensor
    cumulative: Tensor

    @classmethod
    def collect(cls, sample: Predicted, gate: Mapping[str, Any], power: float, unseen: Sequence[int]) -> Candidates:
        """Gates a sample.

        Args:
            sample (Predicted): the pixels.
            gate (Mapping): ``type`` and the setting of the gate, see `passing`.
            power (float): gamma; the weight of a pixel is q^gamma.
            unseen (Sequence[int]): ids of the unseen classes.
        """
        classes, confidence, pixels = sample.classes, sample.confidence, sample.pixels.double()
        rows = passing(gate, classes, confidence, pixels).nonzero()[:, 0]
        rows = rows[classes[rows].argsort(stable=True)]  # ids of unseen classes ascend, and so do the groups
        ids = torch.tensor(unseen, device=classes.device)
        of_class, passed = classes[:, None] == ids, classes[rows][:, None] == ids
        weights = confidence[rows].double().pow(power) * pixels[rows]
        return cls(rows, sample.features[rows], passed.sum(dim=0), (pixels[rows, None] * passed).sum(dim=0),
                   (pixels[:, None] * of_class).sum(dim=0), F.pad(running_sums(weights), (1, 0)))

    def draw(self, used: Tensor, count: int, stream: torch.Generator) -> Tensor:
        """Draws candidates with replacement, each with a probability in proportion to its weight.

        Args:
            used (Tensor): places of classes with candidates, shape (k,).
            count (int): features per class.
            stream (torch.Generator): random stream on the features' device.

        Returns:
            Tensor: shape (k, count, d).
        """
        ends = self.counts.cumsum(0)[used]
        starts = ends - self.counts[used]
        low, high = self.cumulative[starts], self.cumulative[ends]
        at = torch.rand(len(used), count, generator=stream, device=ends.device, dtype=torch.float64)
        rows = torch.searchsorted(self.cumulative, low[:, None] + at * (high - low)[:, None], right=True) - 1
        return self.features[torch.minimum(rows, ends[:, None] - 1)]
