"""Renders Markdown and figures from the records in a folder, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmark import REFERENCE, ROOT
from benchmark.errors import UsageError
from benchmark.records.files import Record
from benchmark.records.selections import Selection, load_selections
from benchmark.reporting import front, pages, reader
from benchmark.reporting.html.page import write_page
from benchmark.reporting.published.facts import PublishedError, load_facts
from benchmark.reporting.refresh import newest, stamp
from benchmark.reporting.statistics.bootstrap import CountsError
from benchmark.reporting.statistics.pairs import compare
from benchmark.reporting.statistics.reference import beside
from benchmark.reporting.statistics.repeats import Again
from benchmark.reporting.tables.grouping import by_dataset
from benchmark.reporting.tables.markup import slug
from benchmark.reporting.tables.rows import Dataset


class ReportError(UsageError):
    """There is no folder of records, or one of them cannot be read."""


def render(reports: Path, data_root: Path | None = None, reference: Path | None = None,
           readme: Path | None = None) -> list[Path]:
    """Renders all pages, of every data set and in front of them; the same records always give the same bytes.

    Data sets with published numbers have a page even if no record of them is there. Pages of an earlier rendering that
    are no longer written are removed.

    Args:
        reports: the folder with ``records/*.json`` and, if settings were chosen, ``selection/*.json``, into which
            pages and ``figures/`` are written.
        data_root: the reader's own data, from which photographs of published data sets are drawn; they stay blank
            without it.
        reference: another such folder, whose numbers stand beside those of the same cells.
        readme: a page whose block of leaderboards is written anew; by default the README of the repository, for the
            repository's own reports.

    Returns:
        list[Path]: the files written, figures first within each data set, ``index.html`` and the front page last.

    Raises:
        ReportError: there is no folder of records, or a record, a selection or a published table is
            damaged.
    """
    reports, time = Path(reports), newest(Path(reports), reference)
    records, selections = load(reports / 'records'), _selections(reports / 'selection')
    found = {dataset.name: dataset for dataset in by_dataset(records, selections)}
    try:
        names = sorted({*found, *load_facts().datasets})
        datasets = [found.get(name, Dataset(name, [])) for name in names]
        comparisons = {section.slug: compare(section) for dataset in datasets for section in dataset.sections}
        cells = _beside(records, reports, reference) if reference else []
        written = [path for dataset in datasets for path in pages.write_dataset(
            dataset, reports, comparisons, data_root,
            [one for one in cells if one.other.cell.dataset == dataset.name])]
    except (PublishedError, CountsError) as error:
        raise ReportError(str(error)) from error
    _remove_others(reports, datasets, written)
    written.append(write_page(datasets, comparisons, reports))
    written.append(front.write_front(datasets, comparisons, reports))
    if readme or reports.resolve() == REFERENCE:
        front.write_block(readme or ROOT / 'README.md', datasets, comparisons, reports)
    stamp(written, time)
    return written


def _remove_others(reports: Path, datasets: Iterable[Dataset], written: Iterable[Path]) -> None:
    """Removes generated pages of these data sets that this rendering did not write: their numbers are old."""
    kept = set(written)
    for name in (slug(dataset.name) for dataset in datasets):
        for path in {*reports.glob(f'{name}~*.md'), *(reports / name).glob('*.md')} - kept:
            if front.GENERATED in path.read_text(encoding='utf-8'):
                path.unlink()


def load(folder: Path) -> list[Record]:
    """The records of a folder, see `reader.load`.

    Raises:
        ReportError: there is no such folder, or a record is damaged; one line.
    """
    if not folder.is_dir():
        raise ReportError(f'{folder}: no such folder; a finished run leaves its records there')
    try:
        return reader.load(folder)
    except (OSError, ValueError) as error:
        raise ReportError(' '.join(str(error).split())) from error


def _beside(records: list[Record], reports: Path, reference: Path) -> list[Again]:
    """The records of `load` beside those of another folder."""
    try:
        names = [path.name for path in sorted((reports / 'records').glob('*.json'))]
        return beside(zip(names, records, strict=True), reference / 'records')
    except (OSError, ValueError) as error:
        raise ReportError(' '.join(str(error).split())) from error


def _selections(folder: Path) -> list[Selection]:
    """The choices of settings, ordered by file name; none without the folder."""
    try:
        return load_selections(folder)
    except (OSError, ValueError) as error:
        raise ReportError(' '.join(str(error).split())) from error
