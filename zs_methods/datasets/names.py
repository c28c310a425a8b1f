"""What names and texts from a description may be: one visible line, and never a way to another folder."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

#: Longest name in characters: names become parts of file names.
MAX_NAME = 60
#: Unicode's categories of what cannot be seen, and the marks that turn the direction of writing.
_HIDDEN = ('Cc', 'Cs', 'Zl', 'Zp')
_TURNING = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'


def visible(text: str | Path) -> str:
    """A text or path with the code in place of what cannot be seen or is no UTF-8, which then shows its bytes."""
    def code(c: str) -> str:
        return f'\\x{ord(c) - 0xdc00:02x}' if '\udc80' <= c <= '\udcff' else ascii(c)[1:-1]
    return ''.join(c if c.isprintable() else code(c) for c in str(text))


def shown(text: str, limit: int = 400) -> str:
    """A text in one line for a message, see `visible`."""
    line = visible(' '.join(text.split()))
    return line if len(line) <= limit else f'{line[:limit]}...'


def composed(name: str) -> str:
    """A name in the one form in which names are compared: file systems and programs write accents in two ways."""
    return unicodedata.normalize('NFC', name)


def _visible(text: str) -> str:
    hidden = next((c for c in text if unicodedata.category(c) in _HIDDEN or c in _TURNING), None)
    if hidden:
        raise ValueError(f'{text[:60]!r} has a line break or invisible control character, U+{ord(hidden):04X}')
    return text


def _one_line(text: str) -> str:
    if text != text.strip() or not text:
        raise ValueError(f'{text[:60]!r}: a name is neither empty nor begins or ends with a space')
    return _visible(text)


def _prose(text: str) -> str:
    _visible(' '.join(text.split()))  # line breaks are folded where it is printed
    return text


def _inside(path: str) -> str:
    if Path(path).is_absolute() or '..' in Path(path).parts:
        raise ValueError(f'{path[:60]!r} must be a path below the data set\'s folder, without ".."')
    return _visible(path)


def _suffix(text: str) -> str:
    if '/' in text or '\\' in text:
        raise ValueError(f"{text[:60]!r}: a suffix is the end of a file's name, such as .png, without a folder")
    return _visible(text)


def plain(name: str) -> str:
    """Returns a name that may be part of a file name.

    Raises:
        ValueError: it may not; one line.
    """
    if not re.fullmatch(r'[A-Za-z][A-Za-z0-9_-]*', name) or re.fullmatch(r'k\d+', name) or len(name) > MAX_NAME:
        raise ValueError(f'{name[:MAX_NAME]!r}: a name has letters, digits, - and _, at most {MAX_NAME}, and is no k '
                         'and number')
    return name


RelativePath = Annotated[str, Field(max_length=500), AfterValidator(_inside)]
Suffix = Annotated[str, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_suffix)]
Name = Annotated[str, AfterValidator(plain)]
ClassName = Annotated[str, Field(max_length=100), AfterValidator(_one_line)]
Prose = Annotated[str, Field(max_length=2000), AfterValidator(_prose)]
