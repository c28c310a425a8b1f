"""Loading pre-trained backbone weights, from a file or by name, without running what a file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from zs_methods.hashes import file_sha256
from zs_methods.models.checkpoint_file import load_tensors
from zs_methods.models.weight_sources import PACKAGE, SUFFIXES, check_name, download, package_file
from zs_methods.registry import MODELS

#: The ImageNet classifier of torchvision's networks, and what counts batches but is never used.
CLASSIFIER, COUNTER = ('fc.', 'classifier.'), 'num_batches_tracked'
#: Wrappers around a state dict, and prefixes of its keys.
WRAPPERS, PREFIXES = ('state_dict', 'model'), ('module.', 'backbone.')
_STATISTICS = ('running_mean', 'running_var')


def load_backbone(backbone: nn.Module, source: str | Path, sha256: str | None = None) -> dict[str, Any]:
    """Replaces all weights of a backbone.

    Every key must find its place. Left out, and named in the result, are only the classifier of ImageNet and what
    the backbone itself declares as ``unused_weights`` (prefixes). A backbone with names of its own translates those of
    the file in ``rename_weights``.

    A file may give a batch normalisation as scale and shift only, its statistics folded in, or with the mean 0 and
    variance 1 of that: such a network can only be used with frozen normalisation.

    Args:
        backbone (nn.Module): the network; keys are those of torchvision, or of timm.
        source (str | Path): ``.pth``, ``.pt``, ``.pth.tar`` or ``.npz`` file, or a name, see `check_name`.
        sha256 (str, optional): hash that a file must have.

    Returns:
        dict: ``source``, name of the file or the name given; ``tensors`` loaded; ``dropped`` prefixes;
        ``folded_norms``, layers without statistics of their own.

    Raises:
        ValueError: the file holds anything but weights, or others than the backbone's; one line.
        OSError: the file cannot be read, or a download failed; one line.
    """
    name = str(source) if '://' in str(source) else Path(source).name
    state, dropped, folded = _fit(backbone, name, read_weights(source, sha256))
    backbone.load_state_dict(state, strict=False)
    return {'source': name, 'tensors': len(state), 'dropped': dropped, 'folded_norms': len(folded)}


def check_weights(backbone_config: Mapping[str, Any], source: str | Path) -> None:
    """Checks that `load_backbone` will take a file, or that a name exists; nothing is downloaded.

    Args:
        backbone_config (dict): ``model.backbone`` of an mmseg config.
        source (str | Path): as in `load_backbone`.

    Raises:
        ValueError: it will not, or the backbone cannot be built; one line that says what is known or wrong.
    """
    if '://' in str(source):
        check_name(str(source))
        if not str(source).startswith(PACKAGE):
            return
    try:
        content = read_weights(source)
    except OSError as error:
        raise ValueError(str(error)) from None
    _fit(empty_backbone(backbone_config), Path(source).name, content)


def empty_backbone(config: Mapping[str, Any]) -> nn.Module:
    """A backbone without memory for its weights, if it can be built so.

    Raises:
        ValueError: it cannot be built; one line.
    """
    for device in ('meta', 'cpu'):
        try:
            with DefaultScope.overwrite_default_scope('mmseg'), torch.device(device), torch.random.fork_rng(devices=[]):
                return MODELS.build({**config, 'init_cfg': None})
        except Exception as error:  # whatever a backbone's code raises
            failure = error
    raise ValueError(f'model.backbone: {config.get("type")} cannot be built: {" ".join(str(failure).split())[:200]}')


def _fit(backbone: nn.Module, name: str,
         content: Mapping[str, Any]) -> tuple[dict[str, Tensor], list[str], list[str]]:
    """The state dict to load, prefixes dropped from it and layers without statistics of their own.

    Raises:
        ValueError: it is not the backbone's; one line.
    """
    state = _strip(name, content)
    if hasattr(backbone, 'rename_weights'):
        state = backbone.rename_weights(state)
    unused = CLASSIFIER + tuple(getattr(backbone, 'unused_weights', ()))
    dropped = sorted({prefix for prefix in unused if any(key.startswith(prefix) for key in state)})
    state = {key: value for key, value in state.items() if not key.startswith(unused) and not key.endswith(COUNTER)}
    folded = _unfold(backbone, state)
    own = {key: value for key, value in backbone.state_dict().items() if not key.endswith(COUNTER)}
    _check(name, type(backbone).__name__, state, own)
    if folded and not getattr(backbone, 'norm_eval', False):
        raise ValueError(f'{name}: batch normalisation is folded into scale and shift, e.g. {folded[0]}; '
                         f'{type(backbone).__name__} needs norm_eval=True for that, so that it stays frozen')
    return state, dropped, folded


def read_weights(source: str | Path, sha256: str | None = None) -> dict[str, Any]:
    """Reads a file or a download as plain tensors; arguments and errors as in `load_backbone`."""
    named = str(source)
    if '://' in named and not named.startswith(PACKAGE):
        return download(named)
    path = package_file(named.removeprefix(PACKAGE)) if '://' in named else Path(source)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: weights are read from {", ".join(SUFFIXES)}')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file')
    if sha256 and file_sha256(path) != sha256:
        raise ValueError(f'{path}: the file has changed since the run was planned')
    return _read_npz(path) if path.suffix == '.npz' else read_checkpoint(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a state dict, or what holds one, as `load_tensors` does; same errors."""
    content = load_tensors(path)
    if not isinstance(content, Mapping):
        raise ValueError(f'{path}: a state dict is expected, the file holds a {type(content).__name__}')
    return dict(content)


