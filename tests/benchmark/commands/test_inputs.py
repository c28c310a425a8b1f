"""Files as people really have them, from the command line: they work, or one line before anything is trained."""

import os
import unicodedata

import numpy as np
import pytest
from image_files import png, tiff
from PIL import Image

from benchmark.commands import prepare
from benchmark.records.files import load_records
from zs_methods.datasets.coverage import survey
from zs_methods.datasets.spec import load_spec

YAML = """name: toy
classes: [background, cat, dog, cow]
subsets:
  train: {images: img/train, masks: ann/train}
  val: {images: img/val, masks: ann/val}
splits: {1: [cow]}
vectors: words.txt
image_suffix: .jpg
mask_suffix: .png
model: tiny
"""
NAMES = 'background', 'cat', 'dog', 'cow'


def values(index):
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 1 + index % 3
    mask[:8, :8] = 1 + index % 2
    return mask


@pytest.fixture
def toy(tmp_path):
    """Eight training and three validation images of four classes."""
    for subset, count in (('train', 8), ('val', 3)):
        for kind in ('img', 'ann'):
            (tmp_path / kind / subset).mkdir(parents=True)
        for i in range(count):
            image = np.random.default_rng(i).integers(0, 60, (64, 64, 3), np.uint8)
            Image.fromarray(image).save(tmp_path / f'img/{subset}/{i}.jpg')
            Image.fromarray(values(i)).save(tmp_path / f'ann/{subset}/{i}.png')
    vectors = np.random.default_rng(0).normal(size=(4, 8))
    (tmp_path / 'words.txt').write_text('4 8\n' + ''.join(
        f'{name} {" ".join(map(str, row))}\n' for name, row in zip(NAMES, vectors, strict=True)))
    (tmp_path / 'toy.yaml').write_text(YAML)
    return tmp_path


@pytest.fixture
def run(toy, run_py, tmp_path, capsys):
    """Runs the toy; returns the exit code, standard output and standard error."""
    def call(method='zs3', *options, dry=False):
        code = run_py('--dataset', toy / 'toy.yaml', '--data-root', toy, '--ks', '1', '--reports', tmp_path / 'out',
                      '--methods', method, *(['--dry-run'] if dry else []), '--cfg-options', 'train_cfg.max_iters=2',
                      'train_dataloader.batch_size=4', 'features.per_class=8', 'generator.iterations=2',
                      'classifier.iterations=2', 'classifier.batch_size=64', *options)
        return code, *capsys.readouterr()
    return call


def edit(toy, old, new):
    text = (toy / 'toy.yaml').read_text()
    assert old in text
    (toy / 'toy.yaml').write_text(text.replace(old, new))


def mask(content):
    return lambda toy: (toy / 'ann/val/1.png').write_bytes(content)


