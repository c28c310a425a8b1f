"""The data set of the documentation, built as described, becomes a benchmark."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.records.files import load_record, load_records
from zs_methods.datasets import shapes_generator

PAGE = (Path(__file__).resolve().parents[3] / 'docs/data.md').read_text()
WORDS = ('background', 'rose', 'tulip', 'daisy', 'plant')


@pytest.fixture
def garden(tmp_path):
    """The example's YAML file and the folders it describes."""
    text = re.search(r'<!-- file: flowers.yaml -->\n```yaml\n(.*?)```', PAGE, re.DOTALL).group(1)
    (tmp_path / 'flowers.yaml').write_text(text)
    (tmp_path / 'words.txt').write_text(
        f'{len(WORDS)} 3\n' + ''.join(f'{word} {i} 1 {i * i}\n' for i, word in enumerate(WORDS)))
    root = tmp_path / 'garden'
    ids = np.array([0, 10, 20, 30, 40] * 5, np.uint8)
    for index in range(16):
        image, labels = shapes_generator.render('train', index)
        mask = np.where(labels == 255, 255, ids[labels % 25])
        for folder in ('img/train', 'img/all'):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(root / folder / f'{index}.jpg')
        for folder in ('ann/train', 'ann/fine' if index % 2 else 'ann/coarse'):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask.astype(np.uint8)).save(root / folder / f'{index}.png')
    (root / 'val.txt').write_text('3\n1\n2\n')
    (root / 'train.txt').write_text('\n'.join(map(str, range(16))))
    return tmp_path


@pytest.mark.slow
def test_the_documented_example_runs(garden, run_py, tmp_path):
    assert run_py('--dataset', garden / 'flowers.yaml', '--methods', 'zs3', '--splits', 'plants', '--model', 'tiny',
                  '--protocol', 'spnet', '--train-list', 'official', '--data-root', garden,
                  '--reports', tmp_path / 'out', '--cfg-options', 'train_cfg.max_iters=2', 'generator.iterations=2',
                  'classifier.iterations=2') == 0
    records = {record.cell.method: record for record in load_records(tmp_path / 'out/records')}
    assert set(records) == {'seen_only', 'zs3', 'oracle'}
    record = records['zs3']
    cell = record.cell
    assert (cell.dataset, cell.split, cell.k, cell.model) == ('flowers', 'plants', 1, 'tiny')
    assert record.cell.protocol == 'spnet-official'
    assert record.images == 3
    assert not any(record.confusion[0])  # the background is ignored
    assert record.label_access['level'] == 'ignore-mask'
    assert record.provenance['data']['counts'] == {
        'train': {'images': 16, 'published': 4}, 'val': {'images': 3, 'published': None}}
    assert 'Flowers of my garden' in (tmp_path / 'out/flowers.md').read_text()


def test_prepare_verifies_the_documented_example_beside_its_file(garden, capsys):
    from benchmark.commands.prepare import main
    (garden / 'garden/train.txt').write_text('0\n4\n5\n6\n')
    assert main(['verify', str(garden / 'flowers.yaml')]) == 0
    (garden / 'garden/ann/fine/1.png').unlink()
    assert main(['verify', str(garden / 'flowers.yaml')]) == 1
    assert '1.png: mask not found' in capsys.readouterr().err


@pytest.mark.parametrize(('spoil', 'part'), [
    (lambda root: (root / 'garden/ann/train/7.png').unlink(), '7.png: mask not found'),
    (lambda root: (root / 'words.txt').write_text('1 3\nrose 1 2 3\n'), "no vector for word 'background'"),
    (lambda root: (root / 'flowers.yaml').write_text('name: flowers\n'), 'flowers.yaml: classes: '),
])
def test_what_is_wrong_is_said_before_anything_runs(garden, run_py, spoil, part, capsys, untouched):
    spoil(garden)
    assert run_py('--dataset', garden / 'flowers.yaml', '--data-root', garden, '--methods', 'zs3', '--ks', '1') == 2
    error = capsys.readouterr().err
    assert part in error and error.count('\n') == 1
    assert not untouched['--reports'].exists() and not untouched['--work-dir'].exists()


