"""Tests of zs_methods.datasets.acquisition.verify."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from published_archives import jpeg, labels, png, tiny_spec

from zs_methods.datasets.acquisition import cocostuff, context, voc
from zs_methods.datasets.acquisition.supply import Supply
from zs_methods.datasets.acquisition.verify import verify
from zs_methods.datasets.files import list_pairs, locate
from zs_methods.datasets.masks import WAY_OUT
from zs_methods.datasets.spec import DatasetSpec, ImageList, load_spec


@pytest.fixture
def made(archives, tmp_path, listener):
    root = tmp_path / 'data'
    for module in (voc, context, cocostuff):
        module.prepare(Supply(root, archives, listener))
    return root


def check(root, name, listener):
    spec = tiny_spec(name)
    return verify(spec, locate(spec, root), listener)


def lines(findings):
    return {kind: [line.split('/data/', 1)[1] for line in found] for kind, found in findings.problems.items()}


@pytest.mark.parametrize(('name', 'rows'), [
    ('voc', [('val', 2, 2, 2), ('train (official)', 6, 6, 6), ('train (aug)', 7, 7, 7)]),
    ('context', [('train', 2, 2, 2), ('val', 1, 1, 1)]),
    ('cocostuff', [('train', 3, 3, 3), ('val', 1, 1, 1)]),
])
def test_clean_data(made, listener, name, rows):
    findings = check(made, name, listener)
    assert findings.problems == {}
    assert findings.rows == rows
    assert listener.steps[-1][0] == 'reading images and masks'


VOC = 'VOCdevkit/VOC2012'


def test_missing_files(made, listener):
    (made / VOC / 'SegmentationClass/2007_000003.png').unlink()
    (made / VOC / 'SegmentationClassAug/2008_000023.png').unlink()
    (made / VOC / 'JPEGImages/2008_000021.jpg').unlink()
    (made / VOC / 'ImageSets/Segmentation/zs3_official.txt').unlink()
    assert lines(check(made, 'voc', listener)) == {
        'list': [f'{VOC}/ImageSets/Segmentation/zs3_official.txt: list of images not found '
                 '(No such file or directory)'],
        'missing mask': [f'{VOC}/SegmentationClass/2007_000003.png: mask not found, nor in SegmentationClassAug',
                         f'{VOC}/SegmentationClass/2008_000023.png: mask not found, nor in SegmentationClassAug'],
        'missing image': [f'{VOC}/JPEGImages/2008_000021.jpg: image not found, but trainaug.txt names it'],
    }


def test_wrong_lists(made, listener):
    file = made / VOC / 'ImageSets/Segmentation/trainaug.txt'
    names = file.read_text()
    file.write_text(names + '2007_000011\n')
    assert lines(check(made, 'voc', listener)) == {
        'count': [f'{VOC}/ImageSets/Segmentation/trainaug.txt: 8 images, 7 are published'],
        'overlap': [f'{VOC}/JPEGImages/2007_000011.jpg: is in train (aug) and in val'],
    }
    # Exactly what the loader refuses.
    for text, message in (('2007_000001\n', "'2007_000001' is named twice"), ('a/b\n', "'a/b' is no plain name")):
        file.write_text(names + text)
        assert lines(check(made, 'voc', listener)) == {
            'list': [f'{VOC}/ImageSets/Segmentation/trainaug.txt: {message}']}
        with pytest.raises(ValueError, match=message):
            list_pairs(load_spec('voc'), made / VOC, 'train', 'aug')
    file.write_bytes(b'\xff\n')
    assert lines(check(made, 'voc', listener))['list'][0].startswith(f'{VOC}/ImageSets/Segmentation/trainaug.txt: ')


def own(folder, train, val, **more):
    """A data set of one's own: images with a space in the name, lists if wanted."""
    for part in {train, val}:
        for kind in ('images', 'masks'):
            (folder / part / kind).mkdir(parents=True)
        (folder / part / 'images/a 0.jpg').write_bytes(jpeg(0))
        (folder / part / 'masks/a 0.png').write_bytes(png(labels(1)))
    return DatasetSpec.model_validate({
        'name': 'own', 'classes': ['x', 'y', 'z'], 'splits': {1: ['z']}, 'vectors': 'v.txt', 'image_suffix': '.jpg',
        'subsets': {name: {'images': f'{part}/images', 'masks': f'{part}/masks', **more}
                    for name, part in (('train', train), ('val', val))}})