def cut(name):
    def spoil(toy):
        content = (toy / name).read_bytes()
        (toy / name).write_bytes(content[:len(content) * 2 // 3])
    return spoil


def twice(toy):
    (toy / 'img/val/1.JPG').write_bytes((toy / 'img/val/1.jpg').read_bytes())


WRONG = {
    'a negative value': (mask(tiff(np.full((64, 64), -1), 'i4')), 'ann/val/1.png: id -1 is neither'),
    'a value beyond 16 bits': (mask(tiff(np.full((64, 64), 65537), 'u4')), 'ann/val/1.png: id 65537 is neither'),
    'a lossy mask': (lambda toy: Image.fromarray(values(1)).save(toy / 'ann/train/1.png', 'JPEG'),
                     'ann/train/1.png: a mask must keep every value, but JPEG is lossy'),
    'a coloured mask': (lambda toy: Image.fromarray(values(1)).convert('RGB').save(toy / 'ann/train/1.png'),
                        'ann/train/1.png: a mask is a palette or grey image whose values are class ids, this one is '
                        'RGB'),
    'a photograph cut short': (cut('img/val/1.jpg'), 'img/val/1.jpg: image cannot be read: image file is truncated'),
    'an empty photograph': (lambda toy: (toy / 'img/train/3.jpg').write_bytes(b''),
                            'img/train/3.jpg: image cannot be read: no image, or its beginning'),
    'a photograph of another size': (lambda toy: Image.new('RGB', (64, 65)).save(toy / 'img/train/3.jpg'),
                                     'ann/train/3.png: mask of 64 x 64 pixels for an image of 64 x 65'),
    'one name twice': (twice, 'img/val: 1.JPG and 1.jpg differ only in the case'),
    'a class that is no word': (lambda toy: edit(toy, 'cat', 'no'), 'put it in quotes'),
}


@pytest.mark.parametrize('kind', WRONG)
def test_one_line_before_anything_is_trained(toy, run, kind, tmp_path, untouched, capsys):
    spoil, message = WRONG[kind]
    spoil(toy)
    code, out, err = run()
    assert code == 2 and message in err and err.count('\n') == 1
    assert 'toy k1' not in out and not (tmp_path / 'out').exists() and not untouched['--work-dir'].exists()
    assert prepare.main(['verify', str(toy / 'toy.yaml')]) == (2 if 'quotes' in message else 1)
    problems = capsys.readouterr().err
    assert message in problems and 'Traceback' not in problems


def renamed(toy, subset, old, new):
    for kind, suffix in (('img', b'.jpg'), ('ann', b'.png')):
        folder = os.fsencode(toy / kind / subset)
        os.rename(folder + b'/' + old + suffix, folder + b'/' + new + suffix)


def capitals(toy):
    for i in range(0, 8, 2):
        (toy / f'img/train/{i}.jpg').rename(toy / f'img/train/{i}.JPG')
        (toy / f'ann/train/{i}.png').rename(toy / f'ann/train/{i}.PNG')


def accents(toy):
    name = unicodedata.normalize('NFD', 'café')
    renamed(toy, 'val', b'1', name.encode())
    (toy / 'val.txt').write_bytes('\ufeff0\r\ncafé\r\n2\r\n'.encode())
    edit(toy, 'masks: ann/val}', 'masks: ann/val, list: val.txt}')


def latin(toy):
    renamed(toy, 'val', b'1', b'caf\xe9')
    renamed(toy, 'train', b'1', b'\xfc \xff')


def hidden(toy):
    for file in [*toy.rglob('*.jpg'), *toy.rglob('*.png')]:
        (file.parent / f'._{file.name}').write_bytes(bytes(100))


def shallow(toy):
    """Masks of two bits."""
    for i in range(8):
        (toy / f'ann/train/{i}.png').write_bytes(png(values(i), 2))


def nodata(toy):
    for i in range(8):
        (toy / f'ann/train/{i}.png').write_bytes(tiff(np.where(values(i), values(i).astype(int), -1), 'i4'))
    edit(toy, 'model: tiny', 'model: tiny\nignore_index: [255, -1]')


RIGHT = {'capitals': capitals, 'accents and a byte order mark': accents, 'hidden files': hidden,
         'names that are no UTF-8': latin, 'masks of two bits': shallow, 'values to ignore below zero': nodata}


@pytest.mark.parametrize('kind', RIGHT)
def test_all_files_take_part(toy, run, kind, capsys):
    RIGHT[kind](toy)
    assert prepare.main(['verify', str(toy / 'toy.yaml')]) == 0
    out, err = capsys.readouterr()
    assert err == '' and 'no problems: every file was read' in out
    assert run(dry=True)[0] == 0
    background = '0/3' if kind.startswith('values') else '8/3'
    assert survey(load_spec(str(toy / 'toy.yaml')), toy).lines({'k1': (3,)}) == [
        f'images (train/val): 8/3; with a class, * if unseen: background {background}, cat 5/2, dog 5/1, cow* 2/1']


@pytest.mark.slow
@pytest.mark.parametrize('method', ['zs3', 'zs5'])
def test_names_that_are_no_utf8_reach_the_record(toy, run, method, tmp_path):
    latin(toy)
    renamed(toy, 'train', b'2', b'cow\xe9')  # with the unseen class: zs5 writes pseudo-labels of it
    code, out, err = run(method, *{'zs5': ['self_training.student.train_cfg.max_iters=2']}.get(method, []))
    assert code == 0, out + err
    records = {record.cell.method: record for record in load_records(tmp_path / 'out/records')}
    assert 'caf\\xe9' in [example.name for example in records[method].examples]


@pytest.mark.slow
def test_a_run_says_what_it_trains_on(toy, run):
    for i in (0, 1):
        (toy / f'img/train/{i}.jpg').rename(toy / f'img/train/{i}.jpeg')
    (toy / 'ann/val/2.png').write_bytes(png(np.zeros((64, 64), int), 8))
    code, out, err = run()
    assert (code, err) == (0, '')
    assert out.splitlines()[:6] == [
        'images (train/val): 6/3; with a class, * if unseen: background 6/3, cat 4/1, dog 4/1, cow* 2/0',
        'warning: no mask of val holds cow (unseen in k1)',
        'warning: split k1: none of its unseen classes occurs in val: no unseen score and no hIoU can be measured',
        f'warning: {toy}/ann/train: 2 masks without an image take no part, such as 0.png',
        f'warning: {toy}/img/train: 2 files that do not end with .jpg: .jpeg (2), take no part',
        out.splitlines()[5]]
    assert out.splitlines()[5].startswith('[1/')
