"""Pages of made-up records, and what stands on them."""

from __future__ import annotations

from pathlib import Path

from fakes import save_all

from benchmark.records.files import Record
from benchmark.reporting.pages import TOPICS
from benchmark.reporting.render import render
from benchmark.reporting.tables import terminal as tables
from benchmark.reporting.tables.grouping import by_dataset


def page(records: list[Record], reports: Path, name: str = 'shapes') -> str:
    """Renders, and returns the page of a data set and all below it, one after the other."""
    render(save_all(records, reports))
    return whole(reports, name)


def whole(reports: Path, name: str = 'shapes') -> str:
    """All rendered pages of a data set, one after the other."""
    places = [name, *(f'{name}/{topic}' for topic, *_ in TOPICS)]
    return '\n'.join(path.read_text(encoding='utf-8') for place in places
                     for path in sorted(reports.glob(f'{place}.md')) + sorted(reports.glob(f'{place}~*.md')))


def topic(reports: Path, which: str, name: str = 'shapes') -> str:
    """A rendered page below that of a data set."""
    return (reports / name / f'{which}.md').read_text(encoding='utf-8')


def lines(text: str, *parts: str) -> list[list[str]]:
    """Cells of the table lines that contain all parts."""
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines()
            if line.startswith('|') and all(part in line for part in parts)]


def one_section(records: list[Record]) -> tables.Section:
    """Groups records of one data set and protocol."""
    (dataset,) = by_dataset(records)
    (section,) = dataset.sections
    return section
