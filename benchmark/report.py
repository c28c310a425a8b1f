"""Renders Markdown and figures from the records in a folder, and from nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # run as a script: the repository root takes the place of this file's own folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Sequence

from benchmark.records import Record, load_records
from benchmark.reporting import markdown
from benchmark.reporting.rows import by_dataset

DEFAULT_REPORTS = Path(__file__).resolve().parents[1] / 'reports'


class ReportError(Exception):
    """There are no records to render, or one of them cannot be read."""


def render(reports: Path) -> list[Path]:
    """Renders one page per data set and the index; the same records always give the same bytes.

    Args:
        reports: the folder with ``records/*.json``, into which pages and ``figures/`` are written.

    Returns:
        list[Path]: the files written, figures first within each data set, the index last.

    Raises:
        ReportError: there are no records, or one is damaged.
    """
    datasets = by_dataset(_load(Path(reports) / 'records'))
    written = [path for dataset in datasets for path in markdown.write_dataset(dataset, Path(reports))]
    return [*written, markdown.write_index(datasets, Path(reports))]


def _load(folder: Path) -> list[Record]:
    if not folder.is_dir():
        raise ReportError(f'{folder}: no such folder; a finished run leaves its records there')
    try:
        records = load_records(folder)
    except (OSError, ValueError) as error:
        raise ReportError(' '.join(str(error).split())) from error
    if not records:
        raise ReportError(f'{folder}: no records in it, so there is nothing to render')
    return records


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line: 0 when rendered, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog='report.py', description=__doc__)
    parser.add_argument('--reports', type=Path, default=DEFAULT_REPORTS, metavar='DIR',
                        help='folder with records/*.json; pages and figures are written into it (default: reports)')
    arguments = parser.parse_args(argv)
    try:
        written = render(arguments.reports)
    except ReportError as error:
        print(f'{parser.prog}: {error}', file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0


if __name__ == '__main__':
    sys.exit(main())
