"""Every kind of unreadable file, as image and as mask, gives one line that names it."""

import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image
from torch.utils.data import DataLoader

from zs_methods.datasets.images import ImageFileError, opened
from zs_methods.datasets.masks import read_labels
from zs_methods.datasets.spec import load_spec
from zs_methods.registry import DATASETS

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='zs_methods.LoadLabels'), dict(type='PackSegInputs')]


def bomb(side=20_000):
    """A PNG of a few bytes that promises `side` x `side` pixels."""
    def chunk(kind, content):
        return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))
    header = struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(1000))) \
        + chunk(b'IEND', b'')


def cut(file):
    file.write_bytes(file.read_bytes()[:-file.stat().st_size // 3])


def loop(file):
    file.unlink()
    file.symlink_to(file.name)


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)


DAMAGE = {
    'cut off': (cut, 'truncated'),
    'one byte': (flip, 'broken|CRC|incorrect|unrecognized'),
    'empty': (lambda file: file.write_bytes(b''), 'no image, or its beginning is damaged: the file is empty'),
    'junk': (lambda file: file.write_text('hello ' * 50), 'no image, or its beginning is damaged'),
    'postscript': (lambda file: file.write_text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n'),
                   'no image, or its beginning is damaged'),
    'bomb': (lambda file: file.write_bytes(bomb()), 'exceeds limit'),
    'not readable': (loop, 'Too many levels of symbolic links'),
    'folder': (lambda file: (file.unlink(), file.mkdir()), 'Is a directory'),
}


@pytest.fixture
def root(micro_root, tmp_path):
    shutil.copytree(micro_root / 'shapes', tmp_path / 'shapes')
    return tmp_path / 'shapes'


def dataset(root, subset='val'):
    init_default_scope('mmseg')
    return DATASETS.build(dict(type='zs_methods.ZeroShotDataset', spec='shapes', data_root=str(root), subset=subset,
                               pipeline=PIPELINE))


@pytest.mark.parametrize('kind', DAMAGE)
@pytest.mark.parametrize('what', ['image', 'mask'])
def test_one_line_names_the_file_and_what_is_wrong(root, what, kind):
    damage, message = DAMAGE[kind]
    samples = dataset(root)
    file = Path(samples.get_data_info(0)['img_path' if what == 'image' else 'seg_map_path'])
    damage(file)
    with pytest.raises(ValueError, match=f'{what} cannot be read: .*({message})') as error:
        samples[0]
    assert str(error.value).startswith(f'{file}: ') and '\n' not in str(error.value)
    assert samples[1]


def test_a_bomb_is_refused_before_anything_decodes_it(root, monkeypatch):
    """OpenCV would allocate what the header promises."""
    import cv2
    samples = dataset(root)
    Path(samples.get_data_info(0)['img_path']).write_bytes(bomb())
    monkeypatch.setattr(cv2, 'imdecode', lambda *_: pytest.fail('decoded'))
    with pytest.raises(ImageFileError, match='could be decompression bomb'):
        samples[0]


def test_permission_denied_is_one_line(root, monkeypatch):
    """As root may read everything, the operating system's answer is played."""
    samples = dataset(root)
    file = samples.get_data_info(0)['img_path']

    def denied(name, *args, **kwargs):
        raise PermissionError(13, 'Permission denied', str(name))

    monkeypatch.setattr(Image, 'open', denied)
    with pytest.raises(ImageFileError) as error:
        samples[0]
    assert str(error.value) == f'{file}: image cannot be read: Permission denied'


def test_a_mask_of_another_size_than_its_image_is_one_line(root):
    samples = dataset(root)
    info = samples.get_data_info(0)
    Image.fromarray(np.zeros((5, 7), np.uint8)).save(info['seg_map_path'])
    with pytest.raises(ValueError, match=r'mask of 7 x 5 pixels for an image of \d+ x \d+') as error:
        samples[0]
    assert str(error.value).startswith(info['seg_map_path']) and '\n' not in str(error.value)


def test_the_line_survives_a_loader_worker(root):
    samples = dataset(root)
    file = Path(samples.get_data_info(0)['img_path'])
    cut(file)
    with pytest.raises(ValueError) as error:
        list(DataLoader(samples, batch_size=None, num_workers=1, collate_fn=lambda sample: sample))
    assert f'{file}: image cannot be read: ' in str(error.value)


def test_an_error_of_the_pipeline_is_not_blamed_on_a_good_image(root):
    samples = dataset(root)
    samples.pipeline.transforms[0] = lambda results: 1 / 0
    with pytest.raises(ZeroDivisionError):
        samples[0]


def test_a_pipeline_cannot_hide_labels_from_the_audit(root):
    """Whether labels are pseudo-labels is asked before the pipeline runs."""
    from zs_methods.datasets import audit

    def pretend(results):
        results['pseudo'] = True
        return results

    with audit.collect() as access:
        samples = dataset(root)
        samples.pipeline.transforms.insert(2, pretend)
        assert samples[0]
    assert access['val']['images'] == 1


def test_a_mask_that_needs_another_program_is_not_opened(tmp_path, monkeypatch):
    """Pillow would start Ghostscript for a PostScript file of any suffix."""
    import subprocess
    monkeypatch.setattr(subprocess, 'check_call', lambda *_, **__: pytest.fail('a program was started'))
    DAMAGE['postscript'][0](tmp_path / 'm.png')
    with pytest.raises(ValueError, match='mask cannot be read'):
        read_labels(tmp_path / 'm.png', load_spec('voc').lookup())


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.bmp', '.tif', '.webp'])
def test_usual_formats_are_opened_whatever_their_suffix(tmp_path, suffix):
    Image.new('RGB', (6, 4)).save(tmp_path / f'a{suffix}')
    (tmp_path / f'a{suffix}').rename(tmp_path / 'a.img')
    with opened(tmp_path / 'a.img') as image:
        assert image.size == (6, 4)
