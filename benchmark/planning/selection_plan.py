"""From a parsed command line of ``select`` to a plan, and from its records to a `Selection`."""

from __future__ import annotations

import itertools
import math
import random
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmark.errors import UsageError
from benchmark.planning.options import check_writable, is_file, known, load_plugin, numbers
from benchmark.planning.plan import Cell
from benchmark.planning.request import expand, plan_tasks
from benchmark.records.files import Record
from benchmark.records.provenance import environment
from benchmark.records.selections import Candidate, Fold, Selection
from zs_methods.datasets.spec import available, load_spec
from zs_methods.registry import METHODS
from zs_methods.task import Task


def plan(args: Namespace) -> tuple[Task, dict[str, list[list[Cell]]]]:
    """Checks the whole request and expands it.

    Returns:
        tuple: the task whose seen classes are held out, and method -> one list of cells (fold by fold, seed by seed)
        for each point of the grid.

    Raises:
        UsageError: the first thing that is wrong with the request.
    """
    for plugin in args.plugin:
        load_plugin(plugin)
    seeds = numbers('--seeds', args.seeds)
    check_writable('--work-dir', args.work_dir)
    check_writable('--reports', args.reports)
    if args.ks is None and args.splits is None and (is_file(args.dataset) or args.dataset in available()):
        try:
            args.ks = str(max(load_spec(args.dataset).ks, default='')) or None
        except (KeyError, ValueError, OSError) as error:
            raise UsageError(' '.join(str(error.args[0] if isinstance(error, KeyError) else error).split())) from None
    tasks, protocol = plan_tasks(args)
    if len(tasks) > 1:
        raise UsageError(f'settings are chosen on one split, not on {", ".join(task.split for task in tasks)}')
    (task,) = tasks
    methods = {name: cls for name, cls in METHODS.module_dict.items() if cls.role != 'imported'}
    names = [name.strip() for name in args.methods.split(',') if name.strip()]
    if names == ['all']:
        names = sorted(name for name, cls in methods.items() if cls.role == 'method')
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(sorted(methods)))
    names = [known('method', name, methods) for name in dict.fromkeys(names)]
    background = task.spec.ids([task.spec.background] if task.spec.background else [])
    pool = [c for c in task.seen if c not in background]
    if args.held_out >= len(pool):
        raise UsageError(f'--held-out {args.held_out}: of the {len(pool)} seen classes of {task.dataset} {task.split} '
                         'some must stay seen')
    try:
        folds = draw_folds(pool, args.held_out, args.folds)
    except ValueError as error:
        raise UsageError(f'--folds {args.folds}: {error}') from None
    held_out = [task.held_out(ids, f'{task.split}-held-out-{"-".join(map(str, ids))}') for ids in folds]
    args.fixed, plans = args.cfg_options, {}
    for name in names:
        plans[name] = []
        for point in product(args.grid):
            args.cfg_options = {**args.fixed, **point}
            cells = expand(args, [name], held_out, protocol, seeds)
            if cells[0].skip:
                raise UsageError(f'method {name!r}: {cells[0].skip}')
            plans[name].append(cells)
    return task, plans


def summarise(args: Namespace, task: Task, name: str, groups: list[list[Cell]],
              finished: list[list[Record]], source: dict[str, Any]) -> Selection:
    """The scores of all points of the grid, and the choice."""
    first = groups[0][0]
    folds = list(dict.fromkeys(cell.task.unseen for cell in groups[0]))
    candidates = [
        Candidate(settings=point, scores=[_score(cell, record, folds) for cell, record in
                                          zip(cells, [*records, *[None] * len(cells)], strict=False)])
        for point, cells, records in zip(product(args.grid), groups, finished, strict=True)]
    selection = Selection(
        dataset=task.dataset, data=task.data, split=task.split, unseen=[task.spec.classes[c] for c in task.unseen],
        protocol=first.id.protocol, model=first.id.model, network=first.network, method=name,
        held_out=args.held_out, seeds=list(dict.fromkeys(cell.id.seed for cell in groups[0])),
        folds=[Fold(ids=list(ids), classes=[task.spec.classes[c] for c in ids]) for ids in folds],
        grid=args.grid, fixed=args.fixed, candidates=candidates, argv=source.get('argv', []),
        provenance={**environment(), **{key: value for key, value in source.items() if key != 'argv'}})
    selection.choose()
    return selection


def _score(cell: Cell, record: Record | None, folds: list[tuple[int, ...]]) -> dict[str, Any]:
    about = dict(fold=folds.index(cell.task.unseen), seed=cell.id.seed, key=cell.key)
    if record is None or record.metrics is None:
        return {**about, 'reason': (record.reason or record.status.value) if record else 'not run'}
    return {**about, 'seen': record.metrics.seen.miou, 'held_out': record.metrics.unseen.miou,
            'hiou': record.metrics.hiou, 'images': record.images}


def product(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All points of a grid, the last setting fastest; one empty point if there is no setting."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def draw_folds(candidates: Iterable[int], size: int, count: int) -> list[tuple[int, ...]]:
    """Draws distinct groups of classes; fold f is drawn with seed f, so that more folds leave the first ones alone.

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
    folds: list[tuple[int, ...]] = []
    for fold in range(count):
        stream = random.Random(fold)
        while (drawn := tuple(sorted(stream.sample(pool, size)))) in folds:
            pass
        folds.append(drawn)
    return folds
