"""Reads gensim's own ``.kv`` files, and pickled arrays, without running what is in them.

``KeyedVectors.save`` writes a pickle, and a pickle can call any function. Here every name that a pickle may ask for is
a stand-in of this module that only remembers what it was given; anything else is refused by name. The array of
vectors is then built from the bytes that were remembered, or read from the file beside it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

GENSIM_CLASSES = ('KeyedVectors', 'Word2VecKeyedVectors', 'EuclideanKeyedVectors', 'WordEmbeddingsKeyedVectors',
                  'FastTextKeyedVectors', 'Vocab')


class _Remembered:
    """An object of the pickle: what it was made from and its state."""

    def __new__(cls, *args: Any) -> _Remembered:
        made = super().__new__(cls)
        made.args, made.state = args, None
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Words(_Remembered):
    """KeyedVectors of any version; its state is a dict of attributes."""


class _Array(_Remembered):
    """An array: state (version, shape, dtype, fortran order, bytes), or made from (bytes, dtype, shape, order)."""


class _FromBuffer(_Array):
    """An array as pickle protocol 5 writes it."""


class _DType(_Remembered):
    """A dtype: made from its name, state (version, byte order, ...)."""


def _bytes(text: str, encoding: str = 'latin1') -> bytes:
    return text.encode('latin1')


_ARRAYS = {'_reconstruct': _Array, 'scalar': _Remembered, '_frombuffer': _FromBuffer}
_STAND_INS: dict[tuple[str, str], Any] = {
    **{(f'gensim.models.{module}', name): _Words for module in ('keyedvectors', 'fasttext') for name in GENSIM_CLASSES},
    **{(f'numpy.{core}.{module}', name): stand_in for core in ('core', '_core')
       for module in ('multiarray', 'numeric') for name, stand_in in _ARRAYS.items()},
    ('numpy', 'ndarray'): _Remembered, ('numpy', 'dtype'): _DType, ('_codecs', 'encode'): _bytes,
    ('collections', 'OrderedDict'): dict, ('collections', 'defaultdict'): lambda *_: {},
    **{(module, kind.__name__): kind for module in ('builtins', '__builtin__')
       for kind in (set, frozenset, list, dict, tuple, int, float, bool, str, bytes)},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable:
        """Looks a name up among the stand-ins; never imports anything."""
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise ValueError(f'asks for {module}.{name}, which no file of word vectors needs and which could run '
                             'code: refused') from None

    def persistent_load(self, pid: Any) -> Any:
        """Refuses references to something outside of the file."""
        raise ValueError('refers to objects outside of the file: refused')


def read_kv(file: Path) -> tuple[list[str], np.ndarray]:
    """Reads words and vectors.

    Args:
        file (Path): written by ``KeyedVectors.save`` of gensim 3 or 4; large arrays lie beside it as
            ``<file>.vectors.npy``.

    Returns:
        tuple[list[str], ndarray]: n words, and their vectors, shape (n, d), float.

    Raises:
        ValueError: the file asks for something that could run code, is damaged, or holds no word vectors; one line.
        OSError: it cannot be read.
    """
    content = _load(file)
    state = getattr(content, 'state', None)
    if not isinstance(content, _Words) or not isinstance(state, dict):
        raise ValueError(f'{file}: holds no KeyedVectors; of a whole model, save model.wv')
    words = state.get('index_to_key') or state.get('index2word') or state.get('index2entity')
    beside = state.get('__numpys') or ()
    name = 'syn0' if 'syn0' in (*state, *beside) else 'vectors'
    if name not in (*state, *beside):
        raise ValueError(f'{file}: holds no vectors of whole words, as the classes of fastText save none; save '
                         'them with save_word2vec_format')
    vectors = _array(state[name]) if name in state else _beside(file, name)
    if not isinstance(words, list) or vectors is None or vectors.ndim != 2 or vectors.dtype.kind != 'f' \
            or len(words) != len(vectors):
        raise ValueError(f'{file}: words and vectors are missing or do not fit each other')
    return [str(word) for word in words], vectors


def read_array(file: Path) -> np.ndarray:
    """Reads a pickle that is one array of floating-point numbers, as ``ndarray.dump`` writes it.

    Returns:
        ndarray: shape (n, d).

    Raises:
        ValueError: the file asks for something that could run code, is damaged, or holds anything else; one line.
        OSError: it cannot be read.
    """
    content = _load(file)
    array = _array(content) if isinstance(content, _Array) else None
    if array is None or array.ndim != 2 or not array.size:
        raise ValueError(f'{file}: holds no array of n vectors of d numbers')
    return array


def _load(file: Path) -> Any:
    """What is in a pickle, made of stand-ins; errors as in `read_kv`."""
    try:
        with open(file, 'rb') as stream:
            return _Unpickler(stream).load()
    except OSError:
        raise
    except ValueError as error:
        raise ValueError(f'{file}: {error}') from None
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ValueError(f'{file}: no pickle of word vectors, or damaged ({type(error).__name__}: {error})') from None


def companions(file: Path) -> list[Path]:
    """Files that belong to a ``.kv`` file and hold its large arrays."""
    return sorted(file.parent.glob(f'{file.name}.*.npy'))


def _beside(file: Path, name: str) -> np.ndarray:
    array = file.with_name(f'{file.name}.{name}.npy')
    if not array.is_file():
        raise ValueError(f'{file}: its vectors are in {array.name}, which is not beside it')
    try:
        return np.lib.format.open_memmap(array, mode='r')  # of plain numbers only
    except (ValueError, EOFError, OverflowError) as error:
        raise ValueError(f'{array}: not an array of vectors: {error}') from None


def _array(made: Any) -> np.ndarray | None:
    """Builds a float array from its remembered parts; None if it is something else."""
    try:
        if isinstance(made, _FromBuffer):
            data, dtype, shape, order = made.args
        else:
            _, shape, dtype, fortran, data = made.state
            order = 'F' if fortran else 'C'
        byte_order = dtype.state[1] if dtype.state else '='
        kind = np.dtype({'<': '<', '>': '>'}.get(byte_order, '=') + {'f2': 'f2', 'f4': 'f4', 'f8': 'f8'}[dtype.args[0]])
        return np.frombuffer(data, kind).reshape(shape, order=order)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return None
