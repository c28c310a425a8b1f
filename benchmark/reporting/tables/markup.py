"""Text that is safe in Markdown and in file names, and the filling of templates."""

from __future__ import annotations

import hashlib
import html
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_ENTITIES = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '|': '&#124;', '`': '&#96;', '*': '&#42;', '\\': '&#92;',
             '~': '&#126;', '[': '&#91;', ']': '&#93;'}
_SPECIAL = re.compile(r'[&<>|`*\\~]|\[(?=[^\]]*\][(\[])|\](?=[(\[])|(?<!\w)_|_(?!\w)')
#: What would make a heading, a list, a rule or a definition of a link of a line that begins with it.
_BLOCK = re.compile(r'^([#+=-]+|\d+[.)])(?=\s|$)|^\[(?=[^\]]*\]:)')
#: Longest text, and longest name of a file before its suffix; records come from anywhere.
_MAX_TEXT, _MAX_SLUG = 5000, 100
#: What else lies beside the pages, a folder with a user's own ones among it.
_TAKEN = {'readme', 'local'}
#: Widest table of a page, in characters with three more for every column: about 1,000 px in a browser's usual font.
MAX_WIDTH = 120
TEMPLATES = Path(__file__).parents[1] / 'templates'
_MARKUP = re.compile(r'\*\*|<[^>]+>|\[|\]\([^)]*\)')


def visible(text: object) -> str:
    """A text as one line of limited length, with the code in place of what cannot be seen or even be written."""
    line = ''.join(c if c.isprintable() else ascii(c)[1:-1] for c in ' '.join(str(text).split()))
    return line if len(line) <= _MAX_TEXT else f'{line[:_MAX_TEXT]}…'


def escape(text: object) -> str:
    """Makes any text safe inside a Markdown line or table cell: one line, nothing that is markup."""
    line = visible(text)
    line = _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], '&#95;'), line)
    return _BLOCK.sub(lambda match: f'{match[0][:-1]}&#{ord(match[0][-1])};', line)


def table(frame: pd.DataFrame, numeric: Sequence[str] = (), keys: int = 0) -> str:
    """Writes a data frame of text as a Markdown table, ``numeric`` columns to the right; '' if it is empty.

    With ``keys``, what would be wider than `MAX_WIDTH` becomes several tables, each with the first so many columns.
    """
    return '' if frame.empty else escaped_table(frame.map(escape), numeric, keys)


def escaped_table(frame: pd.DataFrame, numeric: Sequence[str] = (), keys: int = 0) -> str:
    """As `table`, for cells that are Markdown already."""
    def one(part: pd.DataFrame) -> str:
        align = ['right' if name in numeric or name == 'K' else 'left' for name in part.columns]
        return part.rename(columns=escape).to_markdown(index=False, tablefmt='pipe', disable_numparse=True,
                                                       colalign=align)

    return '\n\n'.join(map(one, _that_fit(frame, keys)))


def width(frame: pd.DataFrame) -> int:
    """Characters that a table takes across, three of them between columns; markup is not seen and does not count."""
    return sum(_column_width(frame, place) for place in range(frame.shape[1]))


def _column_width(frame: pd.DataFrame, place: int) -> int:
    cells = [str(frame.columns[place]), *map(str, frame.iloc[:, place])]
    return 3 + max(len(html.unescape(_MARKUP.sub('', cell))) for cell in cells)


def _that_fit(frame: pd.DataFrame, keys: int) -> list[pd.DataFrame]:
    """The columns of a frame, dealt out to several if it is too wide for one."""
    if not keys or width(frame) <= MAX_WIDTH:
        return [frame]
    first, parts = list(range(keys)), []
    room = MAX_WIDTH - width(frame.iloc[:, :keys])
    taken, left = [], 0
    for place in range(keys, frame.shape[1]):
        own = _column_width(frame, place)
        if not taken or own > left:
            taken, left = [], room
            parts.append(taken)
        taken.append(place)
        left -= own
    return [frame.iloc[:, [*first, *part]] for part in parts]


def bullets(items: Iterable[tuple[str, object]]) -> str:
    """Writes names and texts, which may be long, as a list."""
    return '\n'.join(f'- {escape(name)}: {escape(text)}' for name, text in items)


def short_hash(text: str) -> str:
    """Six hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def slug(name: str) -> str:
    """Turns a name into a file name; names that had to change carry a hash, so that no two meet."""
    safe = re.sub(r'[^\w.-]', '-', name, flags=re.ASCII).lstrip('.')[:_MAX_SLUG]
    if safe == name and name.lower() not in _TAKEN:
        return safe
    return f'{safe}-{short_hash(name)}'


def fill(template: str, **content: Any) -> str:
    """Fills a template; ends with one newline and never has two blank lines in a row."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True)
    environment.filters['md'] = escape
    return re.sub(r'\n{3,}', '\n\n', environment.get_template(template).render(**content)).strip() + '\n'


def write(path: Path, template: str, **content: Any) -> Path:
    """Fills a template and puts the page in place in one step."""
    return put(path, fill(template, **content))


def put(path: Path, text: str) -> Path:
    """Writes a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}')
    temporary.write_text(text, encoding='utf-8', newline='\n')
    os.replace(temporary, path)
    return path