def test_images_of_one_name_in_two_folders_are_two(tmp_path, listener):
    spec = own(tmp_path, 'train', 'val')
    assert verify(spec, tmp_path, listener).problems == {}
    spec = own(tmp_path / 'same', 'all', 'all')
    assert verify(spec, tmp_path / 'same', listener).problems == {
        'overlap': [f'{tmp_path}/same/all/images/a 0.jpg: is in train and in val']}
    (tmp_path / 'val/images/a 0.jpg').unlink()
    (tmp_path / 'val/images').rmdir()
    (tmp_path / 'val/images').symlink_to(tmp_path / 'train/images')
    spec = own(tmp_path / 'other', 'train', 'val')
    assert verify(spec, tmp_path, listener).problems == {
        'overlap': [f'{tmp_path}/train/images/a 0.jpg: is in train and in val']}


def test_validation_list_that_is_a_training_list(tmp_path, listener):
    spec = own(tmp_path, 'all', 'all', list='names.txt')
    spec = spec.model_copy(update={'training_lists': {'full': ImageList(file='names.txt')}})
    (tmp_path / 'names.txt').write_text('a 0\n')
    assert verify(spec, tmp_path, listener).problems == {
        'overlap': [f'{tmp_path}/all/images/a 0.jpg: is in train (full) and in val']}


def test_a_line_of_a_list_is_a_name(tmp_path, listener):
    spec = own(tmp_path, 'train', 'val', list='names.txt')
    (tmp_path / 'names.txt').write_text('a 0\n')
    assert verify(spec, tmp_path, listener).problems == {}
    assert list_pairs(spec, tmp_path, 'val')[0][0].name == 'a 0.jpg'


def test_sizes_are_those_of_the_file_whatever_its_exif_says(tmp_path, listener):
    spec, image = own(tmp_path, 'train', 'val'), tmp_path / 'train/images/a 0.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    with Image.open(image) as opened:
        opened.save(image, exif=exif)
    assert verify(spec, tmp_path, listener).problems == {}


def test_wrong_masks(made, listener):
    folder = made / VOC / 'SegmentationClass'
    (folder / '2007_000001.png').write_bytes(png(labels(21, 22)))
    Image.new('RGB', (24, 20)).save(folder / '2007_000002.png')
    Image.fromarray(np.zeros((20, 23), np.uint8)).save(folder / '2007_000003.png')
    assert lines(check(made, 'voc', listener)) == {
        'ids': [f'{VOC}/SegmentationClass/2007_000001.png: ids 21, 22 are neither that of a class nor one to ignore'],
        'format': [f'{VOC}/SegmentationClass/2007_000002.png: a mask is a palette or grey image whose values are '
                   f'class ids, this one is RGB; {WAY_OUT}'],
        'size': [f'{VOC}/SegmentationClass/2007_000003.png: mask of 23 x 20 pixels for an image of 24 x 20'],
    }


def test_context_has_sixty_ids_and_coco_the_raw_ones(made, listener):
    mask = 'VOCdevkit/VOC2010/SegmentationClassContext/2008_000031.png'
    (made / mask).write_bytes(png(labels(60)))
    assert lines(check(made, 'context', listener)) == {
        'ids': [f'{mask}: id 60 is neither that of a class nor one to ignore']}
    mask = 'coco_stuff164k/annotations/val2017/000000000139.png'
    (made / mask).write_bytes(png(labels(11)))
    (made / 'coco_stuff164k/annotations/val2017/000000000140.png').write_bytes(png(labels(1)))
    assert lines(check(made, 'cocostuff', listener)) == {
        'ids': [f'{mask}: id 11 is neither that of a class nor one to ignore'],
        'missing image': ['coco_stuff164k/annotations/val2017/000000000140.png: mask without an image']}


@pytest.mark.parametrize('at', [60, -30], ids=['early', 'late'])
def test_flipped_byte_in_a_mask(made, listener, at):
    file = made / VOC / 'SegmentationClassAug/2008_000021.png'
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    (line,) = lines(check(made, 'voc', listener))['unreadable']
    assert line.startswith(f'{VOC}/SegmentationClassAug/2008_000021.png: mask cannot be read: ')


