"""How a cell that was run again compares with its record: identical, or as far from it as another seed would be.

Another processor or version of a library moves a result as another seed does, and no further.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmark.records.differences import environment
from benchmark.records.files import Record, Status
from benchmark.records.schema import Metrics
from benchmark.records.seeds import hiou, seeds_of
from benchmark.stats import Summary, summarise

#: What a cell is judged by: the first that its record has, and not as 0, which a method without unseen classes has.
SCORES: Mapping[str, Callable[[Metrics], float | None]] = MappingProxyType(
    {'hIoU': hiou, 'seen mIoU': lambda metrics: metrics.seen.miou})
#: Seeds, that of the cell included, of which an interval can be had.
SEEDS = 3
#: Characters of two values that are named by their name alone.
LONG = 80


@dataclass(frozen=True)
class Again:
    """The record of a cell, that of another run of it, and what records of all seeds beside the first say of it.

    Attributes:
        score (str): by which it is judged, see `SCORES`.
        seeds (Summary, optional): of that score; the cell's own record is one of them.
    """

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
    def interval(self) -> str:
        """That of the seeds; what is lacking for one."""
        if self.seeds is None or self.seeds.n < SEEDS:
            return f'{self.seeds.n if self.seeds else 0} finished seeds, {SEEDS} needed'
        low, high = (self.seeds.mean + sign * self.seeds.half_width_of_one for sign in (-1, 1))
        return f'{self.score} {low:.2f} to {high:.2f}, {self.seeds.n} seeds'

    @property
    def why(self) -> str:
        """What to know of a cell that is not identical, in a line."""
        if self.verdict == 'failed':
            return f'failed: {self.other.reason}'
        judged = "whether within the seeds' interval is not known" if self.verdict == 'not known' else \
            f"{self.verdict} the seeds' interval"
        return f'{judged} ({self.interval}); {self.changed}'

    @property
    def changed(self) -> str:
        """What of settings and environment was another one in the second run."""
        found = [one.what if len(one.first + one.second) > LONG else f'{one.what} ({one.first}, now {one.second})'
                 for one in environment(self.record, self.other)]
        if self.record.settings != self.other.settings:
            found.insert(0, 'settings of the method or its configs')
        return f'not the same as then: {", ".join(found)}' if found else 'nothing that records tell of has changed'


def compare(record: Record, other: Record, path: Path) -> Again:
    """Sets a second run beside a record, which lies at `path` among those of its other seeds."""
    score = next((name for name, of in SCORES.items() if of(record.metrics)), 'hIoU')
    values = seeds_of(record, path, SCORES[score]).values()
    return Again(record, other, score, summarise(values) if values else None)


def identical(record: Record, other: Record) -> bool:
    """Whether two records agree in every pixel count, over all images and image by image."""
    secondary = [one.secondary and one.secondary.confusion for one in (record, other)]
    return (record.status is other.status is Status.DONE and record.confusion == other.confusion
            and record.confusion_per_image == other.confusion_per_image and secondary[0] == secondary[1])
