"""The benchmark from Python, for notebooks and scripts; what the commands do, as functions.

.. code-block:: python

    import benchmark as gzs3

    print(gzs3.plan('all', 2))                    # which stages run, which are there already
    records = gzs3.run(['mine', 'other'], [2])    # as benchmark/run.py: same cells, addresses and folders
    gzs3.frame(records)                           # a row per cell
    gzs3.table(gzs3.REFERENCE, 'shapes')          # the unified table of the committed reference
    ids, confidence = gzs3.model('mine', 2).predict(image)

A wrong call is a `UsageError` with the line that the command would have printed; what a file system refuses is an
OSError.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmark import LOCAL, WORK
from benchmark.errors import UsageError, known
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions, monitor_of
from benchmark.planning.words import items, names, numbers
from benchmark.records.files import Record, load_record, load_records, record_folders
from benchmark.running.devices import contained, device_name, select_device

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.planning.plan import Cell
    from benchmark.reporting.tables.rows import Section
    from zs_methods.stages.predictor import Predictor

__all__ = ['UsageError', 'frame', 'load', 'model', 'plan', 'run', 'table']

#: A name or number, several of them, or several as text separated by commas.
Names = str | Iterable[str]
Numbers = int | str | Iterable[int]
#: Records, or the folder of reports that holds some.
Source = str | Path | Iterable[Record]

_NAMED = ('methods', 'ks', 'dataset', 'seeds')
_OF_REQUEST = {one.name for one in fields(Request)} - {*_NAMED, 'options'}
_OF_RUN = {one.name for one in fields(RunOptions)} - {'records'}
KINDS = ('unified', 'leaderboard')


def run(methods: Names = 'all', ks: Numbers | None = None, dataset: str | Path = 'shapes', seeds: Numbers = (0,), *,
        quiet: bool = False, **options: Any) -> list[Record]:
    """Trains methods for every K and writes records and pages, as ``python benchmark/run.py`` does.

    Whoever asks, the same cells have the same addresses: what a command has finished is not trained again here.

    Args:
        methods (str | Iterable[str]): names, or ``all``; floor and ceiling join every run.
        ks (int | Iterable[int], optional): numbers of unseen classes; all of the data set's by default.
        dataset (str | Path): a name, or the YAML file of a description.
        seeds (int | Iterable[int]): one cell each.
        quiet (bool): prints no progress.
        **options: those of the command line, with ``_`` for ``-``: what is not a method or K of `Request`
            (``splits``, ``protocol``, ``model``, ``vectors``, ``data_root``, ...), `RunOptions` (``work_dir``,
            ``device``, ``workers``, ``force``, ...), ``reports``, ``plugin`` (one file or several) and ``cfg_options``
            (dotted key -> value).

    Returns:
        list[Record]: one per cell, floor first and ceiling last within a seed; a cell that failed has its reason.

    Raises:
        UsageError: a wrong call; one line.
        OSError: a record or page cannot be written.
        KeyboardInterrupt: after all jobs have ended; the same call continues.
    """
    from benchmark.launchers.sweep import sweep

    with contained():
        cells, chosen, reports = _planned(methods, ks, dataset, seeds, options)
        call = {'methods': methods, 'ks': ks, 'dataset': dataset, 'seeds': seeds, **options}
        argv = ['benchmark.run', *(f'{name}={_told(value)}' for name, value in call.items() if value is not None)]
        heads = sweep(cells, chosen, reports, _console(quiet), argv)
        return [head if isinstance(head, Record) else load_record(chosen.records / cell.file_name)
                for cell, head in zip(cells, heads, strict=True)]


def plan(methods: Names = 'all', ks: Numbers | None = None, dataset: str | Path = 'shapes', seeds: Numbers = (0,),
         **options: Any) -> str:
    """What `run` would do with the same arguments: the stages, which of them are there already, what is skipped.

    Raises:
        UsageError: a wrong call; one line.
    """
    from benchmark.launchers.sweep import plan_lines

    with contained():
        cells, chosen, _ = _planned(methods, ks, dataset, seeds, options)
        return '\n'.join(plan_lines(cells, chosen))


def load(reports: str | Path = LOCAL) -> list[Record]:
    """The whole records of a folder of reports, ordered by file name.

    Args:
        reports (str | Path): that of the user's own runs by default; ``benchmark.REFERENCE`` is the committed one.

    Raises:
        UsageError: there is no such folder, or a record is damaged; one line.
    """
    folder = Path(reports) / 'records'
    if not folder.is_dir():
        raise UsageError(f'{folder}: no such folder; a finished run leaves its records there')
    try:
        return load_records(folder)
    except (OSError, ValueError) as error:
        raise UsageError(' '.join(str(error).split())) from error


def frame(source: Source = LOCAL) -> pd.DataFrame:
    """Every cell as a row, under the stable columns of the ``results.csv`` of ``python -m benchmark export``.

    Args:
        source: records, or a folder of reports; that of the user's own runs by default.

    Returns:
        DataFrame: scores in percent; what was not measured is missing.

    Raises:
        UsageError: see `load`.
    """
    from benchmark.reporting.export import as_frame
    from benchmark.reporting.tables.grouping import by_dataset

    return as_frame(section for dataset in by_dataset(_records(source)) for section in dataset.sections)


def table(source: Source = LOCAL, dataset: str = 'shapes', *, protocol: str | None = None, model: str | None = None,
          methods: Names = (), kind: str = 'unified') -> pd.DataFrame:
    """The table of one protocol card and network, as on the pages; its ``attrs['title']`` names them.

    Args:
        source: records, or a folder of reports; that of the user's own runs by default. Means, intervals and verdicts
            need the records themselves; a data frame of `frame` is not enough.
        dataset (str): one that has records.
        protocol (str, optional): one card; of several, that with the most methods is shown.
        model (str, optional): one network; likewise.
        methods (str | Iterable[str]): all by default; only for ``unified``.
        kind (str): ``unified``, K x method with seen / unseen / overall mIoU, hIoU and the share of the gap between
            floor and ceiling; or ``leaderboard``, ranks within each K and setting with verdicts on noise, whose text
            is Markdown.

    Returns:
        DataFrame: ready-made text: mean and half-width of the 95% t-interval over seeds.

    Raises:
        UsageError: nothing of that name has records, there is no such kind, or see `load`.
    """
    from benchmark.reporting.choice import methods_of, sections_of
    from benchmark.reporting.statistics import leaderboard
    from benchmark.reporting.tables.terminal import unified

    known('kind', kind, KINDS)
    sections = sections_of(_records(source), dataset, protocol, model)
    section: Section = leaderboard.main_section(sections)
    chosen = methods_of([section], _names(methods))
    if kind == 'leaderboard':
        from benchmark.reporting.statistics.pairs import compare

        if chosen:
            raise UsageError('a leaderboard ranks all methods; methods go with kind="unified"')
        found = leaderboard.whole(section, compare(section))
    else:
        found = unified(section, [row for row in section.plain if not chosen or row.method in chosen])
    found.attrs['title'] = f'{dataset}, protocol {section.title}'
    return found


def model(cell: str | Path | Record, k: int | None = None, seed: int = 0, *, dataset: str = 'shapes',
          reports: str | Path | None = None, work_dir: str | Path = WORK, device: str = 'auto',
          max_pixels: int | None = None) -> Predictor:
    """The network of a finished cell; ``.predict(image)`` takes an image (H, W, 3), BGR, uint8, of any size.

    Args:
        cell: a record, its path or a part of its name, or the folder of a ``config.py`` (which is code) and
            ``model.pth``; with `k`, the name of a plain method.
        k (int, optional): number of unseen classes.
        seed (int): with `k`.
        dataset (str): with `k`, that the cell is of.
        reports (str | Path, optional): folder of records; reports/local, then the reference by default.
        work_dir (str | Path): folder with ``artifacts/``.
        device (str): auto, cpu, cuda or cuda:N.
        max_pixels (int, optional): a larger image is made smaller for the network.

    Raises:
        UsageError: no such model, or no such device.
    """
    from benchmark.running.models import find_model, folder_of, model_of_method

    folders = record_folders(None if reports is None else Path(reports))
    with contained():
        if isinstance(cell, Record):
            folder = folder_of(cell, Path(work_dir))
        elif k is None:
            folder = find_model(str(cell), folders, Path(work_dir))
        else:
            folder = model_of_method(str(cell), k, seed, dataset, folders, Path(work_dir))
        chosen = device_name(device)
        import torch

        from zs_methods.stages.predictor import Predictor
        try:
            return Predictor(folder, torch.device(chosen), **({'max_pixels': max_pixels} if max_pixels else {}))
        except FileNotFoundError as error:
            raise UsageError(str(error)) from None


def _planned(methods: Names, ks: Numbers | None, dataset: str | Path, seeds: Numbers, options: Mapping[str, Any]
             ) -> tuple[list[Cell], RunOptions, Path]:
    """The cells that are asked for, how to run them, and the folder of the pages."""
    from benchmark.launchers.sweep import check_options
    from benchmark.planning.cells import plan_cells

    request, chosen, reports = _asked(methods, ks, dataset, seeds, dict(options))
    check_options(request, chosen, reports)
    return plan_cells(request, chosen), chosen, reports


def _asked(methods: Names, ks: Numbers | None, dataset: str | Path, seeds: Numbers, options: dict[str, Any]
           ) -> tuple[Request, RunOptions, Path]:
    """What the arguments of `run` say, in the terms of the command."""
    for name in options:
        known('option', name, (_OF_REQUEST | _OF_RUN | {'reports', 'plugin', 'cfg_options'}) - {'plugins'})
    reports = Path(options.pop('reports', LOCAL))
    plugin = options.pop('plugin', ())
    options = {name: Path(value) if name in ('data_root', 'work_dir') and value is not None else value
               for name, value in options.items()}
    if options.get('splits') is not None:
        options['splits'] = names('--splits', ','.join(_names(options['splits'])))
    request = Request(
        methods=tuple(dict.fromkeys(_names(methods))), ks=None if ks is None else _numbers('--ks', ks),
        seeds=_numbers('--seeds', seeds), dataset=str(dataset), options=options.pop('cfg_options', {}),
        plugins=tuple(map(Path, [plugin] if isinstance(plugin, str | Path) else plugin)),
        **{name: options.pop(name) for name in _OF_REQUEST & options.keys()})
    if isinstance(options.get('monitor'), str):
        options['monitor'] = monitor_of(options['monitor'])
    options = {'work_dir': WORK, 'records': reports / 'records', 'device': 'auto', **options}
    options['device'] = select_device(options['device'])
    return request, RunOptions(**options), reports


def _names(given: Names) -> list[str]:
    return items(given) if isinstance(given, str) else [*given]


def _numbers(option: str, given: Numbers) -> tuple[int, ...]:
    return numbers(option, str(given) if isinstance(given, str | int) else ','.join(map(str, given)))


def _records(source: Source) -> Sequence[Record]:
    """Records for tables, which show no settings of stages."""
    if isinstance(source, str | Path):
        from benchmark.reporting.render import load as load_for_tables

        return load_for_tables(Path(source) / 'records')
    return [*source]


def _told(value: object) -> str:
    """An argument as a command line would have it."""
    if isinstance(value, Mapping):
        return ' '.join(f'{key}={one}' for key, one in value.items())
    return ','.join(map(str, value)) if isinstance(value, list | tuple | set | range) else str(value)


def _console(quiet: bool) -> Console:
    """Plain lines in a notebook, bars on a terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 100, quiet=quiet, force_jupyter=False)
