"""Tests of zs_methods.datasets.acquisition.embeddings."""

import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from gensim import downloader
from gensim.models import KeyedVectors

from zs_methods.datasets.acquisition import AcquisitionError, embeddings
from zs_methods.datasets.spec import load_spec
from zs_methods.hashes import file_sha256
from zs_methods.vectors.class_vectors import load_class_vectors, spellings

DATASETS = ('voc', 'context', 'cocostuff')


def table(drop=()):
    """A vector for every part of every class name, and many for other words."""
    names = {part for name in DATASETS for entry in load_spec(name).classes for part in spellings(entry)
             if ' ' not in part and '-' not in part}
    names = [*(f'word{index}' for index in range(2000)), 'Person', *sorted(names - set(drop))]
    words = KeyedVectors(5)
    words.add_vectors(names, np.random.default_rng(0).normal(size=(len(names), 5)).astype(np.float32))
    return words


def save(words, file):
    if file.suffix == '.kv':
        words.save(str(file))
    elif file.suffix == '.npz':
        np.savez(file, names=np.array(words.index_to_key), vectors=words.vectors)
    else:
        words.save_word2vec_format(str(file), binary=file.name.endswith(('.bin', '.bin.gz')))
    return file


@pytest.mark.parametrize('suffix', ['.bin', '.txt', '.vec', '.kv', '.npz', '.txt.gz', '.bin.gz'])
def test_small_file_gives_the_same_class_vectors(tmp_path, listener, suffix):
    words = table()
    file = save(words, tmp_path / f'big{suffix}')
    assert embeddings.prepare(str(file), tmp_path, DATASETS, ['word7'], listener) == []
    small = tmp_path / 'embeddings/big.npz'
    full = file if not suffix.endswith('.gz') else save(words, tmp_path / 'full.bin')
    for name in DATASETS:
        spec = load_spec(name)
        expected, found = (load_class_vectors(spec.classes, path, spec.aliases, 'none') for path in (full, small))
        assert np.allclose(found, expected, rtol=1e-5) if 'txt' in suffix else np.array_equal(found, expected)
    with np.load(small, allow_pickle=False) as content:
        assert content['vectors'].dtype == np.float32
        assert content['vectors'].shape == (len(content['names']), 5)
        assert 'word7' in content['names']
        assert 'word8' not in content['names']
    note = json.loads(small.with_suffix('.json').read_text())
    assert note['source_sha256'] == file_sha256(file)
    assert note['classes']['voc']['aeroplane'] == ['aeroplane']
    assert note['classes']['cocostuff']['wall-concrete'] == ['wall', 'concrete']
    assert note['missing'] == []


def test_missing_classes_are_listed(tmp_path, listener):
    file = save(table(drop=('giraffe', 'pottedplant', 'potted')), tmp_path / 'big.bin')
    lines = embeddings.prepare(str(file), tmp_path, ['voc', 'cocostuff'], ['zebra', 'okapi'], listener)
    assert [line.removeprefix(f'{file}: no vector for word ') for line in lines] == [
        "'potted' of class 'pottedplant' of voc", "'giraffe' of class 'giraffe' of cocostuff",
        "'potted' of class 'potted plant' of cocostuff", "'okapi' of class 'okapi' of words"]
    note = json.loads((tmp_path / 'embeddings/big.json').read_text())
    assert note['missing'] == [
        "'giraffe' of cocostuff", "'potted plant' of cocostuff", "'pottedplant' of voc", "'okapi' of words"]
    assert note['classes']['words'] == {'zebra': ['zebra'], 'okapi': []}


def test_file_without_any_class(tmp_path, listener):
    file = tmp_path / 'big.txt'
    file.write_text('1 2\nxyz 1 2\n')
    with pytest.raises(AcquisitionError, match='has none of the 21 classes and words; nothing was written'):
        embeddings.prepare(str(file), tmp_path, ['voc'], [], listener)
    assert not (tmp_path / 'embeddings').exists()


