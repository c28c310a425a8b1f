"""From a request for a selection to a plan, and from its records to a `Selection`."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.errors import UsageError, known
from benchmark.planning.cells import expand, plan_tasks
from benchmark.planning.methods import load_plugins
from benchmark.planning.plan import Cell
from benchmark.planning.request import Request, is_file
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import RecordHead, load_record
from benchmark.records.provenance import environment
from benchmark.records.selections import Candidate, Fold, Selection
from zs_methods.datasets.spec import available, load_spec
from zs_methods.registry import METHODS
from zs_methods.task import Task
from zs_methods.wording import one_line


@dataclass(frozen=True)
class SelectionRequest:
    """What settings are chosen among, and on which held-out classes.

    Attributes:
        request (Request): methods, one split, seeds, card, network; its options are the same for all points.
        grid (Mapping): dotted key of a setting -> the values to try.
        held_out (Sequence[int]): numbers of classes to hold out, each a K of its own.
        folds (int): draws of held-out classes for each of these numbers.
        share (float): share of the images that a fold scores and never trains on, see `Task.held_out`.
    """

    request: Request
    grid: Mapping[str, Sequence[Any]]
    held_out: Sequence[int] = (2, 4)
    folds: int = 4
    share: float = 0.25


def plan(selection: SelectionRequest, options: RunOptions) -> tuple[Task, dict[str, list[list[Cell]]]]:
    """Checks the whole request and expands it.

    Returns:
        tuple: the task whose seen classes are held out, and method -> one list of cells (fold by fold, seed by seed)
        for each point of the grid.

    Raises:
        UsageError: the first thing that is wrong with the request.
    """
    request = selection.request
    load_plugins(request.plugins)
    if request.ks is None and request.splits is None and (is_file(request.dataset) or request.dataset in available()):
        try:
            largest = max(load_spec(request.dataset).ks, default=None)
        except (KeyError, ValueError, OSError) as error:
            raise UsageError(one_line(error)) from None
        request = replace(request, ks=None if largest is None else (largest,))
    tasks, protocol = plan_tasks(request)
    if len(tasks) > 1:
        raise UsageError(f'settings are chosen on one split, not on {", ".join(task.split for task in tasks)}')
    (task,) = tasks
    methods = {name: cls for name, cls in METHODS.module_dict.items() if cls.role != 'imported'}
    names = request.methods
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(sorted(methods)))
    if names == ('all',):
        names = sorted(name for name, cls in methods.items() if cls.role == 'method')
    names = [known('method', name, methods) for name in names]
    background = task.spec.ids([task.spec.background] if task.spec.background else [])
    pool = [c for c in task.seen if c not in background]
    if (most := max(selection.held_out)) >= len(pool):
        raise UsageError(f'--held-out {most}: of the {len(pool)} seen classes of {task.dataset} {task.split} some must '
                         'stay seen')
    try:
        folds = [fold for size in selection.held_out for fold in draw_folds(pool, size, selection.folds)]
    except ValueError as error:
        raise UsageError(f'--folds {selection.folds}: {error}') from None
    share = selection.share
    held_out = [task.held_out(ids, f'{task.split}-held-out-{"-".join(map(str, ids))}-scored-{share}', share)
                for ids in folds]
    plans = {}
    for name in names:
        plans[name] = []
        for point in product(selection.grid):
            cells = expand(replace(request, options={**request.options, **point}), options, [name], held_out, protocol)
            if cells[0].skip:
                raise UsageError(f'method {name!r}: {cells[0].skip}')
            plans[name].append(cells)
    return task, plans


def summarise(asked: SelectionRequest, task: Task, name: str, groups: list[list[Cell]],
              finished: list[list[RecordHead]], folder: Path, source: dict[str, Any]) -> Selection:
    """The scores of all points of the grid, and the choice; `folder` is that of the records."""
    first = groups[0][0]
    folds = list(dict.fromkeys(cell.task.unseen for cell in groups[0]))
    scored = {cell.task.unseen: folder / cell.file_name for cells, records in zip(groups, finished, strict=True)
              for cell, record in zip(cells, records, strict=False) if record.metrics}
    absent = {fold: load_record(path).absent_classes for fold, path in scored.items()}
    candidates = [
        Candidate(settings=point, scores=[_score(cell, record, folds) for cell, record in
                                          zip(cells, [*records, *[None] * len(cells)], strict=False)])
        for point, cells, records in zip(product(asked.grid), groups, finished, strict=True)]
    selection = Selection(
        dataset=task.dataset, data=task.data, split=task.split, unseen=[task.spec.classes[c] for c in task.unseen],
        protocol=first.id.protocol, model=first.id.model, network=first.network, method=name,
        held_out=list(asked.held_out), share=asked.share,
        seeds=list(dict.fromkeys(cell.id.seed for cell in groups[0])),
        folds=[Fold(ids=list(ids), classes=(names := [task.spec.classes[c] for c in ids]),
                    absent=[name for name in names if name in absent.get(ids, ())]) for ids in folds],
        grid=asked.grid, fixed=asked.request.options, candidates=candidates, argv=source.get('argv', []),
        provenance={**environment(), **{key: value for key, value in source.items() if key != 'argv'}})
    selection.choose()
    return selection


def _score(cell: Cell, record: RecordHead | None, folds: list[tuple[int, ...]]) -> dict[str, Any]:
    about = dict(fold=folds.index(cell.task.unseen), seed=cell.id.seed, key=cell.key)
    if record is None or record.metrics is None:
        return {**about, 'reason': (record.reason or record.status.value) if record else 'not run'}
    return {**about, 'seen': record.metrics.seen.miou, 'held_out': record.metrics.unseen.miou,
            'hiou': record.metrics.hiou, 'images': record.images}


def product(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All points of a grid, the last setting fastest; one empty point if there is no setting."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def draw_folds(candidates: Iterable[int], size: int, count: int) -> list[tuple[int, ...]]:
    """Deals out distinct groups of classes, so that every class is held out about equally often.

    The classes are shuffled and dealt, and shuffled again when they run out. More groups, or other sizes, leave the
    first ones alone.

    Args:
        candidates: ids of the classes that may be held out.
        size: classes in a group.
        count: number of groups.

    Returns:
        list: groups of ids, ascending.

    Raises:
        ValueError: there are not so many groups.
    """
    pool = sorted(candidates)
    if math.comb(len(pool), size) < count:
        raise ValueError(f'{len(pool)} classes have fewer than {count} groups of {size}')
    stream = random.Random(size)
    folds: list[tuple[int, ...]] = []
    left: list[int] = []
    while len(folds) < count:
        dealt, left = left[:size], left[size:]
        if missing := size - len(dealt):
            others = [c for c in stream.sample(pool, len(pool)) if c not in dealt]
            left = [*others[missing:], *dealt]
            dealt += others[:missing]
        if (fold := tuple(sorted(dealt))) not in folds:
            folds.append(fold)
    return folds
