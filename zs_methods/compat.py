"""What the ecosystem needs before it can be imported: stand-ins for compiled libraries that are never called, a home.

`install` is called by ``import zs_methods`` before anything of mmcv.ops or torchvision is imported. It replaces
only what cannot be imported, says in `REPLACED` what that was (records carry it), and every stand-in raises a
clear error when it is really called, so no result can silently depend on one.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

#: What `install` found: library -> 'real', 'stand-in' or 'absent'.
REPLACED: dict[str, str] = {}

_KEEP_ALIVE: list[Any] = []


class _StandIn(ModuleType):
    """An empty ``mmcv._ext`` that claims to hold every op, as mmcv asserts while it is imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)

        def op(*args: Any, **kwargs: Any) -> NoReturn:
            raise RuntimeError(f"mmcv op '{name}' was called, but this mmcv has no compiled ops; install full mmcv "
                               '(https://mmcv.readthedocs.io) to use a model that needs it')

        return op


def install() -> dict[str, str]:
    """Makes ``mmseg.models`` and torchvision importable; safe to call twice.

    Returns:
        dict[str, str]: `REPLACED`.

    Raises:
        ImportError: there is no mmcv at all.
    """
    try:
        Path.home()
    except RuntimeError:  # mmengine's formatter asks for one when it is imported; containers set this one
        os.environ['HOME'] = os.sep
    if importlib.util.find_spec('mmcv') is None:
        raise ImportError("mmcv is not installed: pip install 'mmcv-lite==2.1.0', or full mmcv for compiled ops")
    if not REPLACED:
        REPLACED['mmcv_ext'] = _mmcv_ext()
        REPLACED['torchvision_ops'] = _torchvision_ops()
    return REPLACED


def _mmcv_ext() -> str:
    try:
        importlib.import_module('mmcv._ext')
        return 'real'
    except ImportError:
        stand_in = _StandIn('mmcv._ext')
        # pkgutil.find_loader, called by mmcv_full_available(), rejects a module whose __spec__ is None.
        stand_in.__spec__ = ModuleSpec('mmcv._ext', None)
        sys.modules['mmcv._ext'] = stand_in
        return 'stand-in'


def _torchvision_ops() -> str:
    """Declares torchvision's ops when its library was built for another torch (pytorch/vision#9077)."""
    if importlib.util.find_spec('torchvision') is None:
        return 'absent'
    import torch
    try:
        importlib.import_module('torchvision')
        return 'real'
    except RuntimeError:
        for name in [name for name in sys.modules if name.split('.')[0] == 'torchvision']:
            del sys.modules[name]
        library = torch.library.Library('torchvision', 'DEF')
        for op in ('nms', 'qnms'):
            library.define(f'{op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
        _KEEP_ALIVE.append(library)
        importlib.import_module('torchvision')
        return 'stand-in'
