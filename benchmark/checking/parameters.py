"""Check ``gradients``: what the optimisers of a stage moved, and where it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook

from benchmark.checking.same import leaves, read

NETWORK = 'model.pth'
CLASSIFIER = 'decode_head.conv_seg.'


class Movement:
    """While the block runs, remembers the value of every parameter before an optimiser's first step.

    Attributes:
        steps (int): optimiser steps.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._start: dict[int, tuple[Tensor, Tensor]] = {}
        self._pulled: set[int] = set()

    def __enter__(self) -> Movement:
        """Begins to watch all optimisers of this process."""
        self._hook = register_optimizer_step_pre_hook(self._before_step)
        return self

    def __exit__(self, *_: object) -> None:
        """Ends that."""
        self._hook.remove()

    def _before_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        self.steps += 1
        for group in optimizer.param_groups:
            for parameter in group['params']:
                if id(parameter) not in self._start:
                    self._start[id(parameter)] = parameter, parameter.detach().clone()
                if parameter.grad is not None and parameter.grad.any():
                    self._pulled.add(id(parameter))

    def findings(self, artifact: Path, inputs: Mapping[str, Path]) -> list[str]:
        """What is wrong with the movement, one line each.

        Args:
            artifact (Path): what the stage left.
            inputs (Mapping[str, Path]): artifacts of the stages before it.
        """
        left = _saved(artifact)
        before = {stage: _saved(folder) for stage, folder in inputs.items()}
        keeps_network, unmoved, idle, lost = (artifact / NETWORK).is_file(), [], [], []
        for number, (parameter, start) in self._start.items():
            end = parameter.detach()
            if _same(start, end):  # a step may also be too small for float32
                name = _name(end, left) or f'one of shape {tuple(end.shape)}'
                unmoved.append(name)
                idle += [name] if number not in self._pulled else []
            elif not keeps_network and (start != start.reshape(-1)[0]).any() and not _name(end, left):
                lost += [f'{name} of stage {stage!r}' for stage, saved in before.items()
                         if (name := _name(start, saved)) and name.startswith(('backbone.', 'decode_head.'))][:1]
        found = []
        if lost:
            found.append(f'it trains {_some(lost)} and does not leave them: what is evaluated has not changed so')
        if idle:
            found.append(f'parameters are in an optimiser and never get a gradient: {_some(idle)}')
        if unmoved and len(unmoved) == len(self._start):
            found.append(f'optimisers make {self.steps} steps and move no parameter')
        return found


def network_findings(final: Path, network: Path, classifier: bool) -> list[str]:
    """What differs between the evaluated model and the network it is said to be.

    Args:
        final (Path): artifact of stage ``evaluate``.
        network (Path): artifact of the stage whose network is evaluated.
        classifier (bool): whether another stage's classifier replaces that network's own.
    """
    first, second = (read(folder / NETWORK)['state_dict'] for folder in (network, final))
    if first.keys() != second.keys():
        return [f'the evaluated model has other parameters than its network, '
                f'such as {min(first.keys() ^ second.keys())}']
    changed = [name for name in first if not _same(first[name], second[name])]
    others = [name for name in changed if not (classifier and name.startswith(CLASSIFIER))]
    if others:
        return [f'only the classifier may differ from the network, but the evaluated model has other {_some(others)}']
    if classifier and not changed:
        return ['the evaluated model has the classifier of its network: that of its own was not trained, or not used']
    return []


def untrained(artifact: Path, inputs: Mapping[str, Path]) -> str:
    """The earlier stage whose network is, bit for bit, the one in an artifact; '' if there is none."""
    def state(folder: Path) -> dict[str, Tensor]:
        return read(folder / NETWORK)['state_dict'] if (folder / NETWORK).is_file() else {}

    own = state(artifact)
    return next((stage for stage, folder in inputs.items() if own and own.keys() == (other := state(folder)).keys()
                 and all(torch.equal(own[key], other[key]) for key in own)), '')


def _saved(folder: Path) -> dict[str, Tensor]:
    """All tensors in the files ``*.pth`` of an artifact, by their names there."""
    return {where.split('state_dict.')[-1]: leaf for file in sorted(folder.glob('*.pth'))
            for where, leaf in leaves(read(file)) if isinstance(leaf, Tensor)}


def _name(value: Tensor, saved: Mapping[str, Tensor]) -> str:
    """The name under which a value is saved; a linear layer and a 1x1 convolution are the same."""
    flat = value.cpu().reshape(-1)
    return next((name for name, other in saved.items() if other.dtype == flat.dtype
                 and other.shape[:1] == value.shape[:1] and _same(other.reshape(-1), flat)), '')


def _same(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors are equal; NaN equals NaN."""
    return torch.equal(first, second) or (first.shape == second.shape and first.is_floating_point() and torch.equal(
        first.nan_to_num(), second.nan_to_num()))


def _some(names: Sequence[str]) -> str:
    return ', '.join(names[:3]) + (f' and {len(names) - 3} more' if len(names) > 3 else '')
