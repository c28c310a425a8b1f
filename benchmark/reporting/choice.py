"""Which sections and methods of a folder of records are meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.errors import UsageError, known
from benchmark.records.files import Record
from benchmark.reporting.tables.grouping import by_dataset
from benchmark.reporting.tables.rows import Section


def sections_of(records: Iterable[Record], dataset: str, protocol: str | None = None,
                model: str | None = None) -> list[Section]:
    """The sections of a data set; of one protocol card or network, if these are named.

    Raises:
        UsageError: there is none; the message says what there is.
    """
    datasets = {one.name: one for one in by_dataset(records)}
    sections = datasets[known('data set with records', dataset, datasets)].sections
    for option, wanted in (('protocol', protocol), ('model', model)):
        if wanted is not None:
            known(f'{option} of its records', wanted, {getattr(one, option) for one in sections})
            sections = [one for one in sections if getattr(one, option) == wanted]
    if not sections:
        raise UsageError(f'no records of {dataset} with protocol {protocol} and model {model}')
    return sections


def methods_of(sections: Sequence[Section], names: Iterable[str]) -> list[str]:
    """Names of methods that the sections have.

    Raises:
        UsageError: they do not have one of them.
    """
    there = {row.method for one in sections for row in one.rows}
    return [known('method of these records', name, there) for name in names]
