import hashlib
import json
import os

import numpy as np
import pytest
import yaml
from PIL import Image

from zs_methods.datasets import cache, files, presence
from zs_methods.datasets.presence import class_presence
from zs_methods.datasets.spec import load_spec

SPEC = {
    'name': 'mine', 'classes': ['background', 'cat', 'dog', 'cow'], 'vectors': 'v.txt', 'splits': {1: ['cow']},
    'folders': ['inner/data', 'flat'], 'image_suffix': '.jpg',
    'subsets': {'train': {'images': 'images', 'masks': ['fine', 'coarse'], 'list': 'train.txt'},
                'val': {'images': 'images', 'masks': ['fine', 'coarse'], 'list': 'val.txt'}},
    'training_lists': {'short': {'file': 'short.txt', 'count': 1}}}


@pytest.fixture
def source(tmp_path):
    """The YAML file of a data set with two mask folders and three lists."""
    root = tmp_path / 'inner' / 'data'
    for folder in ('images', 'fine', 'coarse'):
        (root / folder).mkdir(parents=True)
    for index, name in enumerate(('b', 'a', 'c')):
        Image.new('RGB', (4, 4)).save(root / 'images' / f'{name}.jpg')
        Image.fromarray(np.full((4, 4), index, np.uint8)).save(root / 'coarse' / f'{name}.png')
    Image.fromarray(np.full((4, 4), 3, np.uint8)).save(root / 'fine' / 'a.png')
    for name, images in (('train', 'b\na\n'), ('val', 'c\n'), ('short', 'b\n')):
        (root / f'{name}.txt').write_text(images)
    (tmp_path / 'mine.yaml').write_text(yaml.safe_dump(SPEC))
    return str(tmp_path / 'mine.yaml')


@pytest.fixture
def root(source, tmp_path):
    return files.locate(load_spec(source), tmp_path)


def test_the_folder_is_found_below_the_data_root_or_is_the_root(source, tmp_path):
    spec = load_spec(source)
    expected = tmp_path / 'inner' / 'data'
    assert files.locate(spec, tmp_path) == files.locate(spec, expected) == expected
    assert files.locate(spec, tmp_path / 'absent') == tmp_path / 'absent' / 'inner' / 'data'


def test_pairs_are_sorted_and_take_the_first_folder_that_has_a_mask(source, root):
    spec = load_spec(source)
    pairs = [(image.name, mask.parent.name) for image, mask in files.list_pairs(spec, root, 'train')]
    assert pairs == [('a.jpg', 'fine'), ('b.jpg', 'coarse')]
    assert [image.name for image, _ in files.list_pairs(spec, root, 'train', 'short')] == ['b.jpg']


def test_the_fingerprint_follows_lists_files_and_classes_but_not_order_and_place(source, root, tmp_path):
    first = files.fingerprint(source, root)
    (root / 'train.txt').write_text('a\n\nb\n')
    files._content.cache_clear()
    assert files.fingerprint(source, root) == first
    assert files.fingerprint(source, root, 'short') != first
    moved = root.rename(tmp_path / 'flat')
    assert files.fingerprint(source, moved) == first
    mask = moved / 'fine' / 'a.png'
    size = mask.stat().st_size
    Image.fromarray(np.full((4, 4), 2, np.uint8)).save(mask)  # other labels in a file of the same size
    assert mask.stat().st_size == size
    files._content.cache_clear()
    assert files.fingerprint(source, moved) != first


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda root: (root / 'coarse' / 'b.png').unlink(), r'fine/b.png: mask not found'),
    (lambda root: (root / 'images' / 'b.jpg').unlink(), r'b.jpg: image not found, but .*train.txt names it'),
    (lambda root: (root / 'train.txt').unlink(), r'train.txt: list of images not found .*lists that are there: short'),
    (lambda root: (root / 'train.txt').write_text('\n'), r'train.txt: names no image'),
    (lambda root: (root / 'train.txt').write_text('a\na\n'), r"train.txt: 'a' is named twice"),
    (lambda root: (root / 'train.txt').write_text('../a\n'), r'is no plain name'),
    (lambda root: (root / 'train.txt').write_bytes(b'\xff\xfe\x00a'), r'train.txt: not a list of names in UTF-8'),
    (lambda root: (root / 'val.txt').write_text('c\na\nb\n'), r'a.jpg: image in both train and val, and so are 1 more'),
])
def test_what_is_missing_is_named_in_one_line(spoil, message, source, root):
    spoil(root)
    with pytest.raises((FileNotFoundError, ValueError), match=message) as caught:
        files.fingerprint(source, root)
    assert '\n' not in str(caught.value)


def test_a_data_set_that_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data set 'voc' not found; python -m benchmark prepare voc"):
        files.fingerprint('voc', tmp_path)


