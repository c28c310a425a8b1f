"""Reads checkpoints that ZS3Net's published code wrote, and renames their tensors to ours.

That code and this package build the same network, so a translation is a renaming: no tensor is reshaped.

Source: valeoai/ZS3 6031f4a, the names in its checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zs_methods.models.checkpoint_file import CheckpointError, load_tensors

#: Width of the noise z that the published generators take behind the class vector.
NOISE_DIM = 300

_GENERATOR_PLACES = ('state_dict_generator', 'generator')
_LISTED = 10

# Our modules -> theirs; the backbone has torchvision's names in both.
_NETWORK = {f'decode_head.{ours}': theirs for ours, theirs in {
    **{f'aspp.branches.{i}.conv': f'aspp.aspp{i + 1}.atrous_conv' for i in range(4)},
    **{f'aspp.branches.{i}.bn': f'aspp.aspp{i + 1}.bn' for i in range(4)},
    'aspp.pool.1.conv': 'aspp.global_avg_pool.1', 'aspp.pool.1.bn': 'aspp.global_avg_pool.2',
    'aspp.project.conv': 'aspp.conv1', 'aspp.project.bn': 'aspp.bn1',
    'low.conv': 'decoder.conv1', 'low.bn': 'decoder.bn1',
    'decoder.0.conv': 'decoder.last_conv.0', 'decoder.0.bn': 'decoder.last_conv.1',
    'decoder.2.conv': 'decoder.last_conv.4', 'decoder.2.bn': 'decoder.last_conv.5',
    'conv_seg': 'decoder.pred_conv',
}.items()}
_GENERATOR = {'hidden': 'model.0', 'output': 'model.3'}


@dataclass
class ZS3Checkpoint:
    """What a file holds, under the names of the published code without ``module.``.

    Attributes:
        file (Path): the file.
        network (dict[str, Tensor]): DeepLab with classifier; empty if there is none.
        generator (dict[str, Tensor]): generator; empty if there is none.
    """

    file: Path
    network: dict[str, Tensor]
    generator: dict[str, Tensor]

    @classmethod
    def load(cls, file: Path) -> ZS3Checkpoint:
        """Reads a checkpoint without running anything in it.

        The state dict may be the whole file or under ``state_dict``; that of a generator under ``generator`` or
        ``state_dict_generator``, or in a file of its own.

        Raises:
            CheckpointError: not a checkpoint, or a pickle that asks for more than tensors and plain data.
            OSError: the file cannot be read.
        """
        saved = load_tensors(file)
        if not isinstance(saved, dict):
            raise CheckpointError(f'{file}: holds a {type(saved).__name__}, not a dict of tensors')
        keys = [str(key) for key in saved]
        generators = [tensors for place in _GENERATOR_PLACES if (tensors := _tensors(saved.pop(place, {}), file))]
        if len(generators) > 1:
            raise CheckpointError(f'{file}: holds two generators, under {" and ".join(_GENERATOR_PLACES)}')
        network = _tensors(saved, file)
        if network and not generators and all(_split(name)[0] in _GENERATOR.values() for name in network):
            generators, network = [network], {}
        if not network and not generators:
            raise CheckpointError(f'{file}: holds no tensors, but {_some(keys) or "nothing"}')
        return cls(file, network, generators[0] if generators else {})


def network_weights(checkpoint: ZS3Checkpoint, network: nn.Module) -> dict[str, Tensor]:
    """A state dict for our DeepLab from that of the published code.

    Args:
        checkpoint (ZS3Checkpoint): as read.
        network (nn.Module): an `EncoderDecoder` with `DeepLabV3PlusHead`; only names, shapes and dtypes matter, so
            it may lie on the ``meta`` device.

    Returns:
        dict: loads into `network` with ``strict=True``. Counters of batches, which old files lack, are then 0.

    Raises:
        CheckpointError: another number of classes, tensors that are missing, left over or of another shape, or values
            that are not finite.
    """
    if not checkpoint.network:
        raise CheckpointError(f'{checkpoint.file}: holds a generator, but no network')
    expected = network.state_dict()
    classifier = checkpoint.network.get('decoder.pred_conv.weight')
    ours = len(expected['decode_head.conv_seg.weight'])
    if classifier is not None and classifier.ndim and len(classifier) != ours:
        raise CheckpointError(f'{checkpoint.file}: knows {len(classifier)} classes, the data set has {ours}')
    return _rename(checkpoint.network, expected, _NETWORK, checkpoint.file, "ZS3Net's network")


def generator_config(checkpoint: ZS3Checkpoint, vector_dim: int, feature_dim: int) -> dict[str, Any]:
    """The config of our generator that takes a checkpoint's weights.

    Raises:
        CheckpointError: no generator, or one for class vectors or features of another length.
    """
    first, last = (checkpoint.generator.get(f'{module}.weight', torch.empty(0)) for module in _GENERATOR.values())
    if first.ndim != 2 or last.ndim != 2:
        found = _some(checkpoint.generator or checkpoint.network)
        raise CheckpointError(f'{checkpoint.file}: no generator of two linear layers, model.0 and model.3, but {found}')
    if first.shape[1] != vector_dim + NOISE_DIM:
        raise CheckpointError(f'{checkpoint.file}: the generator takes class vectors of length '
                              f'{first.shape[1] - NOISE_DIM}, the word vectors have length {vector_dim}')
    if last.shape[0] != feature_dim:
        raise CheckpointError(f'{checkpoint.file}: the generator makes features of length {last.shape[0]}, the '
                              f'classifier takes {feature_dim}')
    return dict(type='zs_methods.GMMNGenerator', vector_dim=vector_dim, feature_dim=feature_dim, noise_dim=NOISE_DIM,
                hidden_dim=first.shape[0], noise='uniform', dropout=0.5)


def generator_weights(checkpoint: ZS3Checkpoint, generator: nn.Module) -> dict[str, Tensor]:
    """A state dict for our `GMMNGenerator` from that of the published code.

    Raises:
        CheckpointError: tensors that are missing, left over or of another shape, or values
            that are not finite.
    """
    return _rename(checkpoint.generator, generator.state_dict(), _GENERATOR, checkpoint.file, "ZS3Net's generator")


def _rename(theirs: Mapping[str, Tensor], expected: Mapping[str, Tensor], modules: Mapping[str, str],
            file: Path, what: str) -> dict[str, Tensor]:
    """Gives the tensors of one network exactly the names, and checks the shapes, of the other."""
    names = {}  # ours -> theirs
    for name in expected:
        module, leaf = _split(name)
        names[name] = f'{modules.get(module, module)}.{leaf}'
    left_over = sorted(set(theirs).difference(names.values()))
    missing = [name for name in names.values() if name not in theirs and not name.endswith('.num_batches_tracked')]
    reshaped = [f'{name} is {_size(theirs[name])} instead of {_size(expected[ours])}' for ours, name in names.items()
                if name in theirs and theirs[name].shape != expected[ours].shape]
    wrong = [f'{how} {_some(found)}' for how, found in
             (('left over', left_over), ('missing', missing), ('of another shape', reshaped)) if found]
    if wrong:
        raise CheckpointError(f'{file}: not {what}: {"; ".join(wrong)}')
    renamed = {ours: theirs[name].to(expected[ours].dtype) if name in theirs else torch.tensor(0)
               for ours, name in names.items()}
    infinite = [names[ours] for ours, value in renamed.items() if not torch.isfinite(value).all()]
    if infinite:
        raise CheckpointError(f'{file}: NaN or infinite values in {_some(infinite)}')
    return renamed


def _tensors(saved: Any, file: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint or state dict, without ``module.``; empty if there are none at all."""
    if isinstance(saved, dict) and isinstance(saved.get('state_dict'), dict):
        saved = saved['state_dict']
    if not isinstance(saved, dict):
        raise CheckpointError(f'{file}: a {type(saved).__name__} where a state dict was expected')
    if not any(isinstance(value, Tensor) for value in saved.values()):
        return {}
    others = [str(name) for name, value in saved.items() if not (isinstance(name, str) and isinstance(value, Tensor))]
    if others:
        raise CheckpointError(f'{file}: entries beside the tensors: {_some(others)}')
    tensors = {re.sub(r'^(module\.)+', '', name): value for name, value in saved.items()}
    if len(tensors) < len(saved):
        raise CheckpointError(f'{file}: tensors of one name with and without "module."')
    return tensors


def _split(name: str) -> tuple[str, str]:
    """Module and parameter of a tensor's name."""
    module, _, leaf = name.rpartition('.')
    return module, leaf


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    return ', '.join(names[:_LISTED]) + (f' and {len(names) - _LISTED} more' if len(names) > _LISTED else '')


def _size(tensor: Tensor) -> str:
    return 'x'.join(map(str, tensor.shape)) or 'scalar'
