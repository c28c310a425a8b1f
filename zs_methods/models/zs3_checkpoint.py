"""Reads checkpoints that ZS3Net's published code wrote, and renames their tensors to ours.

That code and this package build the same network, so a translation is a renaming: no tensor is reshaped.

Source: valeoai/ZS3 6031f4a, the names in its checkpoints.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

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


class CheckpointError(ValueError):
    """A file that is no checkpoint of ZS3Net, or not one of the task at hand; the message is one line."""


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


def load_tensors(file: Path) -> Any:
    """What `torch.load` reads under ``weights_only``, on the CPU; numpy scalars become placeholders.

    Raises:
        CheckpointError: the pickle asks for anything else, which is named, or the file is none of torch's.
        OSError: the file cannot be read.
    """
    try:
        with _placeholders(), warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of pickle protocols that it then fails to read
            return torch.load(file, map_location='cpu', weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a foreign or crafted file can raise anything
        raise CheckpointError(f'{file}: {_reason(error)}') from None


def network_weights(checkpoint: ZS3Checkpoint, network: nn.Module) -> dict[str, Tensor]:
    """A state dict for our DeepLab from that of the published code.

    Args:
        checkpoint (ZS3Checkpoint): as read.
        network (nn.Module): an `EncoderDecoder` with `DeepLabV3PlusHead`; only names, shapes and dtypes matter, so
            it may lie on the ``meta`` device.

    Returns:
        dict: loads into `network` with ``strict=True``. Counters of batches, which old files lack, are then 0.

    Raises:
        CheckpointError: another number of classes, or tensors that are missing, left over or of another shape.
    """
    if not checkpoint.network:
        raise CheckpointError(f'{checkpoint.file}: holds a generator, but no network')
    expected = network.state_dict()
    classifier = checkpoint.network.get('decoder.pred_conv.weight')
    ours = len(expected['decode_head.conv_seg.weight'])
    if classifier is not None and classifier.ndim and len(classifier) != ours:
        raise CheckpointError(f'{checkpoint.file}: knows {len(classifier)} classes, the data set has {ours}')
    return _rename(checkpoint.network, expected, _NETWORK, f"{checkpoint.file}: not ZS3Net's network")


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
        CheckpointError: tensors that are missing, left over or of another shape.
    """
    return _rename(checkpoint.generator, generator.state_dict(), _GENERATOR,
                   f"{checkpoint.file}: not ZS3Net's generator")


def _rename(theirs: Mapping[str, Tensor], expected: Mapping[str, Tensor], modules: Mapping[str, str],
            complaint: str) -> dict[str, Tensor]:
    """Gives the tensors of one network exactly the names, and checks the shapes, of the other."""
    names = {}  # ours -> theirs
    for name in expected:
        module, leaf = _split(name)
        names[name] = f'{modules.get(module, module)}.{leaf}'
    left_over = sorted(set(theirs).difference(names.values()))
    missing = [name for name in names.values() if name not in theirs and not name.endswith('.num_batches_tracked')]
    reshaped = [f'{name} is {_size(theirs[name])} instead of {_size(expected[ours])}' for ours, name in names.items()
                if name in theirs and theirs[name].shape != expected[ours].shape]
    wrong = [f'{what} {_some(found)}' for what, found in
             (('left over', left_over), ('missing', missing), ('of another shape', reshaped)) if found]
    if wrong:
        raise CheckpointError(f'{complaint}: {"; ".join(wrong)}')
    return {ours: theirs[name].to(expected[ours].dtype) if name in theirs else torch.tensor(0)
            for ours, name in names.items()}


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


class _Inert:
    """Takes the place of a numpy scalar, the best score in many checkpoints: accepts anything, keeps nothing."""

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


#: The globals of a pickled numpy scalar, under old and new names. numpy's own could be made to read any memory.
_NUMPY = [type(name, (_Inert,), {'__module__': module}) for module, name in (
    ('numpy', 'dtype'), ('numpy.core.multiarray', 'scalar'), ('numpy._core.multiarray', 'scalar'))]


def _placeholders() -> AbstractContextManager:
    """Lets `torch.load` read numpy scalars as `_Inert`; before torch 2.5 it refuses them."""
    safe_globals = getattr(torch.serialization, 'safe_globals', None)
    return safe_globals(_NUMPY) if safe_globals else nullcontext()


def _reason(error: Exception) -> str:
    """Why torch did not read a file, from its error."""
    text = ' '.join(str(error).split())
    if isinstance(error, pickle.UnpicklingError):
        wanted = re.search(r'(?:GLOBAL|Unsupported class|unrecognized function|unrecognized class) (\S+)', text)
        if wanted:
            return f'refused, since its pickle asks for {wanted[1]} and could run code; only tensors are read'
        detail = text.split('WeightsUnpickler error: ')[-1].split(' Check the documentation')[0]
        return f'not a checkpoint of torch, or one that it will not read without running code ({detail})'
    if isinstance(error, RuntimeError) and text:
        return f'not a checkpoint of torch, or damaged ({text.split(". ")[0].rstrip(".")})'
    return 'not a checkpoint of torch, or damaged'
