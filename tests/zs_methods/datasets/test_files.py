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
    with pytest.raises(FileNotFoundError, match=r"data set 'voc' not found; python benchmark/prepare.py voc"):
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
