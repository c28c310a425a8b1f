"""Writes ``index.html``: one file with all that it shows, which asks nothing of any network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.reporting.html.content import content
from benchmark.reporting.statistics.pairs import Comparison
from benchmark.reporting.tables import conditions
from benchmark.reporting.tables.markup import TEMPLATES, write
from benchmark.reporting.tables.rows import Dataset

NAME = 'index.html'
#: The parts of the program, in the order in which they are read.
_SCRIPTS = ('elements', 'filters', 'answers', 'curves', 'table', 'detail', 'gallery', 'main')
#: What could end a block of JSON inside of HTML, or a line of a script, as JSON writes it otherwise.
_ESCAPES = {ord(character): f'\\u{ord(character):04x}' for character in '<>&\u2028\u2029'}


def write_page(datasets: Sequence[Dataset], comparisons: Mapping[str, Sequence[Comparison]], reports: Path) -> Path:
    """Writes the page of all data sets; the same records give the same bytes.

    Args:
        datasets (Sequence[Dataset]): all of them.
        comparisons (Mapping): slug of a section -> its comparisons.
        reports (Path): where to.
    """
    return write(
        reports / NAME, 'html/index.html.j2', data=as_json(content(conditions.in_order(datasets), comparisons)),
        style=_source('page.css'), script='\n'.join(_source(f'{name}.js') for name in _SCRIPTS))


def as_json(value: Any) -> str:
    """Writes JSON that is safe inside of a ``<script>`` element, whatever the texts in it.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'), allow_nan=False).translate(_ESCAPES)


def _source(name: str) -> str:
    return (TEMPLATES / 'html' / name).read_text(encoding='utf-8').strip()
