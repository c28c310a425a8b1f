"""Class vectors from word vectors, for class names of one or several words."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from gensim.models import KeyedVectors

NORMALISATIONS = ('max', 'l2', 'none')

#: Names as the data sets write them -> words to look up, unless the file has an entry of that very name.
ALIASES = {
    # Pascal-VOC and Pascal-Context
    'aeroplane': 'airplane', 'motorbike': 'motorcycle', 'diningtable': 'dining table', 'pottedplant': 'potted plant',
    'tvmonitor': 'tv monitor', 'bedclothes': 'bed clothes',
    # COCO-Stuff; "-other" and "-stuff" only tell apart two lists of that data set
    'playingfield': 'playing field', 'waterdrops': 'water drops',
    **{f'{name}-stuff': name for name in ('desk', 'door', 'mirror')},
    **{f'{name}-other': name for name in (
        'building', 'ceiling', 'floor', 'food', 'furniture', 'ground', 'plant', 'sky', 'solid',
        'structural', 'textile', 'wall', 'water', 'window')},
}

_SEPARATORS = re.compile(r'[\s\-_/]+')
_SUGGEST_AMONG = 100_000


class MissingWordError(KeyError):
    """A word of a class name has no vector."""

    def __str__(self) -> str:
        """The message itself; KeyError would quote it."""
        return str(self.args[0])


def load_class_vectors(classes: Sequence[str], file: Path, aliases: Mapping[str, str] | None = None,
                       normalise: str = 'max') -> np.ndarray:
    """Looks up one vector per class.

    The entry of exactly the name comes first, then that of its alias, then the mean of the vectors of its words
    (split at space, hyphen, underscore and slash), each as written or in lower case.

    Args:
        classes (Sequence[str]): class names; the position is the class id.
        file (Path): word2vec or GloVe text (``.txt``, ``.vec``), word2vec binary (``.bin``), or ``.npz`` with
            ``vectors``, shape (n, d), and ``names``, shape (n,).
        aliases (Mapping[str, str], optional): class name -> words to look up instead, whatever else the file or
            `ALIASES` have for that name.
        normalise (str): ``max`` divides all vectors by the largest norm, ``l2`` each by its own, ``none`` leaves
            them as they are.

    Returns:
        ndarray: shape (C, d), float32, no unit.

    Raises:
        MissingWordError: a word is not in the file; names the class, the word and similar spellings.
        ValueError: unknown format or normalisation, or a class vector that is zero or not finite.
        OSError: the file cannot be read.

    Source: largest-norm scaling is that of ZS3's VOC file (valeoai/ZS3 6031f4a, ``norm_embed_arr_300.pkl``).
    """
    if normalise not in NORMALISATIONS:
        raise ValueError(f'normalise must be one of {NORMALISATIONS}, got {normalise!r}')
    file = Path(file)
    words = read_word_vectors(file)
    vectors = np.stack([_class_vector(name, words, aliases or {}, file) for name in classes])
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = ~(np.isfinite(norms) & (norms > 0))[:, 0]
    if wrong.any():
        raise ValueError(f'{file}: vector of class {classes[int(wrong.argmax())]!r} is zero or not finite')
    if normalise != 'none':
        vectors = vectors / (norms.max() if normalise == 'max' else norms)
    return vectors.astype(np.float32)


def read_word_vectors(file: Path) -> KeyedVectors:
    """Reads a file of word vectors; the last ones read stay in memory until they change on disk.

    Raises:
        ValueError: unknown format, or an ``.npz`` without ``vectors`` and ``names``.
        OSError: the file cannot be read.
    """
    return _read(file, file.stat().st_mtime_ns)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@lru_cache(maxsize=2)
def _read(file: Path, mtime_ns: int) -> KeyedVectors:
    if file.suffix == '.npz':
        return _read_npz(file)
    if file.suffix == '.bin':
        return KeyedVectors.load_word2vec_format(str(file), binary=True)
    if file.suffix in ('.txt', '.vec'):
        with open(file, encoding='utf-8') as lines:
            glove = len(lines.readline().split()) != 2
        return KeyedVectors.load_word2vec_format(str(file), no_header=glove)
    pickled = '; .kv holds a pickle, which may run code: save it with save_word2vec_format' * (file.suffix == '.kv')
    raise ValueError(f'{file}: word vectors must be .txt, .vec, .bin or .npz{pickled}')


def _read_npz(file: Path) -> KeyedVectors:
    with np.load(file, allow_pickle=False) as table:
        if not {'vectors', 'names'} <= set(table.files):
            raise ValueError(f'{file}: needs the arrays vectors and names, holds {table.files}')
        vectors, names = table['vectors'].astype(np.float32), [str(name) for name in table['names']]
    if vectors.ndim != 2 or len(vectors) != len(names):
        raise ValueError(f'{file}: {len(names)} names do not fit vectors of shape {vectors.shape}')
    words = KeyedVectors(vectors.shape[1])
    words.add_vectors(names, vectors)
    return words


def _class_vector(name: str, words: KeyedVectors, aliases: Mapping[str, str], file: Path) -> np.ndarray:
    phrase = aliases.get(name) or (name if name in words.key_to_index else ALIASES.get(name, name))
    keys, missing = _keys(phrase, words)
    if missing:
        known = islice(words.key_to_index, _SUGGEST_AMONG)
        near = ', '.join(difflib.get_close_matches(missing, known)) or 'none'
        raise MissingWordError(f'no vector for word {missing!r} of class {name!r} in {file}; similar words: {near}')
    return np.mean([words[key] for key in keys], axis=0, dtype=np.float64)


def _keys(phrase: str, words: KeyedVectors) -> tuple[list[str], str | None]:
    """The file's spelling of every word, and the first word that it lacks."""
    if phrase in words.key_to_index:
        return [phrase], None
    keys = []
    for word in filter(None, _SEPARATORS.split(phrase)):
        key = next((key for key in (word, word.lower()) if key in words.key_to_index), None)
        if key is None:
            return [], word
        keys.append(key)
    return keys, None if keys else phrase
