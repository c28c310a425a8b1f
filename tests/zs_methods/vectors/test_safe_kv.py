"""Tests of zs_methods.vectors.safe_kv."""

import os
import pickle

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec

from zs_methods.vectors.safe_kv import companions, read_array, read_kv

NAMES, VECTORS = ['cat', 'dög', 'New_York'], np.arange(12, dtype=np.float32).reshape(3, 4)


def keyed(vectors=VECTORS):
    words = KeyedVectors(vectors.shape[1])
    words.add_vectors(NAMES, vectors)
    words.set_vecattr('cat', 'count', 7)
    return words


@pytest.mark.parametrize('options', [{}, {'sep_limit': 0}, *({'pickle_protocol': number} for number in range(2, 6))],
                         ids=str)
def test_files_of_gensim(tmp_path, options):
    file = tmp_path / 'words.kv'
    keyed().save(str(file), **options)
    names, vectors = read_kv(file)
    assert names == NAMES
    assert np.array_equal(vectors, VECTORS)
    assert [path.name for path in companions(file)] == (
        ['words.kv.vectors.npy'] if 'sep_limit' in options else [])


def test_trained_vectors(tmp_path):
    file = tmp_path / 'words.kv'
    corpus = [['cat', 'dog'], ['dog', 'cat']]
    words = Word2Vec(corpus, vector_size=5, min_count=1).wv
    words.save(str(file))
    names, vectors = read_kv(file)
    assert names == words.index_to_key
    assert np.array_equal(vectors, words.vectors)
    FastText(corpus, vector_size=5, min_count=1, bucket=10).wv.save(str(file))
    with pytest.raises(ValueError, match=r'holds no vectors of whole words, .* save_word2vec_format'):
        read_kv(file)


def test_files_of_gensim_3(tmp_path):
    words = keyed()
    words.__dict__ = {'index2word': NAMES, 'syn0': np.asfortranarray(VECTORS), 'vocab': {}, 'vector_size': 4}
    (tmp_path / 'words.kv').write_bytes(pickle.dumps(words, protocol=2))
    names, vectors = read_kv(tmp_path / 'words.kv')
    assert names == NAMES
    assert np.array_equal(vectors, VECTORS)


class Attack:
    def __init__(self, function, *args):
        self.made = function, args

    def __reduce__(self):
        return self.made


@pytest.mark.parametrize(('function', 'name'), [
    (os.system, 'posix.system'), (eval, 'builtins.eval'), (getattr, 'builtins.getattr'),
    (np.load, 'numpy.load'), (pickle.loads, '_pickle.loads')])
def test_code_is_refused_and_not_run(tmp_path, function, name):
    words = keyed()
    words.extra = Attack(function, f'touch {tmp_path}/run')
    (tmp_path / 'words.kv').write_bytes(pickle.dumps(words))
    with pytest.raises(ValueError, match=f'words.kv: asks for {name}, which .* could run code: refused') as error:
        read_kv(tmp_path / 'words.kv')
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / 'run').exists()


def test_objects_beside_the_file_are_refused(tmp_path):
    file = tmp_path / 'words.kv'
    keyed().save(str(file), sep_limit=0)
    np.save(tmp_path / 'words.kv.vectors.npy', np.array([Attack(os.system, f'touch {tmp_path}/run')], dtype=object))
    with pytest.raises(ValueError, match=r'words\.kv\.vectors\.npy: not an array of vectors'):
        read_kv(file)
    assert not (tmp_path / 'run').exists()
    for content in (b'junk', b''):
        (tmp_path / 'words.kv.vectors.npy').write_bytes(content)
        with pytest.raises(ValueError, match=r'words\.kv\.vectors\.npy: not an array of vectors') as error:
            read_kv(file)
        assert 'pickle' not in str(error.value)
    (tmp_path / 'words.kv.vectors.npy').unlink()
    with pytest.raises(ValueError, match=r'its vectors are in words\.kv\.vectors\.npy, which is not beside it'):
        read_kv(file)


@pytest.mark.parametrize(('content', 'message'), [
    (b'', 'damaged'), (b'junk', 'damaged'), (pickle.dumps([1, 2]), 'holds no KeyedVectors'),
    (pickle.dumps(keyed())[:-200], 'damaged')])
def test_other_files_are_refused(tmp_path, content, message):
    (tmp_path / 'words.kv').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_kv(tmp_path / 'words.kv')


def test_words_and_vectors_must_fit(tmp_path):
    words = keyed()
    words.vectors = words.vectors[:2]
    (tmp_path / 'words.kv').write_bytes(pickle.dumps(words))
    with pytest.raises(ValueError, match='do not fit each other'):
        read_kv(tmp_path / 'words.kv')


@pytest.mark.parametrize('array', [VECTORS, VECTORS.astype('>f8'), np.asfortranarray(VECTORS)], ids=['f4', '>f8', 'F'])
@pytest.mark.parametrize('protocol', range(2, 6))
def test_a_pickled_array(tmp_path, array, protocol):
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(array, protocol=protocol))
    found = read_array(tmp_path / 'a.pkl')
    assert np.array_equal(found, array) and found.dtype == array.dtype


@pytest.mark.parametrize('content', [
    [1, 2], VECTORS[0], VECTORS[:0], VECTORS.astype(int), np.array([['a']]), {'a': VECTORS}, keyed()], ids=str)
def test_a_pickle_of_something_else(tmp_path, content):
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r'a\.pkl: holds no array of n vectors of d numbers$'):
        read_array(tmp_path / 'a.pkl')


def test_a_pickled_array_that_would_run_code(tmp_path):
    mark = tmp_path / 'ran'
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(Attack(os.mkdir, str(mark))))
    with pytest.raises(ValueError, match=r'a\.pkl: asks for posix\.mkdir, .*: refused'):
        read_array(tmp_path / 'a.pkl')
    (tmp_path / 'a.pkl').write_bytes(b'junk')
    with pytest.raises(ValueError, match=r'a\.pkl: no pickle of word vectors, or damaged'):
        read_array(tmp_path / 'a.pkl')
    assert not mark.exists()
