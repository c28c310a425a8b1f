"""Reads word2vec's text and binary formats, and GloVe's text, as such files are in the wild.

gensim's own reader refuses a whole file for one word that is no UTF-8 or has a space in it. Here such words get names
that no proper word has, and stand in nobody's way.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO

import numpy as np

#: Lines from which the number of values is told where no first line states it.
_SAMPLE = 100
#: Bytes read at a time, and those of the longest word.
_CHUNK, _LONGEST = 1 << 20, 1 << 16


def read_text(stream: BinaryIO, count: int | None = None,
              width: int | None = None) -> tuple[list[str], np.ndarray]:
    """Reads lines of a word and its values; the word is whatever stands before the last `width` fields.

    Args:
        stream (BinaryIO): after the first line, if that states the numbers.
        count (int, optional): words that the first line promises; further lines are not read.
        width (int, optional): values of each; if left out, what most of the first lines have.

    Returns:
        tuple[list[str], ndarray]: n words, of which some may be equal, and their vectors, shape (n, width), float32.

    Raises:
        ValueError: a line with too few values, or with something else in their place; names the line.
    """
    lines = _lines(stream, 1 if count is None else 2)
    if width is None:
        sample = list(islice(lines, _SAMPLE))
        width, lines = _width(line for _, line in sample), chain(sample, lines)
    names, values = [], array('f')
    for number, line in islice(lines, count):
        fields = line.rsplit(None, width)
        if len(fields) == width and line[:1].isspace():
            fields.insert(0, b'')
        if len(fields) <= width:
            raise ValueError(f'line {number}: {len(fields) - 1} values for {as_word(fields[0])[:60]!r} instead of '
                             f'{width}')
        try:
            values.extend(map(float, fields[1:]))
        except ValueError:
            wrong = next(field for field in fields[1:] if not _is_number(field))
            raise ValueError(f'line {number}: {as_word(wrong)[:60]!r} is no number') from None
        names.append(as_word(fields[0]))
    if count is not None and len(names) < count:
        raise ValueError(f'unexpected end after {len(names)} of {count} words')
    return names, np.frombuffer(values, np.float32).reshape(-1, width)


def read_binary(stream: BinaryIO, count: int, width: int) -> tuple[list[str], np.ndarray]:
    """Reads words, each with a space and the bytes of its values behind it.

    Args:
        stream (BinaryIO): after the first line.
        count (int): words that the first line promises.
        width (int): values of each.

    Returns:
        tuple[list[str], ndarray]: as `read_text`.

    Raises:
        ValueError: the file ends too early, or holds something else.
    """
    names, vectors = [], np.empty((count, width), np.float32)
    chunk, start = b'', 0
    for row in range(count):
        while (space := chunk.find(b' ', start)) < 0 or len(chunk) <= space + 4 * width:
            if space < 0 and len(chunk) - start > _LONGEST:
                raise ValueError(f'no word where the one after {row} others should be')
            more = stream.read(_CHUNK)
            if not more:
                raise ValueError(f'unexpected end after {row} of {count} words')
            chunk, start = chunk[start:] + more, 0
        names.append(as_word(chunk[start:space].lstrip(b'\n')))
        vectors[row] = np.frombuffer(chunk, '<f4', width, space + 1)
        start = space + 1 + 4 * width
    return names, vectors


def as_word(text: bytes) -> str:
    """Decodes a word; bytes that are no UTF-8 become characters that no text has, so that it equals no other word."""
    return text.decode('utf-8', 'surrogateescape')


def numbers_at_end(line: bytes) -> int:
    """How many fields at the end of a line are numbers, leaving at least one for the word."""
    fields = line.split()
    run = next((i for i, field in enumerate(reversed(fields)) if not _is_number(field)), len(fields))
    return max(min(run, len(fields) - 1), 0)


def _lines(stream: BinaryIO, first: int) -> Iterator[tuple[int, bytes]]:
    """Numbers and content of all lines that are not blank."""
    for number, line in enumerate(stream, first):
        if content := line.rstrip():
            yield number, content


def _width(lines: Iterable[bytes]) -> int:
    found = Counter(map(numbers_at_end, lines)).most_common(1)  # of equally many, the first
    if not found or not found[0][0]:
        raise ValueError('its first lines hold no word with numbers behind it')
    return found[0][0]


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
