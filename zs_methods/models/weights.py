"""Loading pre-trained backbone weights, from a file or by name, without running what a file says."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from zs_methods.word_vectors import file_sha256

#: The ImageNet classifier of torchvision's networks, and what counts batches but is never used.
CLASSIFIER, COUNTER = ('fc.', 'classifier.'), 'num_batches_tracked'
#: Wrappers around a state dict, and prefixes of its keys.
WRAPPERS, PREFIXES = ('state_dict', 'model'), ('module.', 'backbone.')
SUFFIXES = ('.pth', '.pt', '.tar', '.npz')
_STATISTICS = ('running_mean', 'running_var')


def load_backbone(backbone: nn.Module, source: str | Path, sha256: str | None = None) -> dict[str, Any]:
    """Replaces all weights of a backbone.

    Every key must find its place. Left out, and named in the result, are only the classifier of ImageNet and what
    the backbone itself declares as ``unused_weights`` (prefixes).

    A file may give a batch normalisation as scale and shift only, its statistics folded in, or with the mean 0 and
    variance 1 of that: such a network can only be used with frozen normalisation.

    Args:
        backbone (nn.Module): the network; keys are those of torchvision.
        source (str | Path): ``.pth``, ``.pt``, ``.pth.tar`` or ``.npz`` file, ``torchvision://NAME`` or
            ``open-mmlab://NAME``.
        sha256 (str, optional): hash that a file must have.

    Returns:
        dict: ``source``, name of the file or the name given; ``tensors`` loaded; ``dropped`` prefixes;
        ``folded_norms``, layers without statistics of their own.

    Raises:
        ValueError: the file holds anything but weights, or others than the backbone's; one line.
        OSError: the file cannot be read, or a download failed; one line.
    """
    state = _strip(read_weights(source, sha256))
    unused = CLASSIFIER + tuple(getattr(backbone, 'unused_weights', ()))
    dropped = sorted({prefix for prefix in unused if any(key.startswith(prefix) for key in state)})
    state = {key: value for key, value in state.items() if not key.startswith(unused) and not key.endswith(COUNTER)}
    name = str(source) if '://' in str(source) else Path(source).name
    folded = _unfold(backbone, state)
    own = {key: value for key, value in backbone.state_dict().items() if not key.endswith(COUNTER)}
    _check(name, type(backbone).__name__, state, own)
    if folded and not getattr(backbone, 'norm_eval', False):
        raise ValueError(f'{name}: batch normalisation is folded into scale and shift, e.g. {folded[0]}; '
                         f'{type(backbone).__name__} needs norm_eval=True for that, so that it stays frozen')
    backbone.load_state_dict(state, strict=False)
    return {'source': name, 'tensors': len(state), 'dropped': dropped, 'folded_norms': len(folded)}


def read_weights(source: str | Path, sha256: str | None = None) -> dict[str, Any]:
    """Reads a file or a download as plain tensors; arguments and errors as in `load_backbone`."""
    if '://' in str(source):
        return _download(str(source))
    path = Path(source)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: weights are read from {", ".join(SUFFIXES)}')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file')
    if sha256 and file_sha256(path) != sha256:
        raise ValueError(f'{path}: the file has changed since the run was planned')
    return _read_npz(path) if path.suffix == '.npz' else read_checkpoint(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Reads what torch.save wrote, if it is made of tensors, numbers and text alone.

    Raises:
        ValueError: loading the file would need more, such as running code; one line.
    """
    try:
        with _numpy_scalars():
            content = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        reason = ' '.join(str(error).split()).partition('Please file an issue')[0][:300]
        raise ValueError(f'{path}: refused, since it holds more than tensors, numbers and text, and loading that '
                         f'could run code: {reason}') from None
    except (RuntimeError, EOFError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path}: not a PyTorch checkpoint: {" ".join(str(error).split())[:200]}') from None
    if not isinstance(content, Mapping):
        raise ValueError(f'{path}: a state dict is expected, the file holds a {type(content).__name__}')
    return dict(content)


def _numpy_scalars() -> AbstractContextManager:
    """Lets NumPy's floating-point scalars through, which training scripts like to save beside the weights."""
    if not hasattr(torch.serialization, 'safe_globals'):
        return nullcontext()
    core = getattr(np, '_core', None) or np.core
    names = [np.dtype, np.float64, type(np.dtype('f8')), np.float32, type(np.dtype('f4'))]
    return torch.serialization.safe_globals(
        [*names, *((core.multiarray.scalar, f'numpy.{name}.multiarray.scalar') for name in ('core', '_core'))])


def _read_npz(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: torch.from_numpy(arrays[key].astype(np.float32)) for key in arrays.files}
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f'{path}: not an .npz of plain arrays: {" ".join(str(error).split())[:200]}') from None


def _download(name: str) -> dict[str, Any]:
    scheme, _, model = name.partition('://')
    try:
        if scheme == 'torchvision':
            from torchvision.models import get_model_weights
            model, _, version = model.partition('.')
            url = get_model_weights(model)[version or 'IMAGENET1K_V1'].url
        elif scheme == 'open-mmlab':
            from mmengine.runner.checkpoint import get_external_models
            url = get_external_models()[model]
        else:
            raise KeyError(scheme)
    except (KeyError, ValueError):
        raise ValueError(f'unknown weights {name!r}; torchvision://NAME and open-mmlab://NAME are known, for example '
                         'torchvision://resnet101') from None
    try:
        return torch.hub.load_state_dict_from_url(url, map_location='cpu', progress=False, check_hash=True,
                                                  weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise OSError(f'cannot download {name} from {url} ({" ".join(str(error).split())[:200]}): fetch it elsewhere '
                      'and give --backbone-weights FILE, or --backbone-weights none') from None


def _strip(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without prefixes that wrappers leave."""
    while any(isinstance(content.get(wrapper), Mapping) for wrapper in WRAPPERS):
        content = next(content[wrapper] for wrapper in WRAPPERS if isinstance(content.get(wrapper), Mapping))
    state = {}
    for key, value in content.items():
        key = str(key)
        while key.startswith(PREFIXES):
            key = key.partition('.')[2]
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
