"""Plans and reports of thousands of cells, measured; see ``python -m benchmark perf plan`` and ``report``."""

from __future__ import annotations

import hashlib
import os
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from unittest import mock

from benchmark.errors import UsageError
from benchmark.planning.cells import plan_cells
from benchmark.planning.plan import Cell
from benchmark.planning.request import Request
from benchmark.planning.run_options import RunOptions
from benchmark.records.files import Record, Status, load_record, save_record
from benchmark.reporting.render import render
from benchmark.running.finished import finished
from benchmark.store.artifacts import MANIFEST, ArtifactStore
from zs_methods.evaluation import LAST

#: Seeds that are planned one by one, and records that are read in full, for the baseline.
_SAMPLE = 3


def plan(cells: int, source: Path) -> float:
    """Expands, addresses and looks up a plan all of whose cells are finished.

    The baseline plans every seed on its own and reads every record in full; it is measured on a sample and scaled up.

    Args:
        cells: at least so many.
        source: folder of records, one of which is the pattern of all.

    Returns:
        float: seconds of the baseline over seconds of the plan.
    """
    pattern = load_record(_records(source)[0])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds = -(-cells // len(_plan(folder, [0])))
        imported = _resident_mib()
        started = time.perf_counter()
        planned = _plan(folder, range(seeds))
        expanded, grown = time.perf_counter() - started, _resident_mib() - imported
        with mock.patch('os.fsync'):
            for cell in planned:
                _finish(cell, pattern, folder)
        store = ArtifactStore(folder / 'artifacts')
        started, before = time.perf_counter(), _resident_mib()
        there = sum(finished(cell, folder / 'records', store) is not None for cell in planned)
        looked, grown = time.perf_counter() - started, grown + _resident_mib() - before
        baseline = _one_by_one(folder, seeds) + _in_full(folder / 'records', len(planned))
    print(f'{len(planned)} cells of {seeds} seeds, {there} finished; {imported:.0f} MiB were resident before, most of '
          'it PyTorch')
    print(f'expanded and addressed {expanded:6.2f} s\nfinished ones found    {looked:6.2f} s\n'
          f'together               {expanded + looked:6.2f} s, {grown:.0f} MiB more')
    print(f'baseline, seed by seed and with records read in full {baseline:6.1f} s')
    return baseline / (expanded + looked)


def report(records: int, source: Path) -> float:
    """Renders a report of many records: those of a folder, repeated under other seeds.

    Returns:
        float: seconds per record of rendering the folder as it is, over those of the large one; 1 is linear.
    """
    few = [load_record(path) for path in _records(source)]
    with tempfile.TemporaryDirectory() as name:
        folders = {len(few): Path(name, 'few'), records: Path(name, 'many')}
        seconds = {}
        for number, folder in folders.items():
            with mock.patch('os.fsync'):
                for index, record in enumerate(islice(_repeated(few), number)):
                    save_record(record, folder / 'records' / f'{index:06d}.json')
            started, used = time.perf_counter(), time.process_time()
            render(folder)
            seconds[number] = time.perf_counter() - started
            print(f'{number:6d} records: {seconds[number]:6.1f} s, of which {time.process_time() - used:.1f} s of '
                  f'processor time; peak memory so far {_peak_mib():.0f} MiB')
    return (seconds[len(few)] / len(few)) / (seconds[records] / records)


def _records(folder: Path) -> list[Path]:
    paths = sorted(folder.glob('*.json'))
    if not paths:
        raise UsageError(f'{folder}: no records there; --records names another folder')
    return paths


def _plan(folder: Path, seeds: Iterable[int]) -> list[Cell]:
    return plan_cells(Request(seeds=tuple(seeds), data_root=folder / 'data'), RunOptions(folder, folder / 'records'))


def _finish(cell: Cell, pattern: Record, folder: Path) -> None:
    """Leaves what a finished cell leaves, as far as it is looked at."""
    made = {'cell': cell.id, 'key': cell.key, 'settings': cell.settings, 'protocol': cell.protocol.model_dump(),
            'network': cell.network, 'method': cell.card, 'status': Status.DONE}
    save_record(pattern.model_copy(update=made), folder / 'records' / cell.file_name)
    artifact = ArtifactStore(folder / 'artifacts').path(LAST, cell.key)
    artifact.mkdir(parents=True)
    (artifact / MANIFEST).touch()


def _one_by_one(folder: Path, seeds: int) -> float:
    started = time.perf_counter()
    for seed in range(_SAMPLE):
        _plan(folder / 'empty', [seed])
    return (time.perf_counter() - started) / _SAMPLE * seeds


def _in_full(folder: Path, number: int) -> float:
    paths = _records(folder)[:100 * _SAMPLE]
    started = time.perf_counter()
    for path in paths:
        load_record(path)
    return (time.perf_counter() - started) / len(paths) * number


def _repeated(records: list[Record]) -> Iterator[Record]:
    """The records, then the same under other seeds and keys, without an end."""
    seeds = 1 + max(record.cell.seed for record in records)

    def key(text: str, turn: int) -> str:
        return hashlib.sha256(f'{text}/{turn}'.encode()).hexdigest()[:16] if turn else text

    for turn in count():
        for record in records:
            yield record.model_copy(update={
                'cell': record.cell.model_copy(update={'seed': record.cell.seed + turn * seeds}),
                'key': key(record.key, turn),
                'stages': [stage.model_copy(update={'key': key(stage.key, turn)}) for stage in record.stages]})


def _resident_mib() -> float:
    pages = int(Path('/proc/self/statm').read_text(encoding='utf-8').split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2 ** 20


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
