"""Tests of zs_methods.vectors.class_vectors."""

from __future__ import annotations

import gzip
import io
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from zs_methods.vectors.class_vectors import (
    MissingWordError,
    file_sha256,
    load_class_vectors,
    read_word_vectors,
    resolve,
    spellings,
    split_files,
    vectors_name,
    vectors_sha256,
)

WORDS = {
    'cat': (3, 0, 0), 'striped': (0, 2, 0), 'red': (0, 0, 4), 'traffic': (1, 0, 0), 'light': (0, 1, 0),
    'traffic_light': (5, 5, 5), 'potted': (2, 0, 0), 'plant': (0, 2, 0), 'NaN': (np.nan, 0, 0), 'zero': (0, 0, 0),
}


def make(folder: Path, suffix: str, words: dict[str, tuple[float, ...]] = WORDS) -> Path:
    """Writes a small file of word vectors in the wanted format."""
    file = folder / f'words{suffix}'
    names, vectors = list(words), np.array(list(words.values()), dtype=np.float32)
    if suffix == '.npz':
        np.savez(file, names=np.array(names), vectors=vectors)
        return file
    keyed = KeyedVectors(3)
    keyed.add_vectors(names, vectors)
    if suffix == '.kv':
        keyed.save(str(file))
        return file
    keyed.save_word2vec_format(str(file), binary=suffix == '.bin')
    return file


@pytest.mark.parametrize('suffix', ['.txt', '.vec', '.bin', '.kv', '.npz'])
def test_all_formats_give_the_same(tmp_path: Path, suffix: str) -> None:
    vectors = load_class_vectors(('cat', 'striped red'), make(tmp_path, suffix), normalise='none')
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[3, 0, 0], [0, 1, 2]]


def test_glove_text_without_header(tmp_path: Path) -> None:
    file = tmp_path / 'glove.txt'
    file.write_text('cat 1 0 0\ndog 0 1 0\n')
    assert load_class_vectors(('dog',), file).tolist() == [[0, 1, 0]]


@pytest.mark.parametrize('name', ['striped red', 'striped-red', 'striped_red', 'Striped/Red', ' striped  red '])
def test_words_are_averaged(tmp_path: Path, name: str) -> None:
    assert load_class_vectors((name,), make(tmp_path, '.txt'), normalise='none').tolist() == [[0, 1, 2]]


def test_whole_entry_comes_first(tmp_path: Path) -> None:
    vectors = load_class_vectors(('traffic_light', 'traffic light'), make(tmp_path, '.txt'), normalise='none')
    assert vectors.tolist() == [[5, 5, 5], [0.5, 0.5, 0]]


def test_builtin_alias_is_used_where_the_file_lacks_the_name(tmp_path: Path) -> None:
    file = make(tmp_path, '.txt', {'potted': (2, 0, 0), 'plant': (0, 2, 0), 'airplane': (0, 0, 3)})
    assert load_class_vectors(('pottedplant', 'aeroplane'), file, normalise='none').tolist() == [[1, 1, 0], [0, 0, 3]]
    file = make(tmp_path, '.npz', {'pottedplant': (7, 0, 0), 'aeroplane': (0, 8, 0), 'airplane': (0, 0, 3)})
    assert load_class_vectors(('pottedplant', 'aeroplane'), file, normalise='none').tolist() == [[7, 0, 0], [0, 8, 0]]


def test_user_alias_overrides(tmp_path: Path) -> None:
    file = make(tmp_path, '.txt')
    aliases = {'pottedplant': 'cat', 'lamp': 'traffic_light'}
    vectors = load_class_vectors(('pottedplant', 'lamp'), file, aliases, normalise='none')
    assert vectors.tolist() == [[3, 0, 0], [5, 5, 5]]
    with pytest.raises(MissingWordError, match="'kat' of class 'cat'"):
        load_class_vectors(('cat',), file, {'cat': 'kat'})


def test_normalisation(tmp_path: Path) -> None:
    file = make(tmp_path, '.txt')
    assert load_class_vectors(('cat', 'red'), file).tolist() == [[0.75, 0, 0], [0, 0, 1]]
    assert load_class_vectors(('cat', 'red'), file, normalise='l2').tolist() == [[1, 0, 0], [0, 0, 1]]
    with pytest.raises(ValueError, match=r"'max', 'l2', 'none'.*'L3'"):
        load_class_vectors(('cat',), file, normalise='L3')


