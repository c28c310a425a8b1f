"""Reads files of word vectors; whatever is wrong with one becomes an error of one line."""

from __future__ import annotations

import codecs
import gzip
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np

from zs_methods.vectors.safe_kv import read_kv
from zs_methods.vectors.streams import as_word, numbers_at_end, read_binary, read_text

#: What files of word vectors may be called.
SUFFIXES = ('.txt', '.vec', '.bin', '.kv', '.npz', '.gz')
#: deflate makes nothing smaller than to its 1032nd part.
_INFLATES = 1032
#: Bytes of the longest first line and first entry that are looked at.
_LINE = 1 << 16


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors, under the names that they have in gensim, which takes a second to import.

    Attributes:
        index_to_key (list[str]): the words, row by row; of equal ones, the first counts.
        vectors (ndarray): shape (n, d).
    """

    index_to_key: list[str]
    vectors: np.ndarray

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """The row of every word."""
        return {word: row for row, word in reversed(list(enumerate(self.index_to_key)))}

    @property
    def vector_size(self) -> int:
        """Values of a vector, d."""
        return self.vectors.shape[1]

    def __getitem__(self, word: str) -> np.ndarray:
        """The vector of a word, shape (d,)."""
        return self.vectors[self.key_to_index[word]]


def read(file: Path) -> WordVectors:
    """Reads ``.txt``, ``.vec``, ``.bin``, ``.kv``, ``.npz``, or ``.gz``; of equal words, the first counts.

    What is in a ``.gz``, text or binary, is told by its first entry, as gensim's downloader keeps its models.

    Raises:
        ValueError: unknown format, damaged, no word vectors, or a ``.kv`` that could run code; one line.
        OSError: the file cannot be read.
    """
    if file.suffix not in SUFFIXES:
        raise ValueError(f'{file}: word vectors must be .txt, .vec, .bin, .kv or .npz, or .gz of the first three')
    hint = "; a .gz holds word2vec's or GloVe's text, or word2vec's binary format" if file.suffix == '.gz' else ''
    with _one_line(file, hint):
        if file.suffix == '.npz':
            return _filled(*_read_npz(file))
        if file.suffix == '.kv':
            return _filled(*read_kv(file))
        binary = None if file.suffix == '.gz' else file.suffix == '.bin'
        with _opened(file) as (stream, size):
            return _filled(*_read_word2vec(stream, size, binary))


@contextmanager
def _one_line(file: Path, hint: str = '') -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a damaged file can raise nearly anything
        if isinstance(error, OSError) and error.errno is not None:  # of the disk; gzip raises its own without a number
            raise
        text = ' '.join(str(error).split()).removeprefix(f'{file}: ') or type(error).__name__
        if 'allow_pickle' in text:
            text = 'it holds Python objects in place of plain arrays'
        raise ValueError(f'{file}: damaged, or no word vectors: {text[:200]}{hint}') from None


def _filled(words: Sequence[str], vectors: np.ndarray) -> WordVectors:
    if not vectors.size:
        raise ValueError('it holds none')
    return WordVectors(list(words), vectors)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int]]:
    """The content, inflated whatever the file is called, and how many bytes it has at most."""
    size = file.stat().st_size
    with open(file, 'rb') as stream:
        if not stream.peek(2).startswith(b'\x1f\x8b'):
            yield stream, size
            return
    with gzip.open(file) as stream:
        yield stream, _INFLATES * size


def _read_word2vec(stream: BinaryIO, size: int, binary: bool | None) -> tuple[list[str], np.ndarray]:
    """Reads word2vec's formats, or GloVe's, which is its text without the first line.

    Args:
        stream (BinaryIO): the file.
        size (int): bytes that it has at most.
        binary (bool, optional): whether vectors are bytes; told by the first one if left out.
    """
    header = stream.readline(_LINE)
    if header.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError('its text is UTF-16; save it as UTF-8')
    mark = len(codecs.BOM_UTF8) if header.startswith(codecs.BOM_UTF8) else 0
    sizes = header[mark:].split()
    if not sizes:
        raise ValueError('its first line is empty')
    if len(sizes) != 2 and not binary:
        stream.seek(mark)
        return read_text(stream)
    if len(sizes) != 2 or not all(number.isdigit() for number in sizes):
        raise ValueError('its first line must be the number of words and the number of values of each')
    count, width = map(int, sizes)
    if not count or not width or count * width * (4 if binary else 2) > size:  # checked before anything is allocated
        raise ValueError(f'its first line promises {count} words of {width} values, which cannot be in it')
    if binary is None:
        binary = numbers_at_end(stream.readline(_LINE)) < width
        stream.seek(len(header))
    return (read_binary if binary else read_text)(stream, count, width)


def _read_npz(file: Path) -> tuple[list[str], np.ndarray]:
    with open(file, 'rb') as stream:
        if not zipfile.is_zipfile(stream):
            raise ValueError('it is cut off, or no .npz file')
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as table:
            if not {'vectors', 'names'} <= set(table.files):
                raise ValueError(f'it needs the arrays vectors and names, and holds {table.files}')
            vectors, names = table['vectors'], table['names']
    if vectors.ndim != 2 or names.shape != vectors.shape[:1] or vectors.dtype.kind not in 'fiu':
        raise ValueError(f'names of shape {names.shape} do not fit vectors of shape {vectors.shape} and type '
                         f'{vectors.dtype}')
    words = [as_word(name) if isinstance(name, bytes) else str(name) for name in names.tolist()]
    return words, vectors.astype(np.float32)
