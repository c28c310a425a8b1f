"""Makes sure that data are there and sound before anything is trained on them, and says what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from benchmark.errors import UsageError
from benchmark.records.provenance import command_line
from zs_methods.datasets import ready
from zs_methods.datasets.coverage import survey
from zs_methods.task import Task
from zs_methods.vectors.class_vectors import split_files, vectors_name, vectors_sha256


def prepare_data(task: Task, console: Console, splits: Mapping[str, Sequence[int]] | None = None) -> dict[str, Any]:
    """Makes sure the data set is there and sound, and says which classes it holds, before anything is trained.

    Args:
        task (Task): one of the requested tasks.
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
            'vectors': vectors_card(task.vectors), 'argv': command_line()}


def vectors_card(files: str) -> dict[str, str]:
    """Names and hash of one or several files of word vectors, for records; nothing if one is not there."""
    if not all(Path(file).is_file() for file in split_files(files)):
        return {}
    return {'file': vectors_name(files), 'sha256': vectors_sha256(files)}