@pytest.mark.parametrize(('name', 'content', 'error', 'message'), [
    ('absent.bin', None, KeyError, r'absent\.bin: no such file'),
    ('a.csv', b'', KeyError, r'must be \.bin, \.txt'),
    ('a.kv', b'junk', AcquisitionError, 'damaged'),
    ('a.txt', b'5 5\nx 1\n', AcquisitionError, r'a\.txt: damaged, or no word vectors: its first line promises 5 words'),
    ('a.npz', b'PK junk', AcquisitionError, r'a\.npz: damaged, or no word vectors: it is cut off'),
    ('a.gz', b'junk', AcquisitionError, r"a\.gz: damaged, .*no word with numbers behind it; a \.gz holds word2vec's"),
    ('a.gz', gzip.compress(b'9 9\n', mtime=0)[:-3], AcquisitionError, r'a\.gz: damaged, .*ended before'),
    ('a.gz', gzip.compress(b'', mtime=0), AcquisitionError, r'a\.gz: damaged, .*its first line is empty'),
    ('a.gz', gzip.compress(b'999999999 999\ncow 1', mtime=0), AcquisitionError, r'promises 999999999 words'),
])
def test_wrong_files(tmp_path, listener, name, content, error, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message) as raised:
        embeddings.prepare(str(tmp_path / name), tmp_path, ['voc'], [], listener)
    assert len(str(raised.value).splitlines()) == 1
    assert not (tmp_path / 'embeddings').exists()


def test_entries_of_earlier_calls_stay(tmp_path, listener):
    words, results = table(), []
    for order in (['voc', 'cocostuff'], ['cocostuff', 'voc']):
        root = tmp_path / order[0]
        file = save(words, tmp_path / 'w.bin')
        for name in order:
            embeddings.prepare(str(file), root, [name], [f'word{len(name)}'], listener)
        once = tmp_path / f'once-{order[0]}'
        embeddings.prepare(str(file), once, order, ['word3', 'word9'], listener)
        results += [[(folder / f'embeddings/w{suffix}').read_bytes() for suffix in ('.npz', '.json')]
                    for folder in (root, once)]
    assert all(result == results[0] for result in results)
    note = json.loads(results[0][1])
    assert set(note['classes']) == {'voc', 'cocostuff', 'words'}
    assert set(note['classes']['words']) == {'word3', 'word9'}
    names = np.load(tmp_path / 'voc/embeddings/w.npz')['names'].tolist()
    assert names == sorted(names)
    assert note['entries'] == len(names)


def test_another_source_of_the_same_name_is_refused(tmp_path, listener):
    small = tmp_path / 'embeddings/w.npz'
    embeddings.prepare(str(save(table(), tmp_path / 'w.bin')), tmp_path, ['voc'], [], listener)
    before = small.read_bytes()
    other = str(save(table(), tmp_path / 'w.txt'))
    with pytest.raises(AcquisitionError) as error:
        embeddings.prepare(other, tmp_path, ['voc'], [], listener)
    assert str(error.value) == f'{small}: was made from another source, {tmp_path}/w.bin; remove or rename it'
    small.with_suffix('.json').unlink()
    with pytest.raises(AcquisitionError, match=r'w\.json does not say from which source .* remove or rename it'):
        embeddings.prepare(other, tmp_path, ['voc'], [], listener)
    assert small.read_bytes() == before
    small.unlink()
    assert embeddings.prepare(other, tmp_path, ['voc'], [], listener) == []


