"""Turns a parsed command line into a checked list of cells."""

from __future__ import annotations

import copy
import inspect
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from mmengine.config import Config
from rich.console import Console
from rich.progress import Progress

import zs_methods.methods  # noqa: F401  registers the methods
from benchmark.errors import UsageError
from benchmark.options import check_value, check_writable, has_key, known, load_config, load_plugin, numbers
from benchmark.plan import Cell, plan_cell
from zs_methods.datasets import prepare
from zs_methods.datasets.spec import available, load_spec
from zs_methods.methods import Method
from zs_methods.protocols import PROTOCOLS, Protocol, stronger_access
from zs_methods.registry import METHODS
from zs_methods.task import Task
from zs_methods.word_vectors import MissingWordError, file_sha256, load_class_vectors


def list_methods(args: Namespace) -> list[str]:
    """One line per registered method: name, role, setting, what it reads of unseen labels, summary."""
    for plugin in args.plugin:
        load_plugin(plugin)
    protocol = PROTOCOLS[known('protocol', args.protocol, PROTOCOLS)]
    return [
        f'{name:<12} {method.role:<8} {method.setting:<13} '
        f'{stronger_access(method.reads_unseen_gt, protocol.label_access):<13} {method.summary}'
        for name, method in sorted(METHODS.module_dict.items())
    ]


def plan_cells(args: Namespace) -> list[Cell]:
    """Checks the whole request and expands it, K by K and seed by seed; floor first, ceiling last.

    Raises:
        UsageError: the first thing that is wrong with the request.
    """
    for plugin in args.plugin:
        load_plugin(plugin)
    dataset = known('dataset', args.dataset, available())
    protocol = PROTOCOLS[known('protocol', args.protocol, PROTOCOLS)]
    methods = _methods(args.methods)
    ks, seeds = numbers('--ks', args.ks), numbers('--seeds', args.seeds)
    spec = load_spec(dataset)
    for k in ks:
        if k not in spec.splits:
            raise UsageError(f'--ks: {dataset} offers no split with K={k}; offered: '
                             f'{", ".join(map(str, spec.splits))}')
    check_writable('--work-dir', args.work_dir)
    check_writable('--reports', args.reports)
    if spec.embedded and not (args.data_root / dataset).is_dir():
        check_writable('--data-root', args.data_root)
    tasks = [Task.create(dataset, k, (args.data_root / dataset).absolute()) for k in ks]
    try:
        load_class_vectors(spec.classes, Path(tasks[0].vectors), spec.aliases)
    except (MissingWordError, OSError, ValueError) as error:
        raise UsageError(error.args[0] if isinstance(error, KeyError) else str(error)) from None
    configs = _configs(methods, dataset, args.cfg_options)
    cells = []
    for task in tasks:
        for seed in seeds:
            for name in methods:
                config, applied = configs[name]
                try:
                    cells.append(_cell(name, config, applied, task, protocol, seed))
                except Exception as error:  # a plugin's recipe may raise anything
                    text = ' '.join(str(error).split())
                    raise UsageError(f'method {name!r}: {type(error).__name__}: {text}') from error
    return cells


def _cell(name: str, config: Config, applied: dict[str, Any], task: Task, protocol: Protocol, seed: int) -> Cell:
    """One cell; an option is part of its variant only if the recipe is another one without it."""
    def method(options: dict[str, Any]) -> Method:
        changed = copy.deepcopy(config)
        changed.merge_from_dict(options)
        return METHODS.get(name)(changed, task, protocol)

    chosen = method(applied)
    variant = {key: value for key, value in applied.items()
               if method({k: v for k, v in applied.items() if k != key}).stages() != chosen.stages()}
    return plan_cell(chosen, name, task, seed, variant)


def prepare_data(args: Namespace, task: Task, console: Console) -> dict[str, Any]:
    """Makes sure the data set is there; returns its and the vectors' provenance, and the command line."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f'preparing {task.dataset}', total=None)
        try:
            sha256 = prepare.ensure(task.spec, Path(task.data_root),
                                    lambda done, total: progress.update(bar, completed=done, total=total))
        except (FileExistsError, FileNotFoundError) as error:
            raise UsageError(str(error)) from None
    return {'data': {'name': prepare.identity(task.spec), 'sha256': sha256},
            'vectors': {'file': Path(task.vectors).name, 'sha256': file_sha256(task.vectors)},
            'argv': [Path(sys.argv[0]).name, *sys.argv[1:]]}


def _methods(text: str) -> list[str]:
    """Requested methods between floor and ceiling, which join every run."""
    registered = METHODS.module_dict
    roles = {role: sorted(name for name, method in registered.items() if method.role == role)
             for role in ('floor', 'method', 'ceiling')}
    for name in set(registered).difference(*roles.values()):
        raise UsageError(f'method {name!r}: role must be floor, method or ceiling, got {registered[name].role!r}')
    names = [name.strip() for name in text.split(',') if name.strip()]
    if not names:
        raise UsageError('--methods is empty; known: ' + ', '.join(sorted(registered)))
    if names == ['all']:
        names = roles['method']
    names = [known('method', name, registered) for name in names]
    chosen = [name for name in dict.fromkeys(names) if name in roles['method']]
    return [*roles['floor'], *chosen, *roles['ceiling']]


def _configs(methods: list[str], dataset: str, options: dict[str, Any]) -> dict[str, tuple[Config, dict[str, Any]]]:
    """Every method's config, and the options whose keys it has; an option that concerns none is an error."""
    configs: dict[str, tuple[Config, dict[str, Any]]] = {}
    for name in methods:
        config = load_config(dataset, name, Path(inspect.getfile(METHODS.get(name))))
        configs[name] = config, {key: value for key, value in options.items() if has_key(config, key)}
        for key, value in configs[name][1].items():
            check_value(config, key, value)
    for key in options:
        if not any(key in applied for _, applied in configs.values()):
            top = sorted({name for config, _ in configs.values() for name in config})
            raise UsageError(f'--cfg-options: no requested method has a setting {key!r}; top-level keys: '
                             f'{", ".join(top)}')
    return configs