def test_image_that_is_cut_off(made, listener):
    file = made / VOC / 'JPEGImages/2008_000021.jpg'
    file.write_bytes(jpeg(1)[:-150])
    (line,) = lines(check(made, 'voc', listener))['unreadable']
    assert line.startswith(f'{VOC}/JPEGImages/2008_000021.jpg: image cannot be read: image file is truncated')


def test_coverage_counts_images_by_class_in_every_part(made, listener):
    coverage = check(made, 'voc', listener).coverage
    assert list(coverage.images.items()) == [('val', 2), ('train (official)', 6), ('train (aug)', 7)]
    assert {label: counts.shape for label, counts in coverage.counts.items()} == dict.fromkeys(coverage.images, (21,))
    mask = made / VOC / 'SegmentationClass/2007_000001.png'
    mask.write_bytes(png(labels(20)))
    more = check(made, 'voc', listener)
    assert more.coverage.counts['train (aug)'][20] == coverage.counts['train (aug)'][20] + 1 and not more.unread
    mask.write_bytes(jpeg(0))
    less = check(made, 'voc', listener)
    assert less.coverage.counts['train (aug)'][20] == coverage.counts['train (aug)'][20] and less.unread == 1


def test_nothing_is_said_of_classes_in_a_part_without_images(made, listener):
    (made / VOC / 'ImageSets/Segmentation/zs3_official.txt').unlink()
    (made / VOC / 'ImageSets/Segmentation/val.txt').write_text('')
    coverage = check(made, 'voc', listener).coverage
    assert [*coverage.counts] == ['train (aug)'] and not any('val' in line for line in coverage.warnings({'k1': (3,)}))


def test_files_that_take_no_part(tmp_path, listener):
    spec = own(tmp_path, 'train', 'val')
    (tmp_path / 'train/masks/b.png').write_bytes(png(labels(1)))
    (tmp_path / 'train/masks/._b.png').write_bytes(b'x')
    (tmp_path / 'val/images/c.jpeg').write_bytes(jpeg(0))
    findings = verify(spec, tmp_path, listener)
    assert findings.problems == {'missing image': [f'{tmp_path}/train/masks/b.png: mask without an image']}
    assert findings.coverage.left_out == (
        f'{tmp_path}/val/images: 1 files that do not end with .jpg: .jpeg (1), take no part',)


def test_masks_of_another_subset_in_the_same_folder_are_not_alone(tmp_path, listener):
    spec = own(tmp_path, 'train', 'val')
    (tmp_path / 'val/images/a 0.jpg').rename(tmp_path / 'val/images/b.jpg')
    (tmp_path / 'val/masks/a 0.png').rename(tmp_path / 'train/masks/b.png')
    subsets = {'train': spec.subsets['train'],
               'val': spec.subsets['val'].model_copy(update={'masks': ('train/masks',)})}
    assert verify(spec.model_copy(update={'subsets': subsets}), tmp_path, listener).problems == {}


def test_two_files_of_one_name_are_a_problem(tmp_path, listener):
    spec = own(tmp_path, 'train', 'val')
    (tmp_path / 'train/images/a 0.JPG').write_bytes(jpeg(1))
    assert verify(spec, tmp_path, listener).problems == {'names': [
        f'{tmp_path}/train/images: a 0.JPG and a 0.jpg differ only in the case of the suffix or in how accents are '
        'written; keep one of them']}


def test_missing_folder(made, listener):
    (made / 'coco_stuff164k/annotations/val2017').rename(made / 'elsewhere')
    assert lines(check(made, 'cocostuff', listener))['missing folder'] == [
        'coco_stuff164k/annotations/val2017: No such file or directory']


@pytest.mark.parametrize('name', ['voc', 'context', 'cocostuff'])
def test_published_sizes_where_the_data_is(name):
    spec = load_spec(name)
    root = locate(spec, Path(__file__).parents[4] / 'data')
    if not (root / 'prepared.json').is_file():
        pytest.skip(f'data set {name} was not prepared here')
    for subset, part in spec.subsets.items():
        assert len(list_pairs(spec, root, subset)) == part.count
    for training_list, entry in spec.training_lists.items():
        assert len(list_pairs(spec, root, 'train', training_list)) == entry.count
