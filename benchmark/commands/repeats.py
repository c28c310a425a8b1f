"""How a cell that was run again compares with its record: identical, or as far from it as another seed would be.

Another processor or version of a library moves a result as another seed does, and no further.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmark.commands.differences import differences
from benchmark.commands.noise import hiou, seeds_of
from benchmark.planning.plan import Cell
from benchmark.records.files import Record, Status
from benchmark.records.schema import Metrics
from benchmark.stats import Summary, summarise

#: What may change the last digits of a sum, and with them a prediction; in the areas of `differences`.
DECIDES = ('code', 'versions', 'hardware')
#: Of those, what changes no digit.
IDLE = ('kernel', 'hardware.memory_gib', 'commit', 'changed', 'changes')
#: What a cell is judged by: the first that its record has, and not as 0, which a method without unseen classes has.
SCORES: Mapping[str, Callable[[Metrics], float | None]] = MappingProxyType(
    {'hIoU': hiou, 'seen mIoU': lambda metrics: metrics.seen.miou})
#: Seeds, that of the cell included, of which an interval can be had.
SEEDS = 3
#: Characters of two values that are named by their name alone.
LONG = 80


@dataclass(frozen=True)
class Again:
    """A cell, its record, that of the second run, and what records of all seeds say of it.

    Attributes:
        score (str): by which it is judged, see `SCORES`.
        seeds (Summary, optional): of that score; the cell's own record is one of them.
    """

    cell: Cell
    record: Record
    other: Record
    score: str
    seeds: Summary | None

    @property
    def verdict(self) -> str:
        """``identical``, ``within`` or ``beyond`` the interval of the seeds, ``not known`` without one, ``failed``."""
        if self.other.status is not Status.DONE:
            return 'failed'
        if identical(self.record, self.other):
            return 'identical'
        now = SCORES[self.score](self.other.metrics)
        if now is None or self.seeds is None or self.seeds.n < SEEDS:
            return 'not known'
        return 'within' if abs(now - self.seeds.mean) <= self.seeds.half_width_of_one else 'beyond'

    @property
    def why(self) -> str:
        """What to know of a cell that is not identical, in a line."""
        if self.verdict == 'failed':
            return f'failed: {self.other.reason}'
        judged = f"{self.verdict} the seeds' interval"
        if self.verdict == 'not known':
            judged = f"whether within the seeds' interval is not known ({self._count} finished seeds, {SEEDS} needed)"
        else:
            low, high = (self.seeds.mean + sign * self.seeds.half_width_of_one for sign in (-1, 1))
            judged += f' ({self.score} {low:.2f} to {high:.2f}, {self._count} seeds)'
        return f'{judged}; {_changed(self.record, self.other)}'

    @property
    def _count(self) -> int:
        return self.seeds.n if self.seeds else 0


def compare(cell: Cell, record: Record, other: Record, records: Path) -> Again:
    """Sets a second run beside a record in the folder `records`."""
    score = next((name for name, of in SCORES.items() if of(record.metrics)), 'hIoU')
    values = seeds_of(record, records / cell.file_name, SCORES[score]).values()
    return Again(cell, record, other, score, summarise(values) if values else None)


def identical(record: Record, other: Record) -> bool:
    """Whether two records agree in every pixel count, over all images and image by image."""
    secondary = [one.secondary and one.secondary.confusion for one in (record, other)]
    return (record.status is other.status is Status.DONE and record.confusion == other.confusion
            and record.confusion_per_image == other.confusion_per_image and secondary[0] == secondary[1])


def _changed(record: Record, other: Record) -> str:
    """What of a record's environment was another one in the second run."""
    found = [one for one in differences(record, other) if one.area in DECIDES and one.what not in IDLE]
    return 'not the same as then: ' + ', '.join(
        one.what if len(one.first + one.second) > LONG else f'{one.what} ({one.first}, now {one.second})'
        for one in found) if found else 'nothing that records tell of has changed'
