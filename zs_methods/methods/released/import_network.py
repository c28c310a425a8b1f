"""Stage ``seen`` of released weights: a network that others trained, in place of one trained here."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from zs_methods.engine.stage import Stage, StageContext
from zs_methods.models import FeatureGenerator
from zs_methods.models.zs3_checkpoint import ZS3Checkpoint, generator_config, generator_weights, network_weights
from zs_methods.registry import MODELS, STAGES
from zs_methods.stages.network import save_network
from zs_methods.task import Task
from zs_methods.vectors.class_vectors import file_sha256, load_class_vectors


@dataclass
class Imported:
    """A translated checkpoint.

    Attributes:
        network (dict[str, Tensor]): state dict of our network, classifier included.
        generator (FeatureGenerator, optional): theirs, with the class vectors of the task.
    """

    network: dict[str, Tensor]
    generator: FeatureGenerator | None


@STAGES.register_module()
class ImportNetwork(Stage):
    """Turns a checkpoint of ZS3Net's published code into a network that later stages take as the ``seen`` one.

    The files are the task's ``checkpoint`` and ``generator_checkpoint``, which may be one and the same.

    Args:
        config (dict): an mmseg config with ``default_scope``, ``model`` and ``test_pipeline``; the model is the
            DeepLab whose forward pass is that of the published code.
        sha256 (str): of the checkpoint.
        generator (dict, optional): of the generator, ``sha256`` of its checkpoint and the ``vectors`` to go with it:
            ``sha256`` of the word-vector file, ``aliases`` and ``normalise`` (see `load_class_vectors`).

    Artifact: ``config.py`` and ``model.pth`` of an mmseg model; with a generator also ``generator.pth``, holding the
    class vectors (C, vector_dim) of the task, which need not be those it was trained with.

    Source: valeoai/ZS3 6031f4a.
    """

    def __init__(self, config: dict[str, Any], sha256: str, generator: dict[str, Any] | None = None) -> None:
        self.config, self.sha256, self.generator = config, sha256, generator

    def run(self, ctx: StageContext) -> dict[str, Any]:
        """Translates and writes; nothing here is random."""
        imported = self.translate(ctx.task)
        self.write(ctx.out, imported, ctx.task)
        ctx.progress(1, 1)
        return {'checkpoint': Path(ctx.task.files['checkpoint']).name, 'sha256': self.sha256,
                'tensors': len(imported.network), 'generator': imported.generator is not None}

    def translate(self, task: Task) -> Imported:
        """Reads the task's checkpoints without running anything in them.

        Raises:
            CheckpointError: a file is no such checkpoint, or one of another data set.
            OSError: a file cannot be read.
        """
        network = self._network(task)
        weights = network_weights(_load(task, 'checkpoint', self.sha256), network)
        if self.generator is None:
            return Imported(weights, None)
        how = self.generator['vectors']
        vectors = torch.from_numpy(load_class_vectors(
            task.spec.classes, Path(task.vectors), how['aliases'], how['normalise']))
        checkpoint = _load(task, 'generator_checkpoint', self.generator['sha256'])
        width = network.decode_head.conv_seg.in_channels
        generator = FeatureGenerator.build(generator_config(checkpoint, vectors.shape[1], width), vectors, width)
        generator.load_state_dict(generator_weights(checkpoint, generator))
        return Imported(weights, generator)

    def write(self, folder: Path, imported: Imported, task: Task) -> None:
        """Writes what `translate` gave."""
        save_network(folder, {**self.config, 'model': self._model(task)}, imported.network, task)
        if imported.generator:
            imported.generator.save(folder)

    def _model(self, task: Task) -> dict[str, Any]:
        model = copy.deepcopy(self.config['model'])
        model['decode_head']['num_classes'] = len(task.spec.classes)
        return model

    def _network(self, task: Task) -> nn.Module:
        """The network without memory for its weights."""
        with DefaultScope.overwrite_default_scope('mmseg'), torch.device('meta'):
            return MODELS.build(self._model(task))


def _load(task: Task, purpose: str, sha256: str) -> ZS3Checkpoint:
    """Reads a file of the task that must still be the one that was planned with."""
    file = Path(task.files[purpose])
    if file_sha256(file) != sha256:
        raise RuntimeError(f'{file}: has changed since the run was planned')
    return ZS3Checkpoint.load(file)
