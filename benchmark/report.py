"""Renders Markdown and figures from the records in a folder, and from nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # run as a script: the repository root takes the place of this file's own folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from collections.abc import Sequence

from benchmark import terminal
from benchmark.errors import Parser, UsageError
from benchmark.records import Record
from benchmark.reporting import loading, markdown
from benchmark.reporting.bootstrap import CountsError
from benchmark.reporting.facts import PublishedError, load_facts
from benchmark.reporting.grouping import by_dataset
from benchmark.reporting.rows import Dataset
from benchmark.selection import Selection, load_selections

DEFAULT_REPORTS = Path(__file__).resolve().parents[1] / 'reports'


class ReportError(Exception):
    """There is no folder of records, or one of them cannot be read."""


def render(reports: Path) -> list[Path]:
    """Renders one page per data set and the index; the same records always give the same bytes.

    Data sets with published numbers have a page even if no record of them is there.

    Args:
        reports: the folder with ``records/*.json`` and, if settings were chosen, ``selection/*.json``, into which
            pages and ``figures/`` are written.

    Returns:
        list[Path]: the files written, figures first within each data set, the index last.

    Raises:
        ReportError: there is no folder of records, or a record, a selection or a published table is
            damaged.
    """
    records, selections = _load(Path(reports) / 'records'), _selections(Path(reports) / 'selection')
    found = {dataset.name: dataset for dataset in by_dataset(records, selections)}
    try:
        names = sorted({*found, *load_facts().datasets})
        datasets = [found.get(name, Dataset(name, [])) for name in names]
        written = [path for dataset in datasets for path in markdown.write_dataset(dataset, Path(reports))]
    except (PublishedError, CountsError) as error:
        raise ReportError(str(error)) from error
    return [*written, markdown.write_index(datasets, Path(reports))]


def _load(folder: Path) -> list[Record]:
    if not folder.is_dir():
        raise ReportError(f'{folder}: no such folder; a finished run leaves its records there')
    try:
        return loading.load(folder)
    except (OSError, ValueError) as error:
        raise ReportError(' '.join(str(error).split())) from error


def _selections(folder: Path) -> list[Selection]:
    """The choices of settings, ordered by file name; none without the folder."""
    try:
        return load_selections(folder)
    except (OSError, ValueError) as error:
        raise ReportError(' '.join(str(error).split())) from error


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line: 0 when rendered, 2 for a wrong call."""
    parser = Parser(prog='report.py', description=__doc__)
    parser.add_argument('--reports', type=Path, default=DEFAULT_REPORTS, metavar='DIR',
                        help='folder with records/*.json; pages and figures are written into it (default: reports)')
    try:
        written = render(parser.parse_args(argv).reports)
    except (UsageError, ReportError) as error:
        print(f'{parser.prog}: {error}', file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0


if __name__ == '__main__':
    sys.exit(main())
