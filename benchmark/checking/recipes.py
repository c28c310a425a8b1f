"""Check ``builds``: config, attributes and recipe of a method."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmark.checking.data import DATASET
from benchmark.checking.forked import one_line
from benchmark.checking.shrink import shrink
from benchmark.planning.plan import Cell, plan_cell
from zs_methods.configs import compose
from zs_methods.engine.stage import StageSpec
from zs_methods.methods import ROLES, Method
from zs_methods.protocols import ACCESS, PROTOCOLS
from zs_methods.task import Task

PROTOCOL = PROTOCOLS['zs3-clean']
NETWORK = 'tiny'
SETTINGS = ('inductive', 'transductive')


class CheckError(Exception):
    """What is wrong with a method, in one line."""


def build(name: str, root: Path, k: int, seed: int) -> Cell:
    """Plans one cell of a method with a shrunken recipe, see `shrink`.

    Args:
        name (str): of the method.
        root (Path): data root.
        k (int): number of unseen classes.
        seed (int): of the cell.

    Raises:
        CheckError: the first thing that is wrong.
    """
    try:
        task = Task.create(DATASET, k, root, PROTOCOL)
        method = compose(name, task, NETWORK, weights='none').build(task, PROTOCOL)
        _check_attributes(method)
        specs, again = method.stages(), method.stages()
        _check_recipe(specs, again)
        small = [StageSpec(spec.name, shrink(spec.config)) for spec in specs]
        method.stages = lambda: small
        return plan_cell(method, name, task, seed, {})
    except CheckError:
        raise
    except Exception as error:  # a config and a recipe are code
        raise CheckError(one_line(error)) from error


def _check_attributes(method: Method) -> None:
    summary = getattr(method, 'summary', None)
    if not isinstance(summary, str) or not summary.strip() or '\n' in summary:
        raise CheckError(f'summary must be one line of text, got {summary!r}')
    for attribute, known in (('role', ROLES), ('setting', SETTINGS), ('reads_unseen_gt', ACCESS)):
        if getattr(method, attribute) not in known:
            raise CheckError(f'{attribute} must be one of {", ".join(known)}, got {getattr(method, attribute)!r}')
    for attribute in ('source', 'note'):
        if not isinstance(getattr(method, attribute), str):
            raise CheckError(f'{attribute} must be text, got {getattr(method, attribute)!r}')
    if isinstance(method.deviations, str) or not all(isinstance(line, str) for line in method.deviations):
        raise CheckError('deviations must be a tuple of lines')


def _check_recipe(specs: Sequence[StageSpec], again: Sequence[StageSpec]) -> None:
    if not isinstance(specs, list) or not all(isinstance(spec, StageSpec) for spec in specs):
        raise CheckError(f'stages() must return a list of StageSpec, got {specs!r:.120}')
    for spec in specs:
        try:
            json.dumps(spec.config, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise CheckError(f'stage {spec.name!r}: settings must be plain data: {error}') from None
    if specs != again:
        raise CheckError('stages() returns another recipe when it is asked twice')

