"""Class vectors from word vectors, for class names of one or several words."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from zs_methods.hashes import file_sha256
from zs_methods.vectors import files as vector_files
from zs_methods.vectors.files import WordVectors
from zs_methods.vectors.safe_kv import companions

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


def load_class_vectors(classes: Sequence[str], file: Path | str, aliases: Mapping[str, str] | None = None,
                       normalise: str = 'max') -> np.ndarray:
    """Looks up one vector per class.

    The entry of exactly the name comes first, then that of its alias, then the mean of the vectors of its words
    (split at space, hyphen, underscore and slash), each as written or in lower case, in whichever of Unicode's forms.
    Of words that a file has twice, the first counts.

    The vectors of several files are joined end to end, in the files' order. The rule of `normalise` is applied to those
    of each file, so that none outweighs another because of its scale, and then to the whole, so that what the rule
    promises of lengths holds.

    Args:
        classes (Sequence[str]): class names; the position is the class id.
        file (Path): word2vec or GloVe text (``.txt``, ``.vec``), word2vec binary (``.bin``), either in ``.gz``,
            gensim's own ``.kv``, or ``.npz`` with ``vectors``, shape (n, d), and ``names``, shape (n,); several are
            joined by ``+``.
        aliases (Mapping[str, str], optional): class name -> words to look up instead, whatever else the file or
            `ALIASES` have for that name.
        normalise (str): ``max`` divides all vectors by the largest norm, ``l2`` each by its own, ``none`` leaves
            them as they are.

    Returns:
        ndarray: shape (C, d), float32, no unit; d is the sum over the files.

    Raises:
        MissingWordError: a word is not in the file; names the class, the word and similar spellings.
        ValueError: unknown format or normalisation, a damaged file, or a class vector that is zero or not finite.
        OSError: the file cannot be read.

    Source: largest-norm scaling is that of ZS3's VOC file (valeoai/ZS3 6031f4a, ``norm_embed_arr_300.pkl``); fastText
    and word2vec joined and of length 1 is the class matrix of SPNet (subhc/SPNet 292ff5a).
    """
    if normalise not in NORMALISATIONS:
        raise ValueError(f'normalise must be one of {NORMALISATIONS}, got {normalise!r}')
    parts = [_scaled(_vectors(classes, Path(part), aliases or {}), normalise) for part in split_files(file)]
    vectors = parts[0] if len(parts) == 1 else _scaled(np.concatenate(parts, axis=1), normalise)
    return vectors.astype(np.float32)


def _vectors(classes: Sequence[str], file: Path, aliases: Mapping[str, str]) -> np.ndarray:
    words = read_word_vectors(file)
    vectors = np.stack([_class_vector(name, words, aliases, file) for name in classes])
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = ~(np.isfinite(norms) & (norms > 0))[:, 0]
    if wrong.any():
        raise ValueError(f'{file}: vector of class {classes[int(wrong.argmax())]!r} is zero or not finite')
    return vectors


def _scaled(vectors: np.ndarray, normalise: str) -> np.ndarray:
    if normalise == 'none':
        return vectors
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / (norms.max() if normalise == 'max' else norms)


def split_files(text: Path | str, names: Collection[str] = ()) -> list[str]:
    """Takes ``a.txt+b.npz`` apart; a plus sign counts only behind the suffix of a file of word vectors, or a name.

    Args:
        text (Path | str): one file or name, or several joined by ``+``.
        names (Collection[str]): short names that may stand for files.
    """
    parts, pending = [], None
    for piece in str(text).split('+'):
        pending = piece if pending is None else f'{pending}+{piece}'
        if pending in names or pending.endswith(vector_files.SUFFIXES):
            parts.append(pending)
            pending = None
    return parts if pending is None else [*parts, pending]


def vectors_name(files: Path | str) -> str:
    """Names of one or several files of word vectors without their folders, joined by ``+``."""
    return '+'.join(Path(part).name for part in split_files(files))


def read_word_vectors(file: Path) -> WordVectors:
    """Reads a file of word vectors; the last ones read stay in memory until they change on disk.

    Raises:
        ValueError: unknown format, damaged, no word vectors, or a ``.kv`` that could run code; one line.
        OSError: the file cannot be read.
    """
    return _read(file, file.stat().st_mtime_ns)


def vectors_sha256(file: Path | str) -> str:
    """SHA-256 of a file of word vectors; of a ``.kv`` file, together with those of the arrays beside it.

    Several files, joined by ``+``, have one hash, which depends on their order.

    It is computed once while the files stay as they are.
    """
    digests = [_sha256(part, part.stat().st_mtime_ns, part.stat().st_size)
               for each in map(Path, split_files(file))
               for part in (each, *(companions(each) if each.suffix == '.kv' else ()))]
    return digests[0] if len(digests) == 1 else hashlib.sha256(' '.join(digests).encode()).hexdigest()


@lru_cache(maxsize=64)
def _sha256(file: Path, mtime_ns: int, size: int) -> str:
    return file_sha256(file)


def spellings(name: str, aliases: Mapping[str, str] | None = None) -> list[str]:
    """Every entry that `load_class_vectors` may look up for a class, whatever the file holds."""
    phrases = [(aliases or {}).get(name), name, ALIASES.get(name)]
    keys = (key for phrase in phrases if phrase
            for key in (phrase, *(word for part in _SEPARATORS.split(phrase) if part for word in (part, part.lower()))))
    return list(dict.fromkeys(form for key in keys for form in _forms(key)))


@lru_cache(maxsize=2)
def _read(file: Path, mtime_ns: int) -> WordVectors:
    return vector_files.read(file)


def resolve(name: str, words: WordVectors, aliases: Mapping[str, str] | None = None) -> tuple[list[str], str | None]:
    """The entries whose mean is the vector of a class, and the first word that the file lacks."""
    phrase = (aliases or {}).get(name) or (name if _entry(words, name) else ALIASES.get(name, name))
    return _keys(phrase, words)


def _class_vector(name: str, words: WordVectors, aliases: Mapping[str, str], file: Path) -> np.ndarray:
    keys, missing = resolve(name, words, aliases)
    if missing:
        known = islice(words.key_to_index, _SUGGEST_AMONG)
        near = ', '.join(difflib.get_close_matches(missing, known)) or 'none'
        raise MissingWordError(f'no vector for word {missing!r} of class {name!r} in {file}; similar words: {near}')
    return np.mean([words[key] for key in keys], axis=0, dtype=np.float64)


def _keys(phrase: str, words: WordVectors) -> tuple[list[str], str | None]:
    """The file's spelling of every word, and the first word that it lacks."""
    if whole := _entry(words, phrase):
        return [whole], None
    keys = []
    for word in filter(None, _SEPARATORS.split(phrase)):
        key = _entry(words, word, word.lower())
        if key is None:
            return [], word
        keys.append(key)
    return keys, None if keys else phrase


def _entry(words: WordVectors, *spelled: str) -> str | None:
    """The first spelling that the file has; an accent may be a character of its own in one place and not in another."""
    return next((form for text in spelled for form in _forms(text) if form in words.key_to_index), None)


def _forms(text: str) -> list[str]:
    """A text as it is, and in Unicode's composed and decomposed forms where they differ."""
    return list(dict.fromkeys((text, unicodedata.normalize('NFC', text), unicodedata.normalize('NFD', text))))