def _read_npz(path: Path) -> dict[str, Tensor]:
    with path.open('rb') as file:
        try:
            arrays = np.load(file, allow_pickle=False)
            if isinstance(arrays, np.ndarray):
                raise ValueError('it is a single array')
            return {key: torch.from_numpy(_numbers(key, arrays[key])) for key in arrays.files}
        except Exception as error:  # a foreign or damaged file can raise anything
            reason = ' '.join(str(error).split()).split('. ')[0][:200]
            raise ValueError(f'{path}: not an .npz of plain arrays, or damaged: {reason}') from None


def _numbers(key: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in 'iuf':
        raise ValueError(f'{key} is of type {array.dtype}')
    return array.astype(np.float32)


def _strip(name: str, content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without prefixes that wrappers leave."""
    for wrapper in WRAPPERS * 2:  # not for ever: a crafted file may contain itself
        content = content[wrapper] if isinstance(content.get(wrapper), Mapping) else content
    state = {}
    for key, value in content.items():
        key = str(key)
        while key.startswith(PREFIXES):
            key = key.partition('.')[2]
        if key in state:
            raise ValueError(f'{name}: two entries for {key}, with and without {" or ".join(PREFIXES)}')
        state[key] = value
    return state


def _unfold(backbone: nn.Module, state: dict[str, Tensor]) -> list[str]:
    """Completes folded normalisations, so that they act as scale and shift, and names them."""
    folded = []
    for name, norm in backbone.named_modules():
        keys = [f'{name}.{part}' for part in ('weight', 'bias', *_STATISTICS)]
        if not isinstance(norm, _BatchNorm) or not all(isinstance(state.get(key), Tensor) for key in keys[:2]):
            continue
        if not any(key in state for key in keys[2:]):
            state[keys[2]] = torch.zeros(norm.num_features)
            state[keys[3]] = torch.full((norm.num_features,), 1 - norm.eps)
            folded.append(name)
        elif all(isinstance(state.get(key), Tensor) for key in keys):
            weight, bias, mean, var = (state[key].float() for key in keys)
            trained = (weight != 1).any() or (bias != 0).any()  # a network that was never trained is not folded
            if trained and (mean == 0).all() and ((var - 1).abs() < 1e-3).all():
                folded.append(name)
    return folded


def _check(name: str, network: str, state: Mapping[str, Any], own: Mapping[str, Tensor]) -> None:
    """Raises ValueError unless keys and shapes agree."""
    shapes = {key: tuple(getattr(value, 'shape', ())) for key, value in state.items()}
    wrong = [f'{key} {shapes[key]} instead of {tuple(own[key].shape)}' for key in sorted(shapes.keys() & own.keys())
             if not isinstance(state[key], Tensor) or shapes[key] != tuple(own[key].shape)]
    problems = [_listed('missing', sorted(own.keys() - shapes.keys())),
                _listed('not part of it', sorted(shapes.keys() - own.keys())), _listed('of another shape', wrong)]
    if any(problems):
        raise ValueError(f'{name} does not fit {network}: ' + '; '.join(filter(None, problems)))


def _listed(what: str, items: Iterable[str], limit: int = 10) -> str:
    items = list(items)
    more = f' and {len(items) - limit} more' if len(items) > limit else ''
    return f'{len(items)} {what}: {", ".join(items[:limit])}{more}' if items else ''
