"""The contract of a generator, and the file in which one stage leaves it to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zs_methods.registry import MODELS

FILE = 'generator.pth'


class FeatureGenerator(nn.Module):
    """Makes pixel features of classes from class vectors; base of all generators.

    A subclass registers in MODELS, takes ``vector_dim`` and ``feature_dim`` and settings of its own, and has `sample`.
    Whatever stage makes one, by training or in closed form, builds it with `build` and leaves it with `save`; whatever
    stage needs one reads it with `load`, and knows no more of it than this class says::

        generator = FeatureGenerator.load(ctx.inputs['generator'], ctx.device)
        features = generator.sample(generator.vectors[unseen], 128, ctx.stream('noise/mine'))

    Attributes:
        config (dict): builds it again; ``type`` in MODELS, and its settings.
        vectors (Tensor): the vectors of all classes that it goes with, shape (C, vector_dim), on its device.
    """

    config: dict[str, Any]
    vectors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('vectors', None, persistent=False)

    def sample(self, vectors: Tensor, count: int, stream: torch.Generator) -> Tensor:
        """Generates features of some classes.

        Args:
            vectors (Tensor): their class vectors, shape (classes, vector_dim).
            count (int): features per class.
            stream (torch.Generator): the only source of randomness, on the device of `vectors`.

        Returns:
            Tensor: shape (classes, count, feature_dim), differentiable with respect to the parameters, if any.
        """
        raise NotImplementedError

    @staticmethod
    def build(model: dict[str, Any], vectors: Tensor, feature_dim: int) -> FeatureGenerator:
        """A fresh generator, on the device of `vectors`; initial weights come from torch's global stream.

        Args:
            model (dict): its config; ``vector_dim`` and ``feature_dim`` are filled in.
            vectors (Tensor): the vectors of all classes, shape (C, vector_dim).
            feature_dim (int): length d of a feature.

        Raises:
            TypeError: the config builds something else.
        """
        return _make({**model, 'vector_dim': vectors.shape[1], 'feature_dim': feature_dim}, vectors)

    def save(self, folder: Path) -> None:
        """Writes ``generator.pth``: config, weights and class vectors."""
        torch.save({'config': self.config, 'state_dict': self.state_dict(), 'vectors': self.vectors.cpu()},
                   folder / FILE)

    @staticmethod
    def load(folder: Path, device: torch.device) -> FeatureGenerator:
        """Reads what `save` wrote.

        Raises:
            TypeError: the config builds something else.
        """
        saved = torch.load(folder / FILE, map_location=device, weights_only=True)
        generator = _make(saved['config'], saved['vectors'])
        generator.load_state_dict(saved['state_dict'])
        return generator


def _make(config: dict[str, Any], vectors: Tensor) -> FeatureGenerator:
    generator = MODELS.build(config)
    if not isinstance(generator, FeatureGenerator):
        raise TypeError(f"{config['type']} is no generator: it must extend FeatureGenerator")
    generator.config, generator.vectors = config, vectors
    return generator.to(vectors.device)
