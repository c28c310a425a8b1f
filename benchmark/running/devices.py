"""The device that is computed on: which one a name means, and leaving the others to whoever calls."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from benchmark.errors import UsageError
from zs_methods.wording import nearest

#: What `select_device` sets where a device has a name.
GPUS = 'CUDA_VISIBLE_DEVICES'
#: Modules whose warnings are about code that no user can mend.
UNHEARD = 'mmengine|mmcv|mmseg|PIL'


@contextmanager
def contained(unheard: str = UNHEARD) -> Iterator[None]:
    """Leaves to whoever calls from Python the GPUs and the filters of warnings that it had.

    Args:
        unheard (str): pattern of modules whose warnings are not shown inside the block.
    """
    before = os.environ.get(GPUS)
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', module=unheard)
        try:
            yield
        finally:
            os.environ.pop(GPUS, None)
            if before is not None:
                os.environ[GPUS] = before


def select_device(name: str) -> str:
    """Makes one device the only one, through CUDA_VISIBLE_DEVICES; call it before CUDA is used.

    Returns:
        str: ``cpu`` or ``cuda``.

    Raises:
        UsageError: there is no such device.
    """
    kind, index = _parsed(name)
    if kind == 'cpu':
        os.environ[GPUS] = ''
    elif index:
        inherited = os.environ.get(GPUS)
        os.environ[GPUS] = inherited.split(',')[int(index)] if inherited else index
    return kind


def device_name(name: str) -> str:
    """The same as PyTorch names it, for this process, whose GPUs all stay as they are: ``cpu``, ``cuda``, ``cuda:1``.

    Raises:
        UsageError: there is no such device.
    """
    kind, index = _parsed(name)
    return f'{kind}:{index}' if index else kind


def _parsed(name: str) -> tuple[str, str]:
    """Kind and number of a device that is there; no number for the first one."""
    kind, _, index = name.partition(':')
    if kind not in ('auto', 'cpu', 'cuda') or (index and (kind != 'cuda' or not index.isdecimal())):
        near = nearest(kind, ('auto', 'cpu', 'cuda'))
        raise UsageError(f'--device takes auto, cpu, cuda or cuda:N, got {name!r}: did you mean {near!r}?')
    if kind == 'cpu':
        return kind, ''
    import torch
    count = torch.cuda.device_count()
    if kind == 'auto':
        return ('cuda' if count else 'cpu'), ''
    if int(index or 0) >= count:
        raise UsageError(f'--device {name}: this machine shows {count} CUDA devices')
    return kind, index