@pytest.fixture
def two_files(tmp_path: Path) -> str:
    """Files of 3 and of 2 values, joined; the second one's vectors are a hundred times as long."""
    first = make(tmp_path, '.txt')
    second = tmp_path / 'long.npz'
    np.savez(second, names=np.array(['cat', 'red']), vectors=np.array([[0, 300], [400, 0]], np.float32))
    return f'{first}+{second}'


@pytest.mark.parametrize(('normalise', 'expected'), [
    ('none', [[3, 0, 0, 0, 300], [0, 0, 4, 400, 0]]),
    ('l2', np.array([[1, 0, 0, 0, 1], [0, 0, 1, 1, 0]]) / np.sqrt(2)),  # as long in either part, and 1 in all
    ('max', np.array([[0.75, 0, 0, 0, 0.75], [0, 0, 1, 1, 0]]) / np.sqrt(2)),
])
def test_several_files_are_joined_end_to_end(two_files: str, normalise: str, expected: np.ndarray) -> None:
    vectors = load_class_vectors(('cat', 'red'), two_files, normalise=normalise)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, rtol=1e-6)
    np.testing.assert_allclose(load_class_vectors(('cat', 'red'), Path(two_files), normalise=normalise), vectors)
    first, second = split_files(two_files)
    swapped = load_class_vectors(('cat', 'red'), f'{second}+{first}', normalise=normalise)
    np.testing.assert_allclose(swapped, np.roll(expected, 2, axis=1), rtol=1e-6)


def test_every_file_has_a_say_on_names(two_files: str) -> None:
    first, second = split_files(two_files)
    with pytest.raises(MissingWordError, match=f"'striped' of class 'striped red' in {second}"):
        load_class_vectors(('striped red',), two_files)
    with pytest.raises(FileNotFoundError, match='gone'):
        load_class_vectors(('cat',), f'{first}+gone.txt')
    assert load_class_vectors(('x', 'red'), two_files, {'x': 'cat'}, 'none').tolist()[0] == [3, 0, 0, 0, 300]


@pytest.mark.parametrize(('text', 'parts'), [
    ('a.txt', ['a.txt']), ('a.txt+b.npz+c.kv', ['a.txt', 'b.npz', 'c.kv']), ('c++/a.txt+/d+e/b.bin', ['c++/a.txt',
                                                                                                    '/d+e/b.bin']),
    ('one+two+a.txt', ['one', 'two', 'a.txt']), ('a.txt+two', ['a.txt', 'two']), ('a.txt+', ['a.txt', '']),
    ('+a.txt', ['+a.txt']), ('other+a.vec', ['other+a.vec']), ('', ['']), ('one+gone', ['one', 'gone']),
])
def test_splitting_leaves_plus_signs_in_paths_alone(text: str, parts: list[str]) -> None:
    assert split_files(text, ('one', 'two')) == parts


def test_names_and_hash_of_several_files(two_files: str) -> None:
    first, second = split_files(two_files)
    assert vectors_name(two_files) == 'words.txt+long.npz'
    assert vectors_sha256(first) == file_sha256(Path(first))
    both = vectors_sha256(two_files)
    assert len({both, vectors_sha256(f'{second}+{first}'), file_sha256(Path(first)), file_sha256(Path(second))}) == 4
    os.utime(second, ns=(1, 1))
    assert vectors_sha256(two_files) == both
    with open(second, 'ab') as stream:
        stream.write(b'x')
    assert vectors_sha256(two_files) != both


def test_missing_word_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(MissingWordError) as error:
        load_class_vectors(('cat', 'stripped red'), make(tmp_path, '.txt'))
    assert isinstance(error.value, KeyError)
    assert str(error.value).startswith("no vector for word 'stripped' of class 'stripped red' in ")
    assert str(error.value).endswith('similar words: striped')
    with pytest.raises(MissingWordError, match='similar words: none'):
        load_class_vectors(('-',), make(tmp_path, '.txt'))


@pytest.mark.parametrize('name', ['NaN', 'zero'])
def test_unusable_vectors_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"class '{name}' is zero or not finite"):
        load_class_vectors(('cat', name), make(tmp_path, '.npz'))


def test_unknown_formats_are_refused(tmp_path: Path) -> None:
    (tmp_path / 'words.csv').touch()
    with pytest.raises(ValueError, match=r'must be \.txt, \.vec, \.bin, \.kv or \.npz'):
        load_class_vectors(('cat',), tmp_path / 'words.csv')
    with pytest.raises(FileNotFoundError):
        load_class_vectors(('cat',), tmp_path / 'absent.txt')


