"""``--vectors``: short names, files, and several of them; what is addressed and recorded, and what is refused."""

import pytest
from PIL import Image

from benchmark.planning.data import vectors_card
from zs_methods.datasets.spec import SPECS
from zs_methods.hashes import file_sha256
from zs_methods.vectors.class_vectors import vectors_sha256

WORD2VEC, FASTTEXT = (str(SPECS / f'shapes_{name}.txt') for name in ('word2vec', 'fasttext'))


@pytest.fixture
def vectors(plan):
    """The task's files, the last stage's key and the variant of `spnet` for a value of the option."""
    def call(*words):
        cell = next(cell for cell in plan('--methods', 'spnet', '--ks', 2, *words) if cell.id.method == 'spnet')
        return cell.task.vectors, cell.key, cell.id.variant
    return call


def test_the_data_sets_first_file_is_the_default_and_no_variant(vectors):
    assert vectors() == vectors('--vectors', 'word2vec')
    assert vectors()[0] == WORD2VEC and vectors()[2] == {}


def test_names_stand_for_files(vectors):
    file, key, variant = vectors('--vectors', 'fasttext')
    assert file == FASTTEXT and variant == {'vectors': f'shapes_fasttext.txt {file_sha256(FASTTEXT)[:8]}'}
    assert vectors('--vectors', FASTTEXT) == (file, key, variant)
    assert key != vectors()[1]


def test_several_are_joined_in_their_order(vectors, tmp_path):
    both, swapped = vectors('--vectors', 'word2vec+fasttext'), vectors('--vectors', 'fasttext+word2vec')
    assert both[0] == f'{WORD2VEC}+{FASTTEXT}' and swapped[0] == f'{FASTTEXT}+{WORD2VEC}'
    assert len({both[1], swapped[1], vectors()[1], vectors('--vectors', 'fasttext')[1]}) == 4
    assert both[2]['vectors'].startswith('shapes_word2vec.txt+shapes_fasttext.txt ')
    assert vectors('--vectors', f'word2vec+{FASTTEXT}') == both
    copy = tmp_path / 'shapes_fasttext.txt'  # addresses follow the content, not the folder
    copy.write_bytes((SPECS / 'shapes_fasttext.txt').read_bytes())
    assert vectors('--vectors', f'word2vec+{copy}')[1:] == both[1:]


def test_a_changed_part_is_another_address(vectors, tmp_path):
    copy = tmp_path / 'mine.txt'
    text = (SPECS / 'shapes_fasttext.txt').read_text()
    keys = []
    for content in (text, text.replace('\nred 0.', '\nred 1.').replace('\nred -0.', '\nred 1.')):
        copy.write_text(content)
        keys.append(vectors('--vectors', f'word2vec+{copy}')[1:])
    assert keys[0][0] != keys[1][0] and keys[0][1] != keys[1][1]


def test_the_floor_does_not_depend_on_vectors(plan):
    keys = {next(cell.key for cell in plan('--methods', 'zs3', '--ks', 2, *words) if cell.id.method == 'seen_only')
            for words in ((), ('--vectors', 'word2vec+fasttext'))}
    assert len(keys) == 1


def test_records_name_all_files_and_one_hash(tmp_path):
    files = f'{WORD2VEC}+{FASTTEXT}'
    assert vectors_card(files) == {
        'file': 'shapes_word2vec.txt+shapes_fasttext.txt', 'sha256': vectors_sha256(files)}
    assert vectors_card(WORD2VEC) == {'file': 'shapes_word2vec.txt', 'sha256': file_sha256(WORD2VEC)}
    assert vectors_card(f'{WORD2VEC}+{tmp_path}/gone.txt') == {}


@pytest.mark.parametrize(('value', 'parts'), [
    ('glove', ["word vectors 'glove' are neither a file nor a name", 'names: word2vec, fasttext']),
    ('word2vec+glove', ["'glove'", 'word2vec, fasttext']), ('word2vec+', ["''"]), ('', ["''"]),
    ('gone.txt', ['gone.txt']), ('word2vec+gone.npz', ['gone.npz']), ('words.csv', ['words.csv']),
])
def test_what_is_no_file_and_no_name_is_one_line(run_py, capsys, monkeypatch, value, parts):
    monkeypatch.delattr('benchmark.planning.data.prepare_data')  # never on to training
    assert run_py('--ks', '2', '--vectors', value) == 2
    captured = capsys.readouterr()
    assert captured.out == '' and captured.err.startswith('run.py: ') and captured.err.count('\n') == 1
    assert all(part in captured.err for part in parts)


def test_a_named_file_that_is_not_there_says_how_to_make_it(run_py, capsys, tmp_path):
    for subset in ('train', 'val'):
        for folder in ('images', 'masks'):
            (tmp_path / folder / subset).mkdir(parents=True)
            Image.new('L', (4, 4)).save(tmp_path / folder / subset / f'{subset}.png')
    file = tmp_path / 'mine.yaml'
    file.write_text("""
name: mine
classes: [a, b, c]
subsets: {train: {images: images/train, masks: masks/train}, val: {images: images/val, masks: masks/val}}
splits: {1: [a]}
vectors: {first: first.txt, second: second-300.npz}
""")
    (tmp_path / 'first.txt').write_text('3 2\na 1 0\nb 0 1\nc 1 1\n')
    words = '--dataset', file, '--data-root', tmp_path, '--dry-run', '--model', 'tiny'
    assert run_py(*words) == 0
    capsys.readouterr()
    assert run_py(*words, '--vectors', 'first+second') == 2
    message = 'no word vectors at {}/embeddings/second-300.npz; python -m benchmark prepare embeddings second-300'
    assert message.format(tmp_path) in capsys.readouterr().err
