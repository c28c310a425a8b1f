"""What a plan will take, judged by what stages of the same type took before: seconds and bytes on the disk."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.planning.plan import Cell, Node
from benchmark.store.artifacts import MANIFEST


@dataclass
class Estimate:
    """Of stages that are to run.

    Attributes:
        seconds (float): of one process after the other.
        size (float): bytes.
        elsewhere (float): what of these seconds is known of other data sets or networks only.
        without_time, without_size (int): stages of which nothing is known.
    """

    seconds: float = 0.0
    elsewhere: float = 0.0
    size: float = 0.0
    without_time: int = 0
    without_size: int = 0

    @property
    def text(self) -> str:
        """In a line."""
        unknown = [f'{count} stages without {what}' for count, what in (
            (self.without_time, 'a time'), (self.without_size, 'a size')) if count]
        size = f' and {amount(self.size)} on the disk' if self.size else ''
        far = (f'; {duration(self.elsewhere)} of it by other data sets or networks, which may be far off'
               if self.elsewhere else '')
        return (f'about {duration(self.seconds)} of work of one process{size}, judged by '
                f'earlier stages of the same type{far}' + f' ({", ".join(unknown)} not counted)' * bool(unknown))


def estimate(cells: Sequence[Cell], missing: Iterable[Node], artifacts: Path, records: Iterable[Path]) -> Estimate:
    """Adds up the medians of what is most like every stage: same data set and network, data set, or only type.

    Args:
        cells (Sequence[Cell]): the plan.
        missing (Iterable[Node]): its stages that are to run.
        artifacts (Path): folder of artifacts, whose manifests tell times and whose files tell sizes.
        records (Iterable[Path]): folders of records, which tell times.
    """
    models = {node.key: cell.id.model for cell in cells for node in cell.nodes}
    seconds: dict[tuple, list[float]] = defaultdict(list)
    sizes: dict[tuple, list[float]] = defaultdict(list)
    names = {}  # key of a stage -> its network, which manifests do not tell
    for dataset in {cell.id.dataset for cell in cells}:
        for key, model, name, config, took in _recorded(records, dataset):
            names[key] = model
            _add(seconds, took, dataset, model, name, config)
    for key, manifest, size in _made(artifacts):
        dataset = manifest.get('task', {}).get('source', '')
        place = dataset, names.get(key, ''), manifest['name'], manifest['config']
        _add(sizes, size, *place)
        if key not in names:
            _add(seconds, manifest['seconds'], *place)
    found = Estimate()
    for node in missing:
        place = _places(node.task.dataset, models[node.key], node.name, node.spec.config)
        took, size = (next((statistics.median(known[one]) for one in place if one in known), None)
                      for known in (seconds, sizes))
        found.seconds, found.size = found.seconds + (took or 0), found.size + (size or 0)
        if took and not any(one in seconds for one in place[:OWN]):
            found.elsewhere += took
        found.without_time, found.without_size = found.without_time + (took is None), found.without_size + (
            size is None)
    return found


#: So many of a stage's places are of its data set and network.
OWN = 2


def _places(dataset: str, model: str, name: str, config: dict[str, Any]) -> tuple[tuple, ...]:
    """What a stage is, from the most particular to its type alone."""
    kind = config.get('type')
    return (dataset, model, kind, name), (dataset, model, kind), (dataset, kind), (kind,)


def _add(known: dict[tuple, list[float]], value: float, *stage: Any) -> None:
    for place in _places(*stage):
        known[place].append(value)


def _recorded(folders: Iterable[Path], dataset: str) -> Iterator[tuple[str, str, str, dict[str, Any], float]]:
    """Key, network, name, settings and seconds of every stage that records of a data set tell of, each once.

    One seed takes as long as another, and an estimate needs no checksums: a plan does not wait for hundreds of them.
    """
    told = set()
    for folder in folders:
        for path in folder.glob(f'{dataset}_*_seed0*.json'):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                record = json.loads(path.read_text(encoding='utf-8'))
                for stage in record['stages']:
                    if stage['key'] not in told:
                        told.add(stage['key'])
                        yield (stage['key'], record['cell']['model'], stage['name'], stage['config'],
                               stage['seconds'])


def _made(artifacts: Path) -> Iterator[tuple[str, dict[str, Any], float]]:
    """Key, manifest and size of every artifact."""
    for path in artifacts.glob(f'*/{MANIFEST}'):
        with contextlib.suppress(OSError, ValueError, KeyError):
            manifest = json.loads(path.read_text(encoding='utf-8'))
            size = sum(file.stat().st_size for file in path.parent.rglob('*') if file.is_file())
            yield manifest['key'], manifest, float(size)


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    for unit, length in (('h', 3600), ('min', 60)):
        if seconds >= 2 * length:
            return f'{seconds / length:.0f} {unit}' if seconds >= 10 * length else f'{seconds / length:.1f} {unit}'
    return f'{seconds:.0f} s'


def amount(size: float) -> str:
    """Bytes in MB or GB."""
    return f'{size / 1e9:.1f} GB' if size >= 1e9 else f'{size / 1e6:.0f} MB'
