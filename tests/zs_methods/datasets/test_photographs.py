"""Photographs that were cut short are found without decoding them, and none that is whole is accused."""

import io

import numpy as np
import pytest
from PIL import Image

from zs_methods.datasets import cache, photographs
from zs_methods.datasets.images import ImageFileError
from zs_methods.datasets.photographs import image_sizes, largest_image
from zs_methods.datasets.spec import DatasetSpec

PIXELS = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)


def photograph(form, **options):
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, form, **options)
    return stream.getvalue()


def thumbnail():
    """EXIF with a whole JPEG in it, as cameras write: its end is not that of the photograph."""
    exif = b'Exif\0\0' + photograph('JPEG', quality=5)
    assert exif.endswith(b'\xff\xd9')
    return exif


def quarter():
    palette = Image.fromarray(PIXELS).quantize(16)
    stream = io.BytesIO()
    palette.save(stream, 'BMP')
    return stream.getvalue()


JPEG = photograph('JPEG')
WHOLE = {
    'jpeg': JPEG, 'progressive': photograph('JPEG', progressive=True),
    'thumbnail': photograph('JPEG', exif=thumbnail()), 'restarts': photograph('JPEG', restart_marker_blocks=2),
    'png': photograph('PNG'), 'webp': photograph('WEBP'),
    'mpo': photograph('MPO', save_all=True, append_images=[Image.fromarray(PIXELS[::-1].copy())]),
    'tiff': photograph('TIFF'), 'tiff lzw': photograph('TIFF', compression='tiff_lzw'), 'bmp': photograph('BMP'),
    'bmp palette': quarter(), 'ppm': photograph('PPM'), 'gif': photograph('GIF'), 'jpeg 2000': photograph('JPEG2000'),
}
#: What phones, cameras and downloads put behind an image.
APPENDED = {'padding': bytes(4096), 'line': b'\r\n', 'trailer': b'SEFH' + bytes(range(256)) * 40, 'second': JPEG,
            'half of a second': JPEG[:len(JPEG) // 2]}


@pytest.fixture
def file(tmp_path):
    """Writes a file and forgets what was known of it."""
    def write(content, name='a.img'):
        photographs._sizes.cache_clear()
        (tmp_path / name).write_bytes(content)
        return tmp_path / name
    return write


@pytest.mark.parametrize('kind', WHOLE)
def test_whole_files_have_a_size(file, kind):
    assert image_sizes([file(WHOLE[kind])]).tolist() == [[64, 48]]


@pytest.mark.parametrize('more', APPENDED)
@pytest.mark.parametrize('kind', ['jpeg', 'progressive', 'thumbnail', 'mpo', 'png', 'restarts'])
def test_what_is_appended_is_no_fault(file, kind, more):
    assert image_sizes([file(WHOLE[kind] + APPENDED[more])]).tolist() == [[64, 48]]


@pytest.mark.parametrize('left', [0.999, 0.9, 2 / 3, 0.3])
@pytest.mark.parametrize('kind', WHOLE)
def test_cut_files_are_one_line(file, kind, left, recwarn, capfd):
    content = WHOLE[kind]
    if kind == 'mpo':  # of which only the first image is used
        content = content[:content.index(b'\xff\xd9', 2000) + 2]
    path = file(content[:min(len(content) - 1, int(len(content) * left))])
    with pytest.raises(ImageFileError) as error:
        image_sizes([path])
    assert str(error.value).startswith(f'{path}: image cannot be read: ') and '\n' not in str(error.value)
    assert capfd.readouterr().err == ''  # of a library beside the line


@pytest.mark.parametrize('lost', [1, 2, 3, 20])
@pytest.mark.parametrize('kind', ['jpeg', 'thumbnail', 'png', 'bmp', 'tiff', 'gif', 'ppm'])
def test_the_last_bytes_count(file, kind, lost):
    with pytest.raises(ImageFileError, match='image cannot be read'):
        image_sizes([file(WHOLE[kind][:-lost])])


@pytest.mark.parametrize('kind', ['jpeg', 'thumbnail', 'png'])
def test_so_does_an_end_of_zeros_as_broken_downloads_leave(file, kind):
    content = WHOLE[kind]
    with pytest.raises(ImageFileError, match='image file is truncated, its end is missing; get it again'):
        image_sizes([file(content[:len(content) * 2 // 3] + bytes(len(content) // 3))])


@pytest.mark.parametrize(('content', 'reason'), [
    (b'', 'the file is empty'), (b'<html>404</html>', 'no image'), (JPEG[:100], ''), (b'\xff\xd8\xff\xd9', 'no image')],
    ids=['empty', 'page', 'header', 'nothing'])
def test_what_is_no_image_is_one_line(file, content, reason):
    path = file(content)
    with pytest.raises(ImageFileError, match=f'a.img: image cannot be read: .*{reason}') as error:
        image_sizes([path])
    assert '\n' not in str(error.value)


def test_no_jpeg_or_png_is_decoded(file, monkeypatch):
    monkeypatch.setattr(Image.Image, 'load', lambda *_: pytest.fail('decoded'))
    for kind in ('jpeg', 'thumbnail', 'png', 'tiff', 'bmp', 'webp'):
        assert image_sizes([file(WHOLE[kind])]).tolist() == [[64, 48]]


def test_sizes_are_remembered_until_a_file_changes(file, tmp_path, monkeypatch):
    monkeypatch.setenv('GZS3_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(cache, 'WORTH_A_FILE', 1)
    path = file(JPEG)
    assert image_sizes([path]).tolist() == [[64, 48]]
    photographs._sizes.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(photographs, 'opened', None)  # a second look would fail
        assert image_sizes([path]).tolist() == [[64, 48]]
    with pytest.raises(ImageFileError, match='truncated'):
        image_sizes([file(JPEG[:-10])])


def test_the_largest_image_of_all_subsets_counts(tmp_path):
    sizes = {'train': [(30, 20), (10, 50)], 'val': [(25, 25)], 'unlabelled': [(8, 100)]}
    for subset, shapes in sizes.items():
        for folder in ('i', 'm'):
            (tmp_path / subset / folder).mkdir(parents=True)
            for i, shape in enumerate(shapes):
                Image.new('L', shape).save(tmp_path / subset / folder / f'{i}.png')
    spec = DatasetSpec.model_validate({
        'name': 'own', 'classes': ['x', 'y', 'z'], 'splits': {1: ['z']}, 'vectors': 'v.txt',
        'subsets': {name: {'images': f'{name}/i', 'masks': f'{name}/m'} for name in sizes}})
    assert largest_image(spec, tmp_path) == 800
