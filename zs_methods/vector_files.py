"""Reads files of word vectors; whatever is wrong with one becomes an error of one line."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors

from zs_methods.safe_kv import read_kv

#: What files of word vectors may be called.
SUFFIXES = ('.txt', '.vec', '.bin', '.kv', '.npz')
#: deflate makes nothing smaller than to its 1032nd part.
_INFLATES = 1032


class _Checked(KeyedVectors):
    """gensim repeats a single value over the whole vector; here the row is refused."""

    def add_vector(self, key: str, vector: Sequence[float]) -> int:
        if len(vector) != self.vector_size:
            raise ValueError(f'{len(vector)} values for {key[:60]!r} instead of {self.vector_size}')
        return super().add_vector(key, vector)


def read(file: Path) -> KeyedVectors:
    """Reads ``.txt``, ``.vec``, ``.bin``, ``.kv`` or ``.npz``.

    Raises:
        ValueError: unknown format, damaged, no word vectors, or a ``.kv`` that could run code; one line.
        OSError: the file cannot be read.
    """
    if file.suffix not in SUFFIXES:
        raise ValueError(f'{file}: word vectors must be .txt, .vec, .bin, .kv or .npz')
    with _one_line(file):
        if file.suffix == '.npz':
            return _filled(_read_npz(file))
        if file.suffix == '.kv':
            return _filled(_keyed(*read_kv(file)))
        with open(file, 'rb') as stream:
            header = stream.readline(1 << 16)
        return _filled(_read_word2vec(file, header, file.suffix == '.bin', file.stat().st_size))


def read_compressed(file: Path) -> KeyedVectors:
    """Reads ``.gz``, text or binary, told apart by the first entry, as gensim's downloader keeps its models.

    Raises:
        ValueError: damaged, or no word vectors; one line.
        OSError: the file cannot be read.
    """
    with _one_line(file, "; a .gz holds word2vec's or GloVe's text, or word2vec's binary format"):
        with gzip.open(file) as stream:
            header = stream.readline(1 << 16)
            first = stream.readline(1 << 16)
        sizes = header.split()
        binary = len(sizes) == 2 and len(first.split()) != int(sizes[1]) + 1
        return _filled(_read_word2vec(file, header, binary, _INFLATES * file.stat().st_size))


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


def _filled(words: KeyedVectors) -> KeyedVectors:
    if not words.vectors.size:
        raise ValueError('it holds none')
    return words


def _read_word2vec(file: Path, header: bytes, binary: bool, size: int) -> KeyedVectors:
    """Reads word2vec's formats, or GloVe's, which is its text without the first line.

    Args:
        file (Path): plain or ``.gz``.
        header (bytes): its first line.
        binary (bool): whether vectors are bytes.
        size (int): bytes that it has at most when inflated.
    """
    sizes = header.split()
    if not sizes:
        raise ValueError('its first line is empty')
    if len(sizes) != 2 and not binary:
        return _Checked.load_word2vec_format(str(file), no_header=True)
    if len(sizes) != 2 or not all(number.isdigit() for number in sizes):
        raise ValueError('its first line must be the number of words and the number of values of each')
    count, width = map(int, sizes)
    if not count or not width or count * width * (4 if binary else 2) > size:  # checked before gensim allocates
        raise ValueError(f'its first line promises {count} words of {width} values, which cannot be in it')
    return _Checked.load_word2vec_format(str(file), binary=binary)


def _read_npz(file: Path) -> KeyedVectors:
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
    words = KeyedVectors(vectors.shape[1])
    words.add_vectors([str(name) for name in names], vectors.astype(np.float32))
    return words


def _keyed(names: Sequence[str], vectors: np.ndarray) -> KeyedVectors:
    """Puts names and vectors, shape (n, d), together without copying the vectors; the first of equal names counts."""
    words = KeyedVectors(vectors.shape[1])
    words.index_to_key, words.vectors = list(names), vectors
    words.key_to_index = {name: row for row, name in reversed(list(enumerate(names)))}
    return words
