"""The data set of the documentation, built as described, becomes a benchmark."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.records import load_records
from zs_methods.datasets import shapes_generator

PAGE = (Path(__file__).resolve().parents[2] / 'zs_methods/datasets/README.md').read_text()
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
    from benchmark.prepare import main
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
