"""What a checkpoint holds besides weights, as tensors and plain values."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zs_methods.datasets import audit


def plain(value: Any, where: str = '') -> Any:
    """A copy of nested dicts and lists that ``torch.load(weights_only=True)`` reads; tensors are those on the CPU.

    Functions in dicts are left out: they belong to the code, as the curve of mmengine's OneCycleLR does.

    Raises:
        TypeError: a value is neither a tensor nor plain data.
    """
    if isinstance(value, np.generic):  # before float, which np.float64 is
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, list | tuple):
        kind = tuple if isinstance(value, tuple) else list
        return kind(plain(item, f'{where}[{at}]') for at, item in enumerate(value))
    if isinstance(value, Mapping):
        copied = OrderedDict((key, plain(item, f'{where}.{key}')) for key, item in value.items() if not callable(item))
        if hasattr(value, '_metadata'):  # by which modules tell older state dicts
            copied._metadata = plain(value._metadata)
        return copied
    raise TypeError(f'a checkpoint keeps tensors and plain data, so not {where.lstrip(".")}, a {type(value).__name__}')


def put(target: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
    """Gives tensors, lists and dicts their saved content; they stay the objects they are."""
    for name, value in target.items():
        if isinstance(value, Tensor):
            value.copy_(saved[name])
        elif isinstance(value, list):
            value[:] = saved[name]
        elif isinstance(value, dict):
            value.clear()
            value.update(saved[name])
        else:
            raise TypeError(f'{name} cannot be restored in place: a {type(value).__name__} is no tensor, list or dict')


def random_states(device: torch.device) -> dict[str, Any]:
    """The global random states of torch, of the device, of numpy and of Python."""
    kind, keys, *rest = np.random.get_state()
    states = {'torch': torch.get_rng_state(), 'python': random.getstate(),
              'numpy': [kind, torch.from_numpy(keys.astype(np.int64)), *rest]}
    return states if device.type != 'cuda' else {**states, 'cuda': torch.cuda.get_rng_state(device)}


def restore_random_states(states: Mapping[str, Any], device: torch.device) -> None:
    """Sets what `random_states` returned."""
    kind, keys, *rest = states['numpy']
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    random.setstate(states['python'])
    torch.set_rng_state(states['torch'])
    if device.type == 'cuda':
        torch.cuda.set_rng_state(states['cuda'], device)


def label_access() -> dict[str, list[list[int]]]:
    """The labels counted since the innermost `audit.collect` began: by subset, one row for each of its data sets."""
    ledgers = audit._open[-1] if audit._open else {}
    return {subset: [ledger.counts().tolist() for ledger in group] for subset, group in ledgers.items()}


def restore_label_access(counts: Mapping[str, list[list[int]]]) -> None:
    """Sets what `label_access` returned: what the interrupted run read counts, what was read again does not twice."""
    for subset, group in (audit._open[-1] if audit._open else {}).items():
        for ledger, row in zip(group, counts.get(subset, []), strict=False):
            ledger._table.zero_()
            ledger._table[0] = torch.tensor(row, dtype=torch.int64)