@pytest.mark.parametrize('mask', ['ann/fine/1.png', 'ann/train/5.png'])
def test_an_id_that_is_no_class_stops_a_run_before_it_trains(garden, run_py, tmp_path, capsys, mask):
    path = garden / 'garden' / mask
    labels = np.asarray(Image.open(path)).copy()
    labels[0, 0] = 77
    Image.fromarray(labels).save(path)
    assert run_py('--dataset', garden / 'flowers.yaml', '--data-root', garden, '--methods', 'seen_only', '--ks', '1',
                  '--model', 'tiny', '--reports', tmp_path / 'out') == 2
    error = capsys.readouterr().err
    assert f'{path}: id 77 is neither' in error and error.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def toy_folder(folder, seed, train=8):
    """A data set called toy: squares of three classes, of which cow is unseen."""
    rng = np.random.default_rng(seed)
    for subset, count in (('train', train), ('val', 3)):
        for kind in ('img', 'ann'):
            (folder / kind / subset).mkdir(parents=True)
        for index in range(count):
            mask = np.zeros((64, 64), np.uint8)
            mask[8:40, 8:40] = 1 + index % 3 if subset == 'val' else 3 if index % 4 == 3 else 1 + index % 2
            image = rng.integers(0, 60, (64, 64, 3), dtype=np.uint8) + 60 * mask[..., None]
            Image.fromarray(image).save(folder / 'img' / subset / f'{index}.png')
            Image.fromarray(mask).save(folder / 'ann' / subset / f'{index}.png')
    (folder / 'words.txt').write_text('4 3\n' + ''.join(
        f'{word} {i} 1 {i * i}\n' for i, word in enumerate(('background', 'cat', 'dog', 'cow'))))
    (folder / 'toy.yaml').write_text(
        'name: toy\nclasses: [background, cat, dog, cow]\nsubsets:\n  train: {images: img/train, masks: ann/train}\n'
        '  val: {images: img/val, masks: ann/val}\nsplits:\n  1: [cow]\nvectors: words.txt\nimage_suffix: .png\n'
        'mask_suffix: .png\nmodel: tiny\n')
    return folder / 'toy.yaml'


def micro_toy(run_py, file, *words):
    return run_py('--dataset', file, '--methods', 'zs3', '--cfg-options', 'train_cfg.max_iters=2',
                  'generator.iterations=2', 'classifier.iterations=2', *words)


@pytest.mark.slow
def test_two_data_sets_of_one_name_are_kept_apart(run_py, tmp_path, capsys, untouched):
    one, other = toy_folder(tmp_path / 'a', 1), toy_folder(tmp_path / 'b', 2, train=9)
    reports = untouched['--reports']

    def records():
        return {path: path.read_bytes() for path in (reports / 'records').glob('*.json')}

    def run(file):
        assert micro_toy(run_py, file, '--data-root', file.parent) == 0
        return capsys.readouterr().out

    assert 'names other data' not in run(one)
    first = records()
    out = run(other)
    assert {path: content for path, content in records().items() if path in first} == first
    data = {record.cell.data for record in load_records(reports / 'records')}
    assert len(records()) == 6 and len(data) == 2 and all(name.startswith('toy-') for name in data)
    own, = data - {record.cell.data for record in map(load_record, first)}
    assert f'this run is on {own}, others on {", ".join(data - {own})}' in out
    text = (reports / 'toy.md').read_text()
    assert [f', data {name}' in text for name in sorted(data)] == [True, True] and text.count('## Protocol') == 2

    # Data that are edited between runs are others: what was said of them before stays, in a section of its own.
    shutil.copytree(tmp_path / 'a', tmp_path / 'edited')
    Image.fromarray(np.full((64, 64), 2, np.uint8)).save(tmp_path / 'edited' / 'ann' / 'train' / '1.png')
    assert 'others on' in run(tmp_path / 'edited' / 'toy.yaml')
    assert len(records()) == 9 and (reports / 'toy.md').read_text().count('## Protocol') == 3


@pytest.mark.slow
def test_a_validation_set_without_unseen_classes_gives_no_hiou(run_py, tmp_path, capsys, untouched):
    file = toy_folder(tmp_path / 'a', 1)
    for mask in (tmp_path / 'a' / 'ann' / 'val').iterdir():
        labels = np.asarray(Image.open(mask))
        Image.fromarray(np.where(labels == 3, 1, labels).astype(np.uint8)).save(mask)
    assert micro_toy(run_py, file, '--data-root', file.parent) == 0
    out = capsys.readouterr().out
    assert out.count('unseen —  hIoU —') == 3 and 'no image scored holds a pixel of an unseen class' in out
    assert all(record.metrics.hiou is None and record.metrics.unseen.miou is None and record.metrics.seen.miou > 0
               and record.absent_classes == ['cow'] for record in load_records(untouched['--reports'] / 'records'))
    assert micro_toy(run_py, file, '--data-root', file.parent, '--verify', '1') == 0
    assert '1 of 1 identical to the pixel' in capsys.readouterr().out
