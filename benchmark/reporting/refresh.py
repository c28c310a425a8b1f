"""Renders what is no longer of its records; figures take seconds, and most repetitions of a command change nothing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmark import REFERENCE, ROOT

#: Files of the two packages that pages are made with.
_SOURCES = {'.py', '.j2', '.js', '.css', '.yaml', '.csv'}
_LINK = re.compile(r'\]\(([\w./~-]+\.(?:md|png|html))\)')


def refresh(reports: Path, data_root: Path | None = None) -> None:
    """Renders, unless all pages and figures are there and bear the time of `newest`.

    Args:
        reports (Path): see `benchmark.reporting.render`.
        data_root (Path, optional): see there; left out in the repository's own reports, since photographs belong to
            their owners. All others show these beside them.

    Raises:
        ReportError: see `benchmark.reporting.render`.
    """
    own = reference_of(reports)
    if not _is_fresh(reports, own):
        from benchmark.reporting.render import render
        render(reports, data_root if own else None, own)


def reference_of(reports: Path) -> Path | None:
    """The folder whose numbers stand beside those of another one; None for that folder itself."""
    return None if reports.resolve() == REFERENCE else REFERENCE


def newest(reports: Path, reference: Path | None = None) -> int:
    """When something that pages are made of was last changed, added or removed, in ns since the epoch."""
    folders = [reports / 'records', reports / 'selection', *([reference / 'records'] if reference else [])]
    found = [*folders, *(path for folder in folders if folder.is_dir() for path in folder.iterdir())]
    found += [path for package in ('benchmark', 'zs_methods') for path in (ROOT / package).rglob('*')
              if path.suffix in _SOURCES]
    return max(map(_changed, found))


def stamp(written: Iterable[Path], time: int) -> None:
    """Gives pages and figures the time of what they were made of, as it was before that was read.

    The clock would not do: a record may come while pages are drawn, and another machine may have another clock.
    """
    for path in written:
        with contextlib.suppress(OSError):  # they are rendered once more then
            os.utime(path, ns=(time, time))


def _is_fresh(reports: Path, reference: Path | None) -> bool:
    time = newest(reports, reference)
    return all(_changed(path) == time for path in _pages(reports))


def _pages(reports: Path) -> Iterator[Path]:
    """The front page, and all pages and figures that can be reached from it by links."""
    seen, waiting = set(), [reports / 'README.md']
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            yield page
            waiting += _linked(page) if page.suffix == '.md' else []


def _linked(page: Path) -> list[Path]:
    try:
        return [Path(os.path.normpath(page.parent / link)) for link in _LINK.findall(page.read_text(encoding='utf-8'))]
    except OSError:
        return []


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # not there, or no longer
        return 0
