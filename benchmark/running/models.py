"""Where the network of a finished cell is; needs no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import UsageError
from benchmark.records.files import RecordHead, Status, find_record, load_head
from zs_methods.evaluation import LAST


def folder_of(head: RecordHead, work_dir: Path, name: str = '') -> Path:
    """The artifact of the last stage of a cell.

    Args:
        head (RecordHead): how the cell ended.
        work_dir (Path): folder with ``artifacts/``.
        name (str): of the record, for errors.

    Raises:
        UsageError: the cell is not done, or its artifact is not there.
    """
    cell = head.cell
    name = name or f'{cell.dataset} {cell.split} {cell.named} seed {cell.seed}'
    if head.status is not Status.DONE:
        raise UsageError(f'{name} is {head.status.value}: {head.reason}')
    folder = _artifact(head, work_dir)
    if not folder.is_dir():
        raise UsageError(f'{name} has a record, but no model in {work_dir}; make it again: python '
                         f'benchmark/run.py --methods {cell.method} --dataset {cell.dataset} '
                         f'--ks {cell.k} --seeds {cell.seed} --model {cell.model}')
    return folder


def find_model(name: str, folders: Sequence[Path], work_dir: Path) -> Path:
    """The same of a record's name, see `find_record`; a name may also be that folder itself.

    Raises:
        UsageError: there is none.
    """
    if Path(name).is_dir():
        return Path(name)
    try:
        return _of_record(find_record(name, *folders), work_dir)
    except ValueError as error:
        raise UsageError(str(error)) from None


def model_of_method(method: str, k: int, seed: int, dataset: str, folders: Sequence[Path], work_dir: Path) -> Path:
    """The same of a plain method; those whose model is here go before records alone, such as the reference's.

    Raises:
        UsageError: there is none, or several: of other cards or networks.
    """
    found: dict[str, Path] = {}
    try:
        for folder in reversed(folders):
            found |= {path.name: path for path in folder.glob(f'{dataset}_*_{method}_seed{seed}_*.json')
                      if (cell := load_head(path).cell).k == k and cell.method == method and not cell.variant}
        found = {name: path for name, path in found.items() if _artifact(load_head(path), work_dir).is_dir()} or found
        if len(found) == 1:
            return _of_record(next(iter(found.values())), work_dir)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if found:
        raise UsageError(f'{method} at K={k} has {len(found)} records; name one with --cell: '
                         f'{", ".join(sorted(path.stem for path in found.values()))}')
    raise UsageError(f'no record of {method} at K={k} on {dataset}; run it first: python '
                     f'benchmark/run.py --methods {method} --dataset {dataset} --ks {k}')


def _artifact(head: RecordHead, work_dir: Path) -> Path:
    return work_dir / 'artifacts' / f'{LAST}-{head.key}'


def _of_record(path: Path, work_dir: Path) -> Path:
    return folder_of(load_head(path), work_dir, path.stem)
