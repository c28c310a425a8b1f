"""Tests of zs_methods.datasets.acquisition.voc, and of the supply of archives and trees through it."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from published_archives import (
    AUG,
    OFFICIAL,
    SBD_NOVAL,
    VOC_TRAIN,
    labels,
    listing,
    pack,
    publish,
    sbd,
    sbd_mat,
    tree,
    voc2012,
)

from zs_methods.datasets.acquisition import AcquisitionError, disk, voc
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.spec import load_spec, pascal_palette


def names(root, name):
    return (root / f'VOCdevkit/VOC2012/ImageSets/Segmentation/{name}.txt').read_text().splitlines()


def test_from_archives(archives, tmp_path, listener):
    root = tmp_path / 'data'
    assert voc.prepare(Supply(root, archives, listener)) == []
    folder = root / 'VOCdevkit/VOC2012'
    assert names(root, 'trainaug') == sorted([*VOC_TRAIN, *AUG])
    assert names(root, 'aug') == AUG
    assert names(root, 'zs3_official') == OFFICIAL
    assert names(root, 'train') == VOC_TRAIN
    assert sorted(path.name for path in (folder / 'SegmentationClassAug').iterdir()) == [f'{n}.png' for n in AUG]
    with Image.open(folder / 'SegmentationClassAug/2008_000022.png') as mask:
        assert mask.mode == 'P'
        assert np.array_equal(np.asarray(mask), labels(7))
        assert np.asarray(mask.convert('RGB'))[5, 6].tolist() == list(pascal_palette(21)[7])
    with Image.open(folder / 'SegmentationClass/2007_000001.png') as mask:
        assert np.unique(mask).tolist() == [0, 1, 255]
    assert not (root / 'VOCdevkit/VOCaug/dataset/img').exists()
    card = json.loads((folder / 'prepared.json').read_text())
    assert card['lists'] == {'trainaug': 7, 'aug': 3, 'zs3_official': 6}
    assert set(card['sources']) == {'VOCtrainval_11-May-2012.tar', 'benchmark.tgz', 'train_noval.txt'}
    assert not list(root.rglob('*.part*'))


def test_second_call_changes_nothing(archives, tmp_path, listener):
    root = tmp_path / 'data'
    voc.prepare(Supply(root, archives, listener))
    before = {path: path.stat().st_mtime_ns for path in root.rglob('*.png')}
    card = (root / 'VOCdevkit/VOC2012/prepared.json').read_bytes()
    assert voc.prepare(Supply(root, archives, listener)) == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob('*.png')} == before
    assert (root / 'VOCdevkit/VOC2012/prepared.json').read_bytes() == card


def test_archives_in_downloads_are_found(archives, tmp_path, listener):
    root = tmp_path / 'data'
    root.mkdir()
    archives.rename(root / 'downloads')
    assert voc.prepare(Supply(root, None, listener)) == []


def test_by_download(archives, tmp_path, listener, monkeypatch):
    monkeypatch.setattr(SimpleHTTPRequestHandler, 'log_message', lambda *_: None)
    handler = partial(SimpleHTTPRequestHandler, directory=str(archives))
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        publish(archives, monkeypatch.setattr, f'http://127.0.0.1:{server.server_port}')
        root = tmp_path / 'data'
        assert voc.prepare(Supply(root, None, listener)) == []
        server.shutdown()
    assert names(root, 'zs3_official') == OFFICIAL
    assert sorted(path.name for path in (root / 'downloads').iterdir()) == [
        'VOCtrainval_11-May-2012.tar', 'benchmark.tgz', 'train_noval.txt']


def test_without_train_noval(archives, tmp_path, listener):
    (archives / 'train_noval.txt').unlink()
    root = tmp_path / 'data'
    lines = voc.prepare(Supply(root, archives, listener))
    assert len(lines) == 1
    assert 'zs3_official.txt: not written (trainaug and aug were), for want of train_noval.txt; get it' in lines[0]
    assert len(names(root, 'trainaug')) == 7
    assert not (root / 'VOCdevkit/VOC2012/ImageSets/Segmentation/zs3_official.txt').exists()
    (archives / 'train_noval.txt').write_bytes(listing(SBD_NOVAL))
    assert voc.prepare(Supply(root, archives, listener)) == []
    assert names(root, 'zs3_official') == OFFICIAL


def test_from_unpacked_trees(archives, tmp_path, listener):
    given, root = tmp_path / 'trees', tmp_path / 'data'
    tree(given / 'deep', {**voc2012(), **sbd()})
    (given / 'train_noval.txt').write_bytes(listing(SBD_NOVAL))
    assert voc.prepare(Supply(root, given, listener)) == []
    folder = root / 'VOCdevkit/VOC2012'
    assert (folder / 'JPEGImages').is_symlink()
    assert not (folder / 'ImageSets').is_symlink()
    assert len(names(root, 'trainaug')) == 7
    assert not (given / 'deep/VOCdevkit/VOC2012/ImageSets/Segmentation/aug.txt').exists()


def test_from_a_tree_that_mmseg_converted(archives, tmp_path, listener):
    first, root = tmp_path / 'first', tmp_path / 'data'
    voc.prepare(Supply(first, archives, listener))
    given = tmp_path / 'given'
    given.mkdir()
    (first / 'VOCdevkit').rename(given / 'VOCdevkit')
    (given / 'VOCdevkit/VOCaug/dataset/train.txt').unlink()
    (given / 'train_noval.txt').write_bytes(listing(SBD_NOVAL))
    assert voc.prepare(Supply(root, given, listener)) == []
    assert names(root, 'zs3_official') == OFFICIAL
    assert not (root / 'VOCdevkit/VOCaug').exists()


def test_missing_archives_are_named_together(tmp_path, listener):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(AcquisitionError, match=r'neither in nor below it: VOCtrainval_11-May-2012\.tar \(or what it '
                                               r'unpacks to\), benchmark\.tgz \(or'):
        voc.prepare(Supply(tmp_path / 'data', tmp_path / 'empty', listener))
    assert not (tmp_path / 'data').exists()


def test_flipped_byte_in_an_archive(archives, tmp_path, listener):
    file = archives / 'benchmark.tgz'
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(AcquisitionError, match=r'benchmark\.tgz: MD5 is .{32}, published is .{32}: damaged'):
        voc.prepare(Supply(tmp_path / 'data', archives, listener))
    assert not (tmp_path / 'data').exists()


def test_too_little_room_is_said_before_anything_is_written(archives, tmp_path, listener, monkeypatch):
    monkeypatch.setattr(disk.shutil, 'disk_usage', lambda path: type('', (), {'free': 1000})())
    with pytest.raises(AcquisitionError, match=r'unpacking needs 67\.\d MB, the disk has 0\.0 MB free'):
        voc.prepare(Supply(tmp_path / 'data', archives, listener))
    assert not (tmp_path / 'data').exists()


def repacked(archives, monkeypatch, **changes):
    """SBD with members changed or, where None, left out."""
    members = {**sbd(), **{f'benchmark_RELEASE/dataset/{name}': content for name, content in changes.items()}}
    pack(archives / 'benchmark.tgz', {name: content for name, content in members.items() if content is not None})
    publish(archives, monkeypatch.setattr)


@pytest.mark.parametrize(('change', 'message'), [
    ({'cls/2008_000022.mat': None}, r'cls/2008_000022\.mat: annotation not found'),
    ({'cls/2008_000022.mat': b'junk'}, r'cls/2008_000022\.mat: annotation cannot be read \('),
    ({'cls/2008_000022.mat': sbd_mat(21)}, r'cls/2008_000022\.mat: id 21 is neither that of a class nor 255'),
    ({'val.txt': listing(['2007_000002'])}, r'trainaug\.txt: would have 6 images, 7 are published; not written'),
], ids=['missing', 'damaged', 'id', 'list'])
def test_wrong_annotations(archives, tmp_path, listener, monkeypatch, change, message):
    repacked(archives, monkeypatch, **change)
    root = tmp_path / 'data'
    with pytest.raises(AcquisitionError, match=message) as error:
        voc.prepare(Supply(root, archives, listener))
    assert len(str(error.value).splitlines()) == 1
    folder = root / 'VOCdevkit/VOC2012'
    assert not (folder / 'ImageSets/Segmentation/trainaug.txt').exists()
    assert not (folder / 'prepared.json').exists()
    assert not list(root.rglob('*.part'))


def test_published_sizes_are_those_of_the_papers():
    spec = load_spec('voc')
    assert {name: entry.count for name, entry in spec.training_lists.items()} == {'official': 5953, 'aug': 10582}
    assert spec.subsets['val'].count == 1449