def test_incomplete_npz_is_refused(tmp_path: Path) -> None:
    file = tmp_path / 'words.npz'
    np.savez(file, vectors=np.zeros((2, 3)))
    with pytest.raises(ValueError, match='needs the arrays'):
        load_class_vectors(('cat',), file)
    np.savez(file, vectors=np.zeros((2, 3)), names=np.array(['cat']))
    os.utime(file, ns=(0, 0))
    with pytest.raises(ValueError, match=r'names of shape \(1,\) do not fit'):
        load_class_vectors(('cat',), file)


#: Two vectors as each format writes them, behind words given as bytes; a first line where the format has one.
VALUES = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.float32)
LINES = [b' '.join(b'%g' % value for value in row) for row in VALUES]


def text(words: list[bytes], end: bytes = b'\n') -> bytes:
    return end.join(word + b' ' + values for word, values in zip(words, LINES, strict=False)) + end


def written(folder: Path, name: str, words: list[bytes]) -> Path:
    """A file of words, which may be no UTF-8, in the format that the name tells."""
    file, header = folder / name, b'%d 2\n' % len(words)
    binary = header + b''.join(word + b' ' + row.tobytes() + b'\n' for word, row in zip(words, VALUES, strict=False))
    if name.endswith('.npz'):
        names = [word.decode('utf-8', 'replace') for word in words]
        np.savez(file, names=np.array(names), vectors=VALUES[:len(words)])
    elif name.endswith('.kv'):
        keyed = KeyedVectors(2)
        keyed.index_to_key = [word.decode('utf-8', 'replace') for word in words]
        keyed.vectors = VALUES[:len(words)]
        keyed.save(str(file))
    else:
        content = {'glove': text(words), 'headed': header + text(words), 'binary': binary}[name.split('.')[0]]
        file.write_bytes(gzip.compress(content) if name.endswith('.gz') else content)
    return file


ALL_FORMATS = ['glove.txt', 'headed.txt', 'headed.vec', 'binary.bin', 'glove.txt.gz', 'headed.gz', 'binary.bin.gz',
               'words.npz', 'words.kv']


@pytest.mark.parametrize('name', ALL_FORMATS)
def test_of_equal_words_the_first_counts_in_every_format(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, name, [b'cat', b'dog', b'cat', b'dog'])
    assert load_class_vectors(('cat', 'dog'), file, normalise='none').tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize('name', ALL_FORMATS)
def test_bytes_that_are_no_text_in_words_nobody_asks_for_do_not_matter(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, name, [b'ca\xfft', b'\xe9', b'cat', 'caf\xe9'.encode()])
    assert load_class_vectors(('cat', 'caf\xe9'), file, normalise='none').tolist() == [[5, 6], [7, 8]]


@pytest.mark.parametrize('name', [name for name in ALL_FORMATS if not name.startswith('binary')])
def test_words_may_hold_spaces(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, name, [b'my name', b'. . .', b'cat', b'at 1'])
    vectors = load_class_vectors(('my name', 'cat', '. . .', 'at 1'), file, normalise='none')
    assert vectors.tolist() == [[1, 2], [5, 6], [3, 4], [7, 8]]


@pytest.mark.parametrize('content', [
    b'\xef\xbb\xbf' + text([b'cat', b'dog']), b'\xef\xbb\xbf2 2\n' + text([b'cat', b'dog']),
    text([b'cat', b'dog'], b'\r\n'), b'2 2\r\n' + text([b'cat', b'dog'], b'\r\n'), text([b'cat', b'dog'], b' \n'),
    b'2 2 \n' + text([b'cat', b'dog'], b'\t \n'), text([b'cat', b'dog'], b'\n\n'), text([b'cat', b'dog']).strip(),
    text([b'cat', b'dog']).replace(b' ', b'\t'), b'\xef\xbb\xbf2 2\r\n' + text([b'cat', b'dog'], b' \r\n'),
    text([b'cat', b'dog', b'', b'3']), gzip.compress(text([b'cat', b'dog'])),
], ids=['bom', 'bom-header', 'crlf', 'crlf-header', 'trailing', 'trailing-header', 'blank-lines', 'no-last-end', 'tabs',
        'all', 'empty-word', 'gzip'])
