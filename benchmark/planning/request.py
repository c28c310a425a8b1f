"""Turns a parsed command line into a checked list of cells."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

import zs_methods.methods  # noqa: F401  registers the methods
from benchmark.errors import UsageError
from benchmark.launchers.base import launcher_names
from benchmark.planning.options import (
    check_writable,
    is_file,
    known,
    load_plugin,
    numbers,
)
from benchmark.planning.plan import Cell, Recipe
from benchmark.records.files import READABLE, foreign_records
from zs_methods.configs import (
    NETWORK_KEY,
    Composed,
    ConfigError,
    check_device,
    compose_all,
    weights_file,
)
from zs_methods.datasets import ready
from zs_methods.datasets.coverage import survey
from zs_methods.datasets.files import locate
from zs_methods.datasets.names import visible
from zs_methods.datasets.spec import DatasetSpec, available, load_spec
from zs_methods.engine import shared_memory
from zs_methods.methods import ROLES
from zs_methods.protocols import PROTOCOLS, Protocol, stronger_access
from zs_methods.registry import METHODS
from zs_methods.task import Task, find_vectors
from zs_methods.vectors.class_vectors import load_class_vectors, split_files, vectors_name, vectors_sha256

#: Launchers whose jobs run on other machines, of which this one knows nothing.
ELSEWHERE = ('ray', 'slurm')
#: Arguments of `compose_all` -> options of the command line.
_OPTIONS = {'model': '--model', 'weights': '--backbone-weights', 'processes': '--processes', 'options': '--cfg-options'}


def list_methods(args: Namespace) -> list[str]:
    """One line per registered method: name, role, setting, what it reads of unseen labels, summary."""
    for plugin in args.plugin:
        load_plugin(plugin)
    protocol = PROTOCOLS[known('protocol', args.protocol, PROTOCOLS)]
    rows = [(name, method.role, method.setting, stronger_access(method.reads_unseen_gt, protocol.handling))
            for name, method in sorted(METHODS.module_dict.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ['  '.join([*map(str.ljust, row, widths), METHODS.get(row[0]).summary]) for row in rows]


def plan_cells(args: Namespace) -> list[Cell]:
    """Checks the whole request and expands it, split by split and seed by seed; floor first, ceiling last.

    Raises:
        UsageError: the first thing that is wrong with the request.
    """
    for plugin in args.plugin:
        load_plugin(plugin)
    methods, seeds = _methods(args.methods), numbers('--seeds', args.seeds)
    check_writable('--work-dir', args.work_dir)
    check_writable('--reports', args.reports)
    if foreign := foreign_records(args.reports / 'records'):
        raise UsageError(f'--reports {args.reports}: {len(foreign)} files are no records of schema {READABLE[0]} to '
                         f'{READABLE[-1]}, such as {foreign[0].name}; move them away, or choose another folder')
    tasks, protocol = plan_tasks(args)
    return expand(args, methods, tasks, protocol, seeds)


def plan_tasks(args: Namespace) -> tuple[list[Task], Protocol]:
    """The requested splits of the requested data set, and the card they are under."""
    if not is_file(args.dataset):
        known('dataset', args.dataset, available())
    if args.processes < 1:
        raise UsageError(f'--processes takes a number from 1, got {args.processes}')
    known('launcher', args.launcher, launcher_names())
    protocol = PROTOCOLS[known('protocol', args.protocol, PROTOCOLS)]
    try:
        spec = load_spec(args.dataset)
        if args.train_list:
            if not spec.training_lists:
                raise UsageError(f'--train-list: {spec.name} has one list of training images only')
            protocol = protocol.with_list(known('training list', args.train_list, spec.training_lists))
        if spec.embedded and not locate(spec, args.data_root).is_dir():
            check_writable('--data-root', args.data_root)
        files = {} if args.vectors is None else {'vectors': args.vectors}
        if file := weights_file(args.backbone_weights):
            files['backbone'] = file
        tasks = [Task.create(args.dataset, split, args.data_root, protocol, files) for split in _splits(args, spec)]
        _check_vectors(tasks[0], args)
    except ConfigError as error:
        raise _usage(error) from None
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(' '.join(str(error.args[0] if isinstance(error, KeyError) else error).split())) from None
    return tasks, protocol


def _splits(args: Namespace, spec: DatasetSpec) -> list[int | str]:
    """The requested splits: all numbers K of a data set by default, or its named splits if it has no K."""
    if args.ks is None and args.splits is None:
        return spec.ks or spec.named_splits
    ks = numbers('--ks', args.ks) if args.ks is not None else []
    names = [name.strip() for name in (args.splits or '').split(',') if name.strip()]
    for option, split in [*(('--ks', k) for k in ks), *(('--splits', name) for name in names)]:
        try:
            spec.unseen(split)
        except KeyError as error:
            raise UsageError(f'{option}: {error.args[0]}') from None
    if not ks and not names:
        raise UsageError('--splits takes names separated by commas')
    return [*ks, *dict.fromkeys(names)]


def _check_vectors(task: Task, args: Namespace) -> None:
    """Makes sure that every class has a vector."""
    named = {str(find_vectors(args.dataset, args.data_root, name)) for name in task.spec.vectors}
    for file in map(Path, split_files(task.vectors)):
        if not file.is_file() and str(file) in named:
            raise UsageError(f'no word vectors at {file}; python benchmark/prepare.py embeddings {file.stem}, or '
                             '--vectors FILE')
    load_class_vectors(task.spec.classes, task.vectors, task.spec.aliases)


def expand(args: Namespace, methods: list[str], tasks: list[Task], protocol: Protocol, seeds: list[int]) -> list[Cell]:
    """All cells of checked tasks.

    Raises:
        UsageError: a wrong option, or a recipe that cannot be built.
    """
    composed = _composed(methods, tasks[0], args)
    cells = []
    for task in tasks:
        recipes = []
        for name in methods:
            try:
                recipes.append(_recipe(composed[name], task, protocol, args))
            except Exception as error:  # a plugin's recipe may raise anything
                text = ' '.join(str(error).split())
                raise UsageError(f'method {name!r}: {type(error).__name__}: {text}') from error
        cells += [recipe.cell(seed) for seed in seeds for recipe in recipes]
    return cells


def _recipe(composed: Composed, task: Task, protocol: Protocol, args: Namespace) -> Recipe:
    """A method on a task; an option is part of its variant only if the recipe is another one without it."""
    chosen = composed.build(task, protocol)
    variant = {key: value for key, value in composed.applied.items() if not key.startswith(NETWORK_KEY) and
               composed.without(key).build(task, protocol).stages() != chosen.stages()}
    other = task.vectors != str(find_vectors(args.dataset, args.data_root))
    if other and chosen.vectors()['sha256'] in repr(chosen.stages()):
        variant['vectors'] = f'{vectors_name(task.vectors)} {vectors_sha256(task.vectors)[:8]}'
    return Recipe(chosen, composed.name, task, variant)


def prepare_data(args: Namespace, task: Task, console: Console,
                 splits: Mapping[str, Sequence[int]] | None = None) -> dict[str, Any]:
    """Makes sure the data set is there and sound, and says which classes it holds, before anything is trained.

    Args:
        args (Namespace): the request.
        task (Task): one of its tasks.
        console (Console): hears of images, classes and what takes no part.
        splits (Mapping, optional): name -> ids of unseen classes of all requested splits; the task's by default.

    Returns:
        dict: provenance of data set and vectors, and the command line.

    Raises:
        UsageError: a file is damaged, or a mask wrong; one line that names it.
    """
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f'preparing {task.dataset}', total=None)
        try:
            sha256 = ready.ensure(task.spec, Path(task.data_root),
                                  lambda done, total: progress.update(bar, completed=done, total=total))
            coverage = survey(task.spec, Path(task.data_root), task.training_list, task.ignored)
        except (FileExistsError, ValueError) as error:
            raise UsageError(str(error)) from None
    splits = splits or {task.split: task.unseen}
    for line in [*coverage.lines(splits), *(f'warning: {line}' for line in coverage.warnings(splits))]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    spec = task.spec
    return {'data': {'name': task.data, 'sha256': sha256, 'title': spec.title, 'note': spec.note,
                     'counts': ready.counts(spec, Path(task.data_root), task.training_list)},
            'vectors': vectors_card(task.vectors), 'argv': [Path(sys.argv[0]).name, *map(visible, sys.argv[1:])]}


def vectors_card(files: str) -> dict[str, str]:
    """Names and hash of one or several files of word vectors, for records; nothing if one is not there."""
    if not all(Path(file).is_file() for file in split_files(files)):
        return {}
    return {'file': vectors_name(files), 'sha256': vectors_sha256(files)}


def _methods(text: str) -> list[str]:
    """Requested methods between floor and ceiling, which join every run; imported ones have a command of their own."""
    registered = METHODS.module_dict
    roles = {role: sorted(name for name, method in registered.items() if method.role == role) for role in ROLES}
    for name in set(registered).difference(*roles.values()):
        raise UsageError(f'method {name!r}: role must be one of {", ".join(ROLES)}, got {registered[name].role!r}')
    names = [name.strip() for name in text.split(',') if name.strip()]
    selectable = set(registered).difference(roles['imported'])
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(sorted(selectable)))
    if names == ['all']:
        names = roles['method']
    names = [known('method', name, selectable) for name in names]
    chosen = [name for name in dict.fromkeys(names) if name in roles['method']]
    return [*roles['floor'], *chosen, *roles['ceiling']]


def _composed(methods: list[str], task: Task, args: Namespace) -> dict[str, Composed]:
    """Every method's settings, checked."""
    try:
        found = compose_all(methods, task, args.model, args.backbone_weights, args.pretraining, args.processes,
                            args.cfg_options)
        for first in methods[:1]:
            config = found[first].config
            check_device(config, args.device)
            if args.launcher not in ELSEWHERE and (lack := shared_memory.lack(
                    config.get('train_dataloader', {}), config.get('train_pipeline', ()))):
                raise UsageError(f'{lack} in --cfg-options')
    except ConfigError as error:
        raise _usage(error) from error
    return found


def _usage(error: ConfigError) -> UsageError:
    """The same, with the option in the place of the argument."""
    return UsageError(f'{_OPTIONS[error.argument]} {error.problem}' if error.argument else str(error))
