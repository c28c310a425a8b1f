"""What the ecosystem needs before it can be imported: stand-ins for compiled libraries that are never called, a home.

`install` is called by ``import zs_methods`` and imports nothing: a finder waits until mmcv or torchvision is imported
by anybody, and puts a stand-in in the place of what cannot be imported then. `found` says what that was (records carry
it), and every stand-in raises a clear error when it is really called, so no result can silently depend on one.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from importlib.abc import Loader  # which takes as long to import as all the rest

#: What has been imported so far: library -> 'real', 'stand-in' or 'absent'; see `found`.
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


def install() -> None:
    """Makes ``mmseg.models`` and torchvision importable from now on; safe to call twice.

    Once mmseg is imported, it raises an ImportError that says what to install if there is no mmcv at all.
    """
    ensure_home()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if 'mmcv' in sys.modules and 'mmcv_ext' not in REPLACED:
        _find_mmcv_ext()
    if 'torchvision' in sys.modules:
        REPLACED.setdefault('torchvision_ops', 'real')


def ensure_home() -> None:
    """Makes the root folder the user's home, as containers do, where neither ``HOME`` nor the system knows one.

    mmengine's formatter asks for a home when it is imported.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ['HOME'] = os.sep


def found() -> dict[str, str]:
    """What is real and what is not, of all that `install` takes care of; imports what was not imported yet.

    Returns:
        dict[str, str]: library -> ``real``, ``stand-in`` or ``absent``.
    """
    for name in ('mmseg', 'mmcv'):
        importlib.import_module(name)
    if importlib.util.find_spec('torchvision') is None:
        REPLACED['torchvision_ops'] = 'absent'
    else:
        importlib.import_module('torchvision')
    return dict(sorted(REPLACED.items()))


class _Finder:
    """Hands out what the other finders find, with something to do when it is executed."""

    def find_spec(self, name: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        """Of the modules in `_EXECUTE` only."""
        if name not in _EXECUTE:
            return None
        others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, others), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Once(spec.loader, _EXECUTE[name])
        return spec


class _Once:
    """A loader that steps aside once it has executed its module with the help of a function."""

    def __init__(self, loader: Loader, execute: Callable[[Loader, ModuleType], None]) -> None:
        self._loader, self._execute = loader, execute

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the real loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Executes the module under its real loader."""
        module.__loader__ = module.__spec__.loader = self._loader
        self._execute(self._loader, module)


def _mmseg(loader: Loader, module: ModuleType) -> None:
    if importlib.util.find_spec('mmcv') is None:
        raise ImportError("mmcv is not installed: pip install 'mmcv-lite==2.1.0', or full mmcv for compiled ops")
    loader.exec_module(module)


def _mmcv(loader: Loader, module: ModuleType) -> None:
    loader.exec_module(module)
    _find_mmcv_ext()


def _find_mmcv_ext() -> None:
    try:
        importlib.import_module('mmcv._ext')
        REPLACED['mmcv_ext'] = 'real'
    except ImportError:
        stand_in = _StandIn('mmcv._ext')
        # pkgutil.find_loader, called by mmcv_full_available(), rejects a module whose __spec__ is None.
        stand_in.__spec__ = ModuleSpec('mmcv._ext', None)
        sys.modules['mmcv._ext'] = stand_in
        REPLACED['mmcv_ext'] = 'stand-in'


def _torchvision(loader: Loader, module: ModuleType) -> None:
    """Declares torchvision's ops when its library was built for another torch (pytorch/vision#9077)."""
    before = dict(vars(module))
    try:
        loader.exec_module(module)
        REPLACED['torchvision_ops'] = 'real'
    except RuntimeError:
        import torch
        for name in [name for name in sys.modules if name.startswith('torchvision.')]:
            del sys.modules[name]
        vars(module).clear()
        vars(module).update(before)
        library = torch.library.Library('torchvision', 'DEF')
        for op in ('nms', 'qnms'):
            library.define(f'{op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')
        _KEEP_ALIVE.append(library)
        loader.exec_module(module)
        REPLACED['torchvision_ops'] = 'stand-in'


#: What executes a module, with its real loader.
_EXECUTE = {'mmseg': _mmseg, 'mmcv': _mmcv, 'torchvision': _torchvision}