def test_text_from_any_editor(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / 'words.txt'
    file.write_bytes(content)
    assert load_class_vectors(('cat', 'dog'), file, normalise='none').tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize('value', [b'nan', b'inf', b'-inf', b'1e60'])
def test_a_value_that_is_not_finite_matters_for_its_own_word_only(tmp_path: Path, value: bytes) -> None:
    file = tmp_path / 'words.txt'
    file.write_bytes(b'cat 1 2\nodd ' + value + b' 1\n')
    assert load_class_vectors(('cat',), file, normalise='none').tolist() == [[1, 2]]
    with pytest.raises(ValueError, match=r"words\.txt: vector of class 'odd cat' is zero or not finite"):
        load_class_vectors(('odd cat',), file)


@pytest.mark.parametrize(('asked', 'there'), [('NFC', 'NFD'), ('NFD', 'NFC'), ('NFD', 'NFD')])
def test_accents_are_found_in_both_forms_of_unicode(tmp_path: Path, asked: str, there: str) -> None:
    file = written(tmp_path, 'glove.txt', [unicodedata.normalize(there, word).encode() for word in ('café', 'été')])
    names = [unicodedata.normalize(asked, name) for name in ('café', 'Café-été')]
    assert load_class_vectors(names, file, normalise='none').tolist() == [[1, 2], [2, 3]]
    keys = {key for name in names for key in spellings(name)}
    assert set(resolve(names[1], read_word_vectors(file))[0]) <= keys


@pytest.mark.parametrize('binary', [False, True])
def test_values_are_those_that_gensim_reads(tmp_path: Path, binary: bool) -> None:
    file, random = tmp_path / ('w.bin' if binary else 'w.txt'), np.random.default_rng(0)
    keyed = KeyedVectors(7)
    scales = 10. ** random.integers(-30, 30, (500, 1))
    keyed.add_vectors([f'w{i}' for i in range(500)], (random.normal(size=(500, 7)) * scales).astype(np.float32))
    keyed.save_word2vec_format(str(file), binary=binary)
    expected = KeyedVectors.load_word2vec_format(str(file), binary=binary)
    words = read_word_vectors(file)
    assert words.index_to_key == expected.index_to_key
    assert words.vectors.dtype == np.float32
    assert np.array_equal(words.vectors, expected.vectors)


def npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


NPZ = npz(names=np.array(['cat', 'dog']), vectors=np.arange(2000, dtype=np.float32).reshape(2, 1000))
FLIPPED = NPZ[:3000] + bytes([NPZ[3000] ^ 1]) + NPZ[3001:]
BIN = b'2 3\ncat ' + bytes(12) + b'\ndog ' + bytes(12)
EYE = np.eye(2)


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('w.npz', NPZ[:-500], 'cut off'), ('w.npz', NPZ[:500], 'cut off'), ('w.npz', FLIPPED, 'Bad CRC-32'),
    ('w.npz', b'', 'cut off'), ('w.npz', b'junk', 'cut off'),
    ('w.npz', npz(vectors=np.float32(1), names=np.array('cat')), r'shape \(\) do not fit'),
    ('w.npz', npz(vectors=EYE, names=np.array('cat')), r'shape \(\) do not fit'),
    ('w.npz', npz(vectors=np.ones(()), names=np.array(['cat'])), 'do not fit'),
    ('w.npz', npz(vectors=np.ones((0, 3)), names=np.array([], str)), 'holds none'),
    ('w.npz', npz(vectors=np.ones((2, 0)), names=np.array(['cat', 'dog'])), 'holds none'),
    ('w.npz', npz(vectors=np.array([['a'], ['b']]), names=np.array(['cat', 'dog'])), 'do not fit'),
    ('w.npz', npz(vectors=EYE.astype(object), names=np.array(['cat', 'dog'])), 'it holds Python objects'),
    ('w.npz', npz(vectors=EYE, names=np.array(['cat', 'dog'], object)), 'it holds Python objects'),
    ('w.txt', b'', 'its first line is empty'), ('w.vec', b'\n', 'its first line is empty'),
    ('w.txt', b'999999999999 300\ncat 1 2\n', 'promises 999999999999 words of 300 values'),
    ('w.txt', b'2 999999999999\ncat 1 2\n', 'promises 2 words of 999999999999 values'),
    ('w.txt', b'9' * 5000 + b' 3\n', '.'), ('w.txt', b'0 3\n', 'promises 0 words'),
    ('w.txt', b'2 x\ncat 1 2\n', 'its first line must be'), ('w.txt', b'-2 3\ncat 1 2\n', 'its first line must be'),
    ('w.txt', b'3 2\ncat 1.00 2.00\ndog 1.00 2.00\n', 'unexpected end after 2 of 3 words'),
    ('w.txt', b'2 3\ncat 1 2 3\ndog 1', "1 values for 'dog' instead of 3"),
    ('w.txt', b'cat 1 2 3\ndog 1', "1 values for 'dog' instead of 3"),
    ('w.txt', b'2 2\ncat 1 2\ndog 1 x\n', "line 3: 'x' is no number"),
    ('w.txt', b'2 3\ncat 1 2 3\n\ndog 1 2\n', "line 4: 2 values for 'dog' instead of 3"),
    ('w.txt', b'cat 1 2 3\ndog 1 2\ncow 1 2 3', "line 2: 2 values for 'dog' instead of 3"),
    ('w.txt', b'2 3\ncat 1 2 3\n1 2 3\n', "line 3: 2 values for '1' instead of 3"),
    ('w.txt', b'this is no table\n', 'no word with numbers behind it'), ('w.txt', b'cat\n', 'no word with numbers'),
    ('w.txt', 'cat 1 2\n'.encode('utf-16'), 'its text is UTF-16; save it as UTF-8'),
    ('w.bin', b'2 3\ncat ' + bytes(200_000), 'no word where the one after 1 others should be'),
    ('w.bin', BIN[:-4], 'unexpected end after 1 of 2 words'), ('w.bin', BIN.replace(b'2', b'3', 1), 'unexpected end'),
    ('w.bin', b'', 'empty'), ('w.bin', bytes(100), 'its first line must be'),
    ('w.bin', b'999999999 300\ncat ' + bytes(99), 'promises'),
    ('w.kv', b'', 'no pickle'), ('w.kv', b'junk', 'no pickle'),
], ids=lambda value: '' if isinstance(value, bytes) else value)
def test_damaged_files_are_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_word_vectors(file)
    line = str(error.value)
    assert line.startswith(f'{file}: damaged, or no word vectors: ')
    assert line.count(str(file)) == 1
    assert len(line.splitlines()) == 1
    assert 'allow_pickle' not in line