def test_presence_is_remembered_until_a_mask_changes(source, root, tmp_path, monkeypatch):
    monkeypatch.setenv('GZS3_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(cache, 'WORTH_A_FILE', 1)
    spec = load_spec(source)
    masks = [mask for _, mask in files.list_pairs(spec, root, 'train')]
    expected = [[False, False, False, True], [True, False, False, False]]
    assert class_presence(masks, spec.lookup(), 4).tolist() == expected
    presence._presence.cache_clear()
    monkeypatch.setattr(presence, 'read_labels', None)  # a second look would fail
    assert class_presence(masks, spec.lookup(), 4).tolist() == expected
    presence._presence.cache_clear()
    Image.fromarray(np.full((4, 4), 2, np.uint8)).save(masks[0])
    with pytest.raises(TypeError):
        class_presence(masks, spec.lookup(), 4)
    monkeypatch.undo()
    presence._presence.cache_clear()


def test_a_cache_that_cannot_be_written_changes_nothing(source, root, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('GZS3_CACHE', str(tmp_path / 'file' / 'cache'))
    monkeypatch.setattr(cache, 'WORTH_A_FILE', 1)
    spec = load_spec(source)
    masks = [mask for _, mask in files.list_pairs(spec, root, 'val')]
    assert class_presence(masks, spec.lookup(), 4).tolist() == [[False, False, True, False]]
    presence._presence.cache_clear()


NFC, NFD = 'caf\u00e9', 'cafe\u0301'


@pytest.mark.parametrize(('image', 'mask', 'listed'), [
    ('b.JPG', 'b.png', 'b'), ('b.Jpg', 'b.PNG', 'b'), (f'{NFC}.jpg', f'{NFD}.png', NFC),
    (f'{NFD}.jpg', f'{NFC}.PNG', NFC), (f'{NFC}.JPG', f'{NFC}.png', NFD), (f'{NFD}.jpg', f'{NFD}.png', NFD)])
def test_names_match_however_they_are_written(source, root, image, mask, listed):
    (root / 'images/b.jpg').rename(root / 'images' / image)
    (root / 'coarse/b.png').rename(root / 'coarse' / mask)
    (root / 'train.txt').write_text(f'{listed}\na\n', encoding='utf-8')
    pairs = [(one.name, other.name) for one, other in files.list_pairs(load_spec(source), root, 'train')]
    assert sorted(pairs) == sorted([('a.jpg', 'a.png'), (image, mask)])
    assert files.fingerprint(source, root)


def test_the_case_of_a_name_itself_and_other_suffixes_still_differ(source, root):
    (root / 'images/b.jpg').rename(root / 'images/B.jpg')
    with pytest.raises(FileNotFoundError, match=r'b.jpg: image not found'):
        files.list_pairs(load_spec(source), root, 'train')
    (root / 'images/B.jpg').rename(root / 'images/b.jpeg')
    with pytest.raises(FileNotFoundError, match=r'b.jpg: image not found'):
        files.list_pairs(load_spec(source), root, 'train')


@pytest.mark.parametrize(('folder', 'first', 'second', 'message'), [
    ('images', 'b.jpg', 'b.JPG', r'images: b.JPG and b.jpg differ only in the case'),
    ('coarse', 'b.png', 'b.PNG', r'coarse: b.PNG and b.png differ only in the case'),
    ('images', f'{NFC}.jpg', f'{NFD}.jpg', r"images: 'cafe\\u0301.jpg' and 'caf\\xe9.jpg' differ only in")])
def test_two_files_of_one_name_are_one_line(source, root, folder, first, second, message):
    name = first.split('.')[0]
    for other in ('images/b.jpg', 'coarse/b.png'):
        (root / other).rename((root / other).with_stem(name))
    (root / folder / second).write_bytes((root / folder / first).read_bytes())
    (root / 'train.txt').write_text(f'{name}\na\n', encoding='utf-8')
    with pytest.raises(ValueError, match=message) as error:
        files.list_pairs(load_spec(source), root, 'train')
    assert '\n' not in str(error.value)
    (root / 'train.txt').write_text('a\n')  # files that nobody asks for may be there twice
    assert files.list_pairs(load_spec(source), root, 'train')


@pytest.mark.parametrize('content', [
    b'\xef\xbb\xbfb\r\na\r\n', b'\xef\xbb\xbfa\nb', b'b\r\n\r\n  a \r\n', b'b\ra\r'])
def test_lists_of_other_editors_are_read(root, content):
    (root / 'train.txt').write_bytes(content)
    assert files.read_list(root / 'train.txt') == ['a', 'b']


@pytest.mark.parametrize(('content', 'message'), [
    (f'{NFC}\n{NFD}\n'.encode(), 'is named twice'),
    (b'a\ncaf\xe9\nb\n', r"not a list of names in UTF-8: b'caf\\xe9'"),
    (b'\xff\xfea\0\n\0', r'not a list of names in UTF-8')])
def test_lists_that_are_not_clear_are_one_line(root, content, message):
    (root / 'train.txt').write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        files.read_list(root / 'train.txt')
    assert '\n' not in str(error.value)


@pytest.fixture
def unlisted(tmp_path):
    """The YAML file and the folder of a data set of which all images are meant."""
    for subset, names in (('train', 'ab'), ('val', 'c')):
        for kind, suffix in (('img', '.jpg'), ('ann', '.png')):
            folder = tmp_path / kind / subset
            folder.mkdir(parents=True)
            for name in names:
                Image.new('L', (4, 4)).save(folder / f'{name}{suffix}')
    content = {**SPEC, 'folders': ['.'], 'training_lists': {}, 'subsets': {
        subset: {'images': f'img/{subset}', 'masks': f'ann/{subset}'} for subset in ('train', 'val')}}
    (tmp_path / 'mine.yaml').write_text(yaml.safe_dump(content))
    return str(tmp_path / 'mine.yaml'), tmp_path


def test_files_that_begin_with_a_dot_do_not_exist(unlisted):
    source, root = unlisted
    before = files.fingerprint(source, root)
    for folder in ('img/train', 'ann/train', 'img/val', 'ann/val'):
        for name in ('._a.jpg', '._a.png', '.b.jpg', '.png', '.DS_Store'):
            (root / folder / name).write_bytes(b'\0\5')
    files._content.cache_clear()
    assert files.fingerprint(source, root) == before
    assert files.masks_alone(load_spec(source), root) == {} == dict(files.other_files(load_spec(source), root))


def test_the_fingerprint_of_names_that_matched_before_is_what_it_was(unlisted):
    """Written out: the order and bytes of names that are the same in list, image and mask do not change."""
    source, root = unlisted
    for folder, suffix in (('img', '.jpg'), ('ann', '.png')):
        for name, other in (('a', NFD), ('b', 'cafz')):  # composed, they would be ordered the other way round
            (root / folder / f'train/{name}{suffix}').rename(root / folder / f'train/{other}{suffix}')
    spec = load_spec(source)
    digest = hashlib.sha256(json.dumps([spec.classes, spec.background, spec.mask_ids, spec.ignore_index]).encode())
    for subset, names in (('train', sorted([NFD, 'cafz'])), ('val', ['c'])):
        digest.update(f'\n{subset}'.encode())
        for name in names:
            image = root / f'img/{subset}/{name}.jpg'
            digest.update(f'\n{image.name} {image.stat().st_size}'.encode())
        for name in names:
            digest.update(hashlib.sha256((root / f'ann/{subset}/{name}.png').read_bytes()).digest())
    assert files.fingerprint(source, root) == f'mine-{digest.hexdigest()[:16]}'


def test_a_name_that_is_no_utf8_has_a_fingerprint_and_is_shown_with_its_bytes(unlisted, monkeypatch):
    source, root = unlisted
    for folder, suffix in (('img', b'.jpg'), ('ann', b'.png')):
        path = os.fsencode(root / folder / 'train')
        os.rename(path + b'/a' + suffix, path + b'/caf\xe9' + suffix)
    before = files.fingerprint(source, root)
    monkeypatch.setattr(cache, 'WORTH_A_FILE', 1)  # names are part of what is remembered
    monkeypatch.setenv('GZS3_CACHE', str(root / 'cache'))
    files._content.cache_clear()
    assert files.fingerprint(source, root) == before and before.startswith('mine-')
    os.remove(os.fsencode(root / 'ann/train') + b'/caf\xe9.png')
    with pytest.raises(FileNotFoundError, match=r'ann/train/caf\\xe9.png: mask not found') as error:
        files.list_pairs(load_spec(source), root, 'train')
    str(error.value).encode()


def test_what_takes_no_part_is_told(unlisted):
    source, root = unlisted
    spec = load_spec(source)
    assert files.masks_alone(spec, root) == {} and files.other_files(spec, root) == []
    for name in ('img/train/x.jpeg', 'img/train/y.jpeg', 'img/train/notes', 'ann/train/a.tif', 'ann/train/z.png',
                 'ann/train/a_labelTrainIds.png'):
        (root / name).write_bytes(b'')
    (root / 'img/train/folder').mkdir()
    assert files.masks_alone(spec, root) == {root / 'ann/train': ['z.png']}
    assert files.other_files(spec, root) == [
        f'{root}/img/train: 3 files that do not end with .jpg: .jpeg (2), notes (1), take no part',
        f'{root}/ann/train: 1 files that do not end with .png: .tif (1), take no part']
    (root / 'ann/train/b.png').rename(root / 'ann/train/b.tif')
    with pytest.raises(FileNotFoundError, match=r'b.png: mask not found; there are: 2 files that do not end with .png'):
        files.list_pairs(spec, root, 'train')
    for name in ('a.jpg', 'b.jpg'):
        (root / 'img/train' / name).unlink()
    with pytest.raises(FileNotFoundError, match=r'img/train: no image \*.jpg in it; there are: 3 files that do not '):
        files.list_pairs(spec, root, 'train')


def test_what_a_list_leaves_out_is_not_told(source, root):
    (root / 'images/other.jpeg').write_bytes(b'')
    assert files.masks_alone(load_spec(source), root) == {} and files.other_files(load_spec(source), root) == []
