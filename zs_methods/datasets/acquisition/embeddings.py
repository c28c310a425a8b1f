"""A small file with the word vectors of the data sets' classes, out of a large one."""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener
from zs_methods.datasets.spec import DatasetSpec, load_spec
from zs_methods.vectors.class_vectors import ALIASES, read_word_vectors, resolve, spellings, vectors_sha256
from zs_methods.vectors.files import WordVectors
from zs_methods.vectors.safe_kv import read_array

FORMATS = ('.bin', '.txt', '.vec', '.kv', '.npz')
#: A pickled array: a row per class of one data set, without their names.
ARRAY = '.pkl'
#: Name of the array that comes with the ZS3 code (valeoai/ZS3 6031f4a) -> what its small file is called.
ARRAYS = {'norm_embed_arr_300': 'zs3_w2v'}
#: gensim's models of English words, for help without a network; memory: unverified.
KNOWN = (
    'word2vec-google-news-300', 'fasttext-wiki-news-subwords-300', 'conceptnet-numberbatch-17-06-300',
    'glove-wiki-gigaword-50', 'glove-wiki-gigaword-100', 'glove-wiki-gigaword-200', 'glove-wiki-gigaword-300',
    'glove-twitter-25', 'glove-twitter-50', 'glove-twitter-100', 'glove-twitter-200')
POLICY = ('the entry of exactly the name; else its alias; else the mean of the vectors of its words, split at space, '
          'hyphen, underscore and slash, each as written or in lower case')


def prepare(source: str, root: Path, datasets: Sequence[str], words: Sequence[str], listener: Listener) -> list[str]:
    """Writes ``embeddings/<name>.npz`` and, beside it, what its entries come from.

    The small file holds every entry that a class name may be looked up under, so it gives the same class vectors as
    the large one. Entries of earlier calls with the same source stay in it.

    A pickled array is given the names of the first data set that has as many classes as it has rows, and its small file
    that data set's name in front.

    Args:
        source (str): name of a model of gensim's downloader, or a file: one of `FORMATS`, or a pickled array.
        root (Path): folder of all data sets.
        datasets (Sequence[str]): whose classes; names or YAML files, see `load_spec`.
        words (Sequence[str]): further words or class names.
        listener (Listener): hears of what was done.

    Returns:
        list[str]: classes that have no vector, one line each.

    Raises:
        KeyError: no such file, model or data set; the message lists the known ones.
        AcquisitionError: the model cannot be downloaded, the file cannot be read, or the small file is there already
            and was made from another source.
    """
    specs = {name: load_spec(name) for name in datasets}
    file, name = _file(source, root, listener)
    listener.line(f'reading {file}')
    try:
        if file.suffix == ARRAY:
            label, table = _array(file, specs)
            specs, name = {label: specs[label]}, f'{specs[label].name}_{ARRAYS.get(name, name)}'
        else:
            table = read_word_vectors(file)
    except ValueError as error:
        raise AcquisitionError(str(error)) from None
    target = root / 'embeddings' / f'{name}.npz'
    digest = vectors_sha256(file)
    earlier, known = _earlier(target, source, digest)

    wanted = [(label, entry, spec.aliases) for label, spec in specs.items() for entry in spec.classes]
    wanted += [('words', word, {}) for word in words]
    keys = {key for _, entry, aliases in wanted for key in spellings(entry, aliases) if key in table.key_to_index}
    resolved: dict[str, dict[str, list[str]]] = {label: {} for label, _, _ in wanted}
    missing = []
    for label, entry, aliases in wanted:
        resolved[label][entry], lacking = resolve(entry, table, aliases)
        if lacking:
            missing.append(f'{file}: no vector for word {lacking!r} of class {entry!r} of {label}')
    if not keys:
        raise AcquisitionError(f'{file}: has none of the {len(wanted)} classes and words; nothing was written')

    names = sorted(keys | {name for name in known if name in table.key_to_index})
    with disk.atomic(target) as part, open(part, 'wb') as stream:
        np.savez(stream, names=np.array(names), vectors=np.stack([table[name] for name in names]).astype(np.float32))
    aliases = {key: value for _, spec in sorted(specs.items()) for key, value in spec.aliases.items()}
    classes = {**earlier.get('classes', {}), **resolved}
    classes['words'] = {**earlier.get('classes', {}).get('words', {}), **resolved.get('words', {})}
    note = {
        'source': source, 'source_file': file.name, 'source_sha256': digest, 'policy': POLICY,
        'aliases': {**ALIASES, **earlier.get('aliases', {}), **aliases}, 'classes': classes,
        'missing': [f'{entry!r} of {label}' for label in sorted(classes)
                    for entry, found in sorted(classes[label].items()) if not found],
        'entries': len(names), 'dimensions': int(table.vector_size)}
    disk.write_text(target.with_suffix('.json'), json.dumps(note, indent=1, ensure_ascii=False, sort_keys=True) + '\n')
    listener.line(f'{target}: {len(names)} of {len(table.index_to_key)} entries, {table.vector_size} values each, for '
                  f'{len(wanted) - len(missing)} of {len(wanted)} classes and words')
    return missing