@pytest.mark.parametrize('suffix', ['.txt', '.bin', '.kv', '.npz'])
def test_files_that_cannot_be_opened(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FileNotFoundError, match=f'absent{suffix}'):
        read_word_vectors(tmp_path / f'absent{suffix}')
    (tmp_path / f'folder{suffix}').mkdir()
    with pytest.raises(IsADirectoryError, match=f'folder{suffix}'):
        read_word_vectors(tmp_path / f'folder{suffix}')


def test_headers_cost_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError('it was read')

    for name in ('read_text', 'read_binary'):
        monkeypatch.setattr(f'zs_methods.vectors.files.{name}', refuse)
    for name in ('w.txt', 'w.bin'):
        (tmp_path / name).write_bytes(b'40000000 300\ncat 1 2 3\n')
        with pytest.raises(ValueError, match='promises 40000000 words of 300 values, which cannot be in it'):
            read_word_vectors(tmp_path / name)


def test_files_are_read_once_and_again_when_changed(tmp_path: Path) -> None:
    file = make(tmp_path, '.txt')
    first = read_word_vectors(file)
    assert read_word_vectors(file) is first
    os.utime(file, ns=(1, 1))
    assert read_word_vectors(file) is not first


def test_sha256(tmp_path: Path) -> None:
    file = tmp_path / 'abc'
    file.write_bytes(b'abc')
    assert file_sha256(file) == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'


def test_hash_of_a_kv_covers_the_array_beside_it(tmp_path: Path) -> None:
    file = make(tmp_path, '.kv')
    assert vectors_sha256(file) == file_sha256(file)
    beside = file.with_name('words.kv.vectors.npy')
    beside.write_bytes(b'a')
    first = vectors_sha256(file)
    beside.write_bytes(b'b')
    assert len({first, vectors_sha256(file), file_sha256(file)}) == 3


def test_spellings_hold_every_entry_that_is_looked_up(tmp_path: Path) -> None:
    assert spellings('Potted-Plant/x') == ['Potted-Plant/x', 'Potted', 'potted', 'Plant', 'plant', 'x']
    assert spellings('pottedplant', {'pottedplant': 'Bush'}) == [
        'Bush', 'bush', 'pottedplant', 'potted plant', 'potted', 'plant']
    words = read_word_vectors(make(tmp_path, '.txt'))
    assert resolve('pottedplant', words) == (['potted', 'plant'], None)
    assert resolve('pottedplant', words, {'pottedplant': 'cat'}) == (['cat'], None)
    assert resolve('red dog', words) == ([], 'dog')
