"""From a request to a checked list of cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.errors import UsageError, check_writable, known
from benchmark.planning.methods import chosen_methods, load_plugins
from benchmark.planning.plan import Cell, Recipe
from benchmark.planning.request import Request, is_file
from benchmark.planning.run_options import RunOptions
from zs_methods.configs import NETWORK_KEY, Composed, ConfigError, check_device, compose_all, files_of, weights_file
from zs_methods.datasets.files import locate
from zs_methods.datasets.spec import DatasetSpec, available, load_spec
from zs_methods.engine import shared_memory
from zs_methods.engine.monitor import addressed
from zs_methods.methods import Method
from zs_methods.protocols import PROTOCOLS, Protocol
from zs_methods.task import Task, find_vectors
from zs_methods.vectors.class_vectors import load_class_vectors, split_files, vectors_name, vectors_sha256
from zs_methods.wording import one_line

#: Arguments of `zs_methods.configs.compose_all` -> the options that set them.
OPTIONS = {'model': '--model', 'weights': '--backbone-weights', 'processes': '--processes', 'options': '--cfg-options'}
#: Launchers whose jobs run on other machines, of which this one knows nothing.
ELSEWHERE = ('ray', 'slurm')


def plan_cells(request: Request, options: RunOptions) -> list[Cell]:
    """Checks the whole request and expands it, split by split and seed by seed; floor first, ceiling last.

    Args:
        request (Request): what is asked for.
        options (RunOptions): how it will be run, which not every machine can.

    Raises:
        UsageError: the first thing that is wrong with the request.
    """
    load_plugins(request.plugins)
    methods = chosen_methods(request.methods)
    tasks, protocol = plan_tasks(request)
    return expand(request, options, methods, tasks, protocol)


def plan_tasks(request: Request) -> tuple[list[Task], Protocol]:
    """The requested splits of the requested data set, and the card they are under."""
    if not is_file(request.dataset):
        known('dataset', request.dataset, available())
    protocol = PROTOCOLS[known('protocol', request.protocol, PROTOCOLS)]
    try:
        spec = load_spec(request.dataset)
        if request.train_list:
            if not spec.training_lists:
                raise UsageError(f'--train-list: {spec.name} has one list of training images only')
            protocol = protocol.with_list(known('training list', request.train_list, spec.training_lists))
        if spec.embedded and not locate(spec, request.root).is_dir():
            check_writable('--data-root', request.root)
        files: dict[str, str | Path] = {} if request.vectors is None else {'vectors': request.vectors}
        if file := weights_file(request.backbone_weights):
            files['backbone'] = file
        tasks = [Task.create(request.dataset, split, request.root, protocol, files)
                 for split in _splits(request, spec)]
        _check_vectors(tasks[0], request)
    except ConfigError as error:
        raise _usage(error) from None
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(one_line(error)) from None
    return tasks, protocol


def expand(request: Request, options: RunOptions, methods: Sequence[str], tasks: Sequence[Task],
           protocol: Protocol) -> list[Cell]:
    """All cells of checked tasks.

    Raises:
        UsageError: a wrong option, or a recipe that cannot be built.
    """
    cells, composed = [], {}
    for task in tasks:
        recipes = []
        try:
            files = files_of(methods, task, request.model)
            if files not in composed:
                composed[files] = _compose(request, options, methods, task)
        except ConfigError as error:
            raise _usage(error) from error
        for name in methods:
            try:
                recipes.append(_recipe(composed[files][name], task, protocol, request))
            except Exception as error:  # a plugin's recipe may raise anything
                raise UsageError(f'method {name!r}: {type(error).__name__}: {one_line(error)}') from error
        cells += [recipe.cell(seed) for seed in request.seeds for recipe in recipes]
    return cells


def _compose(request: Request, options: RunOptions, methods: Sequence[str], task: Task) -> dict[str, Composed]:
    """The settings of all methods on a task, which this machine can train."""
    composed = compose_all(methods, task, request.model, request.backbone_weights, request.pretraining,
                           request.processes, request.options)
    config = composed[methods[0]].config
    check_device(config, options.device)
    if options.launcher not in ELSEWHERE and (lack := shared_memory.lack(
            config.get('train_dataloader', {}), config.get('train_pipeline', ()))):
        raise UsageError(f'{lack} in --cfg-options')
    return composed


def _recipe(composed: Composed, task: Task, protocol: Protocol, request: Request) -> Recipe:
    """A method on a task; an option is part of its variant only if the recipe is another one without it."""
    method = composed.build(task, protocol)
    stages = _settings(method)
    variant = {key: value for key, value in composed.applied.items() if not key.startswith(NETWORK_KEY) and
               _settings(composed.without(key).build(task, protocol)) != stages}
    other = task.vectors != str(find_vectors(request.dataset, request.root))
    if other and method.vectors()['sha256'] in repr(stages):
        variant['vectors'] = f'{vectors_name(task.vectors)} {vectors_sha256(task.vectors)[:8]}'
    return Recipe(method, composed.name, task, variant)


def _settings(method: Method) -> list[tuple[str, dict[str, Any]]]:
    """A recipe's stages by name and what their addresses take of their settings."""
    return [(spec.name, addressed(spec.config)) for spec in method.stages()]


def _splits(request: Request, spec: DatasetSpec) -> list[int | str]:
    """The requested splits: all numbers K of a data set by default, or its named splits if it has no K."""
    if request.ks is None and request.splits is None:
        return [*(spec.ks or spec.named_splits)]
    asked: list[tuple[str, int | str]] = [*(('--ks', k) for k in request.ks or ()),
                                          *(('--splits', name) for name in request.splits or ())]
    for option, split in asked:
        try:
            spec.unseen(split)
        except KeyError as error:
            raise UsageError(f'{option}: {error.args[0]}') from None
    return [split for _, split in asked]


def _check_vectors(task: Task, request: Request) -> None:
    """Makes sure that every class has a vector."""
    named = {str(find_vectors(request.dataset, request.root, name)) for name in task.spec.vectors}
    for file in map(Path, split_files(task.vectors)):
        if not file.is_file() and str(file) in named:
            from zs_methods.datasets.acquisition.embeddings import way_to
            raise UsageError(f'no word vectors at {file}; python -m benchmark prepare embeddings {way_to(file)}, or '
                             '--vectors FILE')
    load_class_vectors(task.spec.classes, task.vectors, task.spec.aliases)


def _usage(error: ConfigError) -> UsageError:
    """The error in the words of the command line."""
    return UsageError(f'{OPTIONS[error.argument]} {error.problem}' if error.argument else str(error))