def _earlier(target: Path, source: str, digest: str) -> tuple[dict[str, Any], list[str]]:
    """The note and the entries of an earlier call with the same source; nothing if there was none.

    Raises:
        AcquisitionError: the small file was made from another source, or is damaged.
    """
    if not target.exists():
        return {}, []
    file = target.with_suffix('.json')
    try:
        note = json.loads(file.read_text(encoding='utf-8'))
        made, same = note['source'], note['source_sha256'] == digest
    except (OSError, ValueError, TypeError, KeyError):
        raise AcquisitionError(f'{target}: {file.name} does not say from which source it was made; remove or rename '
                               'it') from None
    if not same and not made == source == target.stem:  # a model of gensim is the same by its name
        raise AcquisitionError(f'{target}: was made from another source, {made}; remove or rename it')
    try:
        return note, read_word_vectors(target).index_to_key
    except ValueError as error:
        raise AcquisitionError(f'{error}; remove it') from None


def _array(file: Path, specs: Mapping[str, DatasetSpec]) -> tuple[str, WordVectors]:
    """A data set that a pickled array is about, and its classes' vectors."""
    rows = read_array(file)
    label = next((label for label, spec in specs.items() if len(spec.classes) == len(rows)), None)
    if label is None:
        raise ValueError(f'{file}: has {len(rows)} rows without names, which is the number of classes of none of: '
                         f'{", ".join(specs)}; name the data set with --datasets')
    return label, WordVectors(list(specs[label].classes), rows)


def _file(source: str, root: Path, listener: Listener) -> tuple[Path, str]:
    """The large file and the name of the small one."""
    path = Path(source)
    if path.is_file():
        if path.suffix not in (*FORMATS, ARRAY, '.gz'):
            raise KeyError(f'{path}: word vectors must be {", ".join(FORMATS)}, {ARRAY} or .gz')
        name = path.name.removesuffix('.gz')
        for suffix in (*FORMATS, ARRAY):
            name = name.removesuffix(suffix)
        if path.resolve() == (root / 'embeddings' / f'{name}.npz').resolve():
            raise KeyError(f'{path}: is where the result would go')
        return path, name
    if path.suffix in (*FORMATS, ARRAY, '.gz') or '/' in source:
        raise KeyError(f'{source}: no such file')
    return _download(source, listener), source


def _download(name: str, listener: Listener) -> Path:
    """A model of gensim's downloader; its loading script, which comes with it, is never run.

    Raises:
        KeyError: no such model.
        AcquisitionError: not reachable.
    """
    from gensim import downloader  # reads the environment when it is imported
    logging.getLogger(downloader.__name__).setLevel(logging.CRITICAL + 1)  # it logs tracebacks of what it raises
    local = Path(downloader.BASE_DIR, name, f'{name}.gz')
    if local.is_file():
        return local
    try:
        known = sorted(model for model in downloader.info(name_only=True)['models'] if not model.startswith('__'))
    except Exception as error:  # of the network, and ValueError without one
        _known(name, KNOWN)
        raise AcquisitionError(f"gensim's list of models cannot be reached ({disk.reason(error)}); download {name} in "
                               'another way and pass the file') from None
    _known(name, known)
    listener.line(f'downloading {name} into {local.parent.parent}')
    try:
        return Path(downloader.load(name, return_path=True))
    except Exception as error:  # gensim raises bare Exception for a wrong checksum
        raise AcquisitionError(f'{name}: download failed ({disk.reason(error)}); run the same command again, or '
                               'download it in another way and pass the file') from None


def way_to(file: Path) -> str:
    """The options of ``prepare embeddings`` that make a file of word vectors which a data set's description names."""
    arrays = [array for array, name in ARRAYS.items() if file.stem.endswith(f'_{name}')]
    return f'--from {arrays[0]}.pkl' if arrays else file.stem


def _known(name: str, models: Sequence[str]) -> None:
    if name not in models:
        fitting = difflib.get_close_matches(name, models, n=5, cutoff=0.3) or models
        raise KeyError(f'{name!r} is neither a file nor a model of gensim; models that fit: {", ".join(fitting)}')