def test_note_is_written_after_the_entries(tmp_path, listener, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(embeddings.disk, 'write_text', interrupt)
    with pytest.raises(KeyboardInterrupt):
        embeddings.prepare(str(save(table(), tmp_path / 'w.bin')), tmp_path, ['voc'], [], listener)
    assert [path.name for path in (tmp_path / 'embeddings').iterdir()] == ['w.npz']


@pytest.fixture
def gensim_data(tmp_path, monkeypatch):
    """The downloader of gensim with one model, which is "downloaded" by a copy, and a script that must not run."""
    folder = tmp_path / 'gensim-data'
    models = {'word2vec-google-news-300': {}, 'glove-wiki-gigaword-50': {}, '__testing_word2vec-matrix-synopsis': {}}

    def load(name, return_path):
        assert return_path
        (folder / name).mkdir(parents=True)
        (folder / name / '__init__.py').write_text('raise SystemExit')
        file = save(table(), tmp_path / 'w.bin')
        with gzip.open(folder / name / f'{name}.gz', 'wb') as stream:
            stream.write(file.read_bytes())
        return str(folder / name / f'{name}.gz')

    monkeypatch.setattr(downloader, 'BASE_DIR', str(folder))
    monkeypatch.setattr(downloader, 'info', lambda name_only: {'models': list(models)})
    monkeypatch.setattr(downloader, 'load', load)
    return folder


def test_model_by_name(tmp_path, gensim_data, listener, monkeypatch):
    name = 'word2vec-google-news-300'
    assert embeddings.prepare(name, tmp_path, ['voc'], [], listener) == []
    assert (tmp_path / f'embeddings/{name}.npz').is_file()
    monkeypatch.setattr(downloader, 'info', None)  # what is there needs no network
    assert embeddings.prepare(name, tmp_path, ['voc'], [], listener) == []
    file = gensim_data / name / f'{name}.gz'
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 1))  # the same model, packed in another way
    assert embeddings.prepare(name, tmp_path, ['context'], [], listener) == []
    note = json.loads((tmp_path / f'embeddings/{name}.json').read_text())
    assert set(note['classes']) == {'voc', 'context', 'words'}


def test_unknown_model(tmp_path, gensim_data, listener):
    with pytest.raises(KeyError, match=r"'word2vec-google' is neither .* fit: word2vec-google-news-300"):
        embeddings.prepare('word2vec-google', tmp_path, ['voc'], [], listener)


def test_without_network(tmp_path, gensim_data, listener, monkeypatch):
    def offline(**_):
        raise ValueError('unable to read\nlocal cache')

    monkeypatch.setattr(downloader, 'info', offline)
    with pytest.raises(AcquisitionError, match=r'list of models cannot be reached \(unable to read local cache\); '
                                               'download glove-wiki-gigaword-300 in another way'):
        embeddings.prepare('glove-wiki-gigaword-300', tmp_path, ['voc'], [], listener)
    with pytest.raises(KeyError, match='models that fit: glove-wiki'):
        embeddings.prepare('glove-wiki', tmp_path, ['voc'], [], listener)


def pickled(file, rows):
    array = np.random.default_rng(0).normal(size=(rows, 4)).astype(np.float32)
    file.write_bytes(pickle.dumps(array, protocol=4))
    return array


@pytest.mark.parametrize(('stem', 'dataset', 'made'), [
    ('norm_embed_arr_300', 'voc', 'voc_zs3_w2v'), ('norm_embed_arr_300', 'context', 'context_zs3_w2v'),
    ('mine', 'voc', 'voc_mine')])
def test_a_pickled_array_gets_the_names_of_the_classes(tmp_path, listener, stem, dataset, made):
    spec = load_spec(dataset)
    array = pickled(tmp_path / f'{stem}.pkl', len(spec.classes))
    assert embeddings.prepare(str(tmp_path / f'{stem}.pkl'), tmp_path, DATASETS, [], listener) == []
    found = load_class_vectors(spec.classes, tmp_path / f'embeddings/{made}.npz', spec.aliases, 'none')
    assert np.array_equal(found, array)
    note = json.loads((tmp_path / f'embeddings/{made}.json').read_text())
    assert note['source_sha256'] == file_sha256(tmp_path / f'{stem}.pkl') and note['classes'][dataset]


def test_a_pickled_array_of_another_length(tmp_path, listener):
    pickled(tmp_path / 'a.pkl', 7)
    with pytest.raises(AcquisitionError, match=r'a\.pkl: has 7 rows without names, .* none of: voc, context, '):
        embeddings.prepare(str(tmp_path / 'a.pkl'), tmp_path, DATASETS, [], listener)
    assert not (tmp_path / 'embeddings').exists()


@pytest.mark.parametrize('dataset', ['voc', 'voc-mini', 'context', 'cocostuff'])
def test_the_way_to_every_named_file_exists(dataset):
    for file in load_spec(dataset).vectors.values():
        source, _, name = embeddings.way_to(Path(file)).rpartition(' ')
        if source:
            assert source == '--from' and Path(name).stem in embeddings.ARRAYS
        else:
            assert name in embeddings.KNOWN
