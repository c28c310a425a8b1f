"""Which network, from which weights: what all methods of a comparison share, and whether it can be trained."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from zs_methods.config_files import ConfigError
from zs_methods.hashes import file_sha256
from zs_methods.models.weight_sources import PACKAGE, package_file
from zs_methods.models.weights import check_weights, empty_backbone
from zs_methods.task import Task


@dataclass(frozen=True)
class NetworkCard:
    """The network that methods share, and what its backbone starts from.

    Attributes:
        model (str): name of the DeepLab config, or of the file.
        backbone (str): its type and depth.
        config (str): hash of ``model`` in the DeepLab's config.
        changes (dict): options that changed the network, and the processes that train it, if several.
        weights (str): a file's name, ``none``, or a name of weights, see `zs_methods.models.weight_sources`.
        sha256 (str): of that file, or of the one in a package.
        pretraining (str): what those weights were trained on.
    """

    model: str
    backbone: str
    config: str = ''
    changes: dict[str, Any] = field(default_factory=dict)
    weights: str = 'none'
    sha256: str = ''
    pretraining: str = 'none'


@dataclass(frozen=True)
class Weights:
    """What a backbone starts from: a name or a file's, None for none; the file's hash; what they were trained on."""

    name: str | None
    sha256: str
    pretraining: str

    def setting(self) -> dict[str, str] | None:
        """As ``backbone_weights`` of a config."""
        if not self.name:
            return None
        return {'name': self.name, 'sha256': self.sha256} if self.sha256 else {'name': self.name}


def weights_file(weights: str | None) -> Path | None:
    """The file that weights are, unless they are a name or none.

    Raises:
        ConfigError: it is not there.
    """
    if weights is None or weights == 'none' or '://' in weights:
        return None
    if not Path(weights).is_file():
        raise ConfigError(f'{weights}: no such file; a name is written as torchvision://resnet101, no weights as none',
                          'weights')
    return Path(weights)


def choose_weights(task: Task, weights: str | None, pretraining: str | None) -> Weights | None:
    """The weights for every method; None if the DeepLab's config decides. Arguments as in `zs_methods.configs.compose`.

    Raises:
        ConfigError: they are a file that is not there, or not the task's.
    """
    own, file = task.files.get('backbone'), weights_file(weights)
    if file and (own is None or file != Path(own)):
        raise ConfigError(f"{weights}: a file is given to the task, as files={{'backbone': {weights!r}}}", 'weights')
    if own and (file or weights is None):
        return Weights(Path(own).name, file_sha256(own), pretraining or 'not declared')
    if weights is None:
        return None
    return Weights(None, '', pretraining or 'none') if weights == 'none' else named_weights(
        weights, pretraining or 'not declared')


def named_weights(name: str | None, pretraining: str) -> Weights:
    """Weights by name, with the hash of those in an installed package; one that is missing is refused later."""
    sha256 = ''
    if name and name.startswith(PACKAGE):
        with suppress(ValueError):
            sha256 = file_sha256(package_file(name.removeprefix(PACKAGE)))
    return Weights(name, sha256, pretraining)


def backbone_name(config: Config) -> str:
    """What a config's backbone is: type and depth, such as ``ResNetV1c-101``, or its name in timm."""
    backbone = config.model.backbone
    if name := backbone.get('model_name'):
        return f'timm {name}'
    return '-'.join(str(part) for part in (backbone.type.split('.')[-1], backbone.get('depth')) if part)


def check_backbone(config: Config, task: Task) -> None:
    """Makes sure, before anything is trained, that backbone, head and weights fit; nothing is downloaded.

    Raises:
        ConfigError: they do not, there are no weights of that name, or a package is missing.
    """
    try:
        _check_maps(config)
        if weights := config.backbone_weights:
            named = '://' in weights['name']
            if named or 'sha256' in weights:
                check_weights(config.model.backbone.to_dict(), weights['name'] if named else task.files['backbone'])
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _check_maps(config: Config) -> None:
    """Raises ValueError if the head expects other channels than a network of timm has; of others, nothing is known."""
    if 'model_name' not in config.model.backbone:
        return
    backbone = empty_backbone(config.model.backbone.to_dict())
    expected = tuple(config.model.decode_head.in_channels)
    found = getattr(backbone, 'out_channels', expected)
    if expected != found:
        raise ValueError(f'model.decode_head.in_channels is {expected}; {config.model.backbone.model_name} has maps of '
                         f'{found} channels')


def check_device(config: Config, device: str) -> None:
    """Makes sure that the DeepLab can be trained on a kind of device of this machine, ``cpu`` or ``cuda``.

    Raises:
        ConfigError: mixed precision without a GPU, or more processes than GPUs.
    """
    training = config.get('seen', {})
    if training.get('amp') and device == 'cpu':
        raise ConfigError('seen.amp=True: mixed precision needs a CUDA device', 'options')
    processes = training.get('processes', 1)
    if processes > 1 and device == 'cuda':
        import torch
        if processes > torch.cuda.device_count():
            raise ConfigError(f'{processes}: this machine shows {torch.cuda.device_count()} GPUs', 'processes')
