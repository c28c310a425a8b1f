"""What tables are made of: data set -> section (data, card, network) -> unit (K and split) -> row (method) -> seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from benchmark.records.files import MethodCard, Metrics, NetworkCard, Record, Status
from benchmark.reporting.tables.contrasts import baseline
from benchmark.stats import Summary, summarise

if TYPE_CHECKING:
    from benchmark.records.selections import Selection

_ROLE_ORDER = {'floor': 0, 'ceiling': 2}


@dataclass(frozen=True, order=True)
class Unit:
    """One column of a sweep: ``k`` unseen classes, chosen as ``split`` says."""

    k: int
    split: str
    label: str = field(compare=False, default='')


@dataclass
class Row:
    """The seeds of one method with one set of settings: what a table line is about."""

    unit: Unit
    method: str
    label: str
    records: list[Record]

    @property
    def card(self) -> MethodCard:
        """What the method says of itself."""
        return self.records[0].method

    @property
    def main(self) -> bool:
        """Whether it is a method with its own settings: no bound, no variant and no control of another method."""
        return self.card.role == 'method' and not self.variant and not self.card.controls

    @property
    def variant(self) -> bool:
        """Whether settings of the method were changed on the command line."""
        return bool(self.records[0].cell.variant)

    @property
    def access(self) -> tuple[str, str]:
        """Setting, and what training reads of unseen labels: rows where both agree compare like with like."""
        return self.card.setting, self.card.reads_unseen_gt

    @property
    def order(self) -> tuple[int, str, str]:
        """Sorts the rows of a unit: floor, methods by name, ceiling."""
        return _ROLE_ORDER.get(self.card.role, 1), self.method, self.label

    @cached_property
    def done(self) -> list[Record]:
        """The finished cells, by seed."""
        return [record for record in self.records if record.status is Status.DONE and record.metrics]

    @cached_property
    def scored(self) -> list[Record]:
        """The finished cells with an hIoU, by seed: without ground truth of an unseen class, or a seen one, is none."""
        return [record for record in self.done if record.metrics.hiou is not None]

    @cached_property
    def by_seed(self) -> dict[int, Record]:
        """Seed -> finished cell."""
        return {record.cell.seed: record for record in self.done}

    @property
    def missing(self) -> list[Record]:
        """The cells without numbers, by seed."""
        return [record for record in self.records if record.status is not Status.DONE or not record.metrics]

    def scores(self, secondary: bool = False) -> list[Metrics]:
        """The scores of the finished cells, by seed; of those that have them at the paper's resolution if asked."""
        if secondary:
            return [record.secondary.metrics for record in self.done if record.secondary]
        return [record.metrics for record in self.done]

    def summary(self, score: str, secondary: bool = False) -> Summary | None:
        """Summarises one score, such as ``seen.miou`` or ``hiou``, over the seeds that have it; None if none has."""
        found = [attrgetter(score)(metrics) for metrics in self.scores(secondary)]
        values = [value for value in found if value is not None]
        return summarise(values) if values else None

    def class_iou(self) -> dict[str, float]:
        """Class -> IoU in percent, mean over the finished cells that have it; without those that none has."""
        found: dict[str, list[float]] = {}
        for record in self.done:
            for name, value in zip(record.classes, record.per_class_iou, strict=False):
                if value is not None:
                    found.setdefault(name, []).append(value)
        return {name: sum(values) / len(values) for name, values in found.items()}

    @property
    def unseen(self) -> set[str]:
        """Names of the unseen classes."""
        return {record.classes[c] for record in self.done for c in record.unseen}

    @property
    def resolutions(self) -> list[str]:
        """The papers' resolutions at which cells were scored too; one, or none."""
        return sorted({record.secondary.resolution for record in self.done if record.secondary})

    @property
    def stage_keys(self) -> set[str]:
        """Keys of all stages of the finished cells."""
        return {stage.key for record in self.done for stage in record.stages}


@dataclass
class Section:
    """All rows of one content of the data, protocol card and network: only they may stand in a table together.

    Attributes:
        data: fingerprint of the data; '' if the records do not tell.
        protocol: name of the card.
        model: name of the DeepLab config.
        title: names card, network and weights, and the data if the page has several; different from that of all other
            sections of the page.
        slug: part of file names, different from that of all other sections of all pages.
        rows: in the order of the tables: floor, methods by name, ceiling, within each unit.
    """

    data: str
    protocol: str
    model: str
    title: str
    slug: str
    rows: list[Row]

    @property
    def card(self) -> dict[str, Any]:
        """The protocol card as it was when the cells ran."""
        return self.records[0].protocol

    @property
    def network(self) -> NetworkCard:
        """The network that all rows share."""
        return self.records[0].network

    @property
    def records(self) -> list[Record]:
        """The records of all rows."""
        return [record for row in self.rows for record in row.records]

    @property
    def plain(self) -> list[Row]:
        """The rows that are no variants, or all if there are no others."""
        return [row for row in self.rows if not row.variant] or self.rows

    @cached_property
    def baseline(self) -> str:
        """The method that all others are set against in full; '' if there is none, see `contrasts.baseline`."""
        return baseline({row.method: row.card for row in self.rows if row.main})

    @property
    def units(self) -> list[Unit]:
        """The units, by K."""
        return sorted({row.unit for row in self.rows})

    @property
    def labels(self) -> list[str]:
        """The labels of all rows, floor first, ceiling last."""
        return list(dict.fromkeys(row.label for row in sorted(self.rows, key=attrgetter('order'))))

    def of(self, unit: Unit) -> list[Row]:
        """The rows of one unit."""
        return [row for row in self.rows if row.unit == unit]

    def reference(self, row: Row, role: str) -> Row | None:
        """The floor or ceiling a row is measured against; None if there is none or it is not clear which one."""
        found = [other for other in self.of(row.unit) if other.card.role == role and other.done]
        if len(found) > 1:
            found = [other for other in found if other is row] or [
                other for other in found if other.stage_keys & row.stage_keys]
        return found[0] if len(found) == 1 else None

    def gap_share(self, row: Row) -> float | None:
        """Share of the floor-ceiling gap in mean hIoU that a row closes, in percent."""
        floor, ceiling = (self.reference(row, role) for role in ('floor', 'ceiling'))
        if not (floor and ceiling and row.scored and floor.scored and ceiling.scored):
            return None
        low, high, own = (part.summary('hiou').mean for part in (floor, ceiling, row))
        return 100 * (own - low) / (high - low) if high > low else None


def weights_text(network: NetworkCard) -> str:
    """What the backbone starts from."""
    return 'from scratch' if network.weights == 'none' else network.weights


def data_text(data: str) -> str:
    """The fingerprint of the data, or that the records do not tell."""
    return data or 'not recorded'


@dataclass
class Dataset:
    """All sections of one name of a data set, by data, protocol and network; none if it was never run.

    ``selections`` are the choices of settings that were made on it, see `benchmark.records.selections`.
    """

    name: str
    sections: list[Section]
    selections: list[Selection] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        """The records of all sections."""
        return [record for section in self.sections for record in section.records]

    @property
    def data(self) -> list[str]:
        """What the name stands for here: fingerprints of the data, one unless data of several share the name."""
        return sorted({*(section.data for section in self.sections), *(one.data for one in self.selections)})

    def told(self, data: str) -> str:
        """Names the data where several share the name of the data set; '' otherwise."""
        return data_text(data) if len(self.data) > 1 else ''

    def of(self, data: str) -> list[Record]:
        """The records of the sections on some data."""
        return [record for section in self.sections if section.data == data for record in section.records]
