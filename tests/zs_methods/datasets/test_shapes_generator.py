import numpy as np
import pytest
from PIL import Image

from zs_methods.datasets import shapes_generator as shapes
from zs_methods.datasets.spec import load_spec

#: SHA-256 of all pixels of version 1; a change of a pixel needs a new VERSION and new records.
PINNED = '6330b7e683ae6b165354e43ca9bac7c5169139bce1bf0e5bf7de7e05940f513d'


def pairs(count):
    for subset, total in shapes.SUBSETS.items():
        for index in range(count or total):
            yield shapes.render(subset, index)


@pytest.mark.slow
def test_content_is_pinned():
    assert shapes.fingerprint(pairs(None)) == PINNED


def test_generating_writes_the_layout_once_and_reports_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes, 'SUBSETS', {'train': 3, 'val': 2, 'unlabelled': 1})
    steps = []
    sha256 = shapes.generate(tmp_path / 'shapes', lambda *step: steps.append(step))
    assert steps[-1] == (6, 6)
    files = sorted(p.relative_to(tmp_path / 'shapes').as_posix() for p in (tmp_path / 'shapes').rglob('*.png'))
    assert 'img_dir/train/00002.png' in files
    assert 'ann_dir/unlabelled/00000.png' in files
    assert len(files) == 12
    image, labels = shapes.render('val', 1)
    assert (np.asarray(Image.open(tmp_path / 'shapes/img_dir/val/00001.png')) == image).all()
    assert (np.asarray(Image.open(tmp_path / 'shapes/ann_dir/val/00001.png')) == labels).all()
    assert shapes.generate(tmp_path / 'shapes', lambda *step: pytest.fail('generated twice')) == sha256


def test_an_interrupted_generation_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes, 'SUBSETS', {'train': 3})

    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shapes.generate(tmp_path / 'shapes', interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_origin_is_left_alone(tmp_path):
    mine = tmp_path / 'shapes' / 'mine.txt'
    mine.parent.mkdir()
    mine.write_text('precious')
    with pytest.raises(FileExistsError, match='another data root'):
        shapes.generate(tmp_path / 'shapes')
    assert mine.read_text() == 'precious'


def test_size_and_content_are_as_promised():
    assert shapes.SUBSETS['train'] >= 1000
    assert shapes.SUBSETS['val'] >= 300
    assert load_spec('shapes').classes == shapes.CLASSES
    classes = [set(np.unique(labels)) - {0, shapes.IGNORE} for labels in (
        shapes.render('train', i)[1] for i in range(300))]
    unseen = set(load_spec('shapes').unseen(2))
    assert 0.05 < np.mean([bool(c & unseen) for c in classes]) < 0.5  # dropping or masking them is real
    assert np.mean([len(c) > 1 for c in classes]) > 0.3
    assert set.union(*classes) == set(range(1, 21))


def test_splits_are_nested_and_keep_every_texture_and_colour_seen():
    spec = load_spec('shapes')
    splits = {k: spec.unseen(k) for k in spec.ks}
    assert list(splits) == [2, 4, 6, 8, 10]
    for smaller, larger in zip(list(splits.values()), list(splits.values())[1:], strict=False):
        assert set(smaller) < set(larger)
    seen = [shapes.CLASSES[c].split() for c in range(1, 21) if c not in splits[10]]
    assert {texture for texture, _ in seen} == set(shapes.TEXTURES)
    assert {colour for _, colour in seen} == set(shapes.COLOURS)


def test_of_two_that_generate_at_once_the_first_to_end_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes, 'SUBSETS', {'train': 1, 'val': 1})
    seen = []

    def another_run(done, total):
        if done == total and not seen:
            seen.append(shapes.generate(tmp_path / 'shapes'))
            seen.append((tmp_path / 'shapes').stat().st_ino)

    sha256 = shapes.generate(tmp_path / 'shapes', another_run)
    assert seen == [sha256, (tmp_path / 'shapes').stat().st_ino]
    assert [path.name for path in tmp_path.iterdir()] == ['shapes']


def test_a_data_set_of_an_older_version_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes, 'SUBSETS', {'train': 1})
    (tmp_path / 'shapes').mkdir()
    (tmp_path / 'shapes' / 'shapes.json').write_text('{"version": 0, "sha256": "old"}')
    assert shapes.generate(tmp_path / 'shapes') == shapes.generate(tmp_path / 'shapes') != 'old'
    assert [path.name for path in tmp_path.iterdir()] == ['shapes']
