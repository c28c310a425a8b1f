"""A mask of any kind gives exactly the integers it stores, or one line that says why not."""

import io

import numpy as np
import pytest
from image_files import bmp, chunk, png, tiff
from PIL import Image

from zs_methods.datasets.images import ImageFileError
from zs_methods.datasets.lookup import IGNORE, Lookup
from zs_methods.datasets.masks import WAY_OUT, MaskFormatError, read_labels, read_values

BITS = {1: [[0, 1, 1, 0, 1], [1, 0, 1, 1, 0]], 2: [[0, 1, 2, 3, 1], [3, 3, 0, 2, 1]],
        4: [[0, 1, 2, 15, 7], [9, 0, 8, 3, 5]], 8: [[0, 1, 2, 255, 128], [17, 85, 0, 254, 3]],
        16: [[0, 1, 300, 65535, 256], [255, 3, 2, 1, 0]]}
BITS = {bits: np.array(values) for bits, values in BITS.items()}
SIGNED = np.array([[0, 1, -1, 5, -100], [2, 2, 3, 127, -128]])
GREY, COLOURS = [(i, i, i) for i in range(256)], [(i, 255 - i, i // 2) for i in range(256)]


def pillow(values, form, mode='L', **options):
    """What Pillow writes."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint8)).convert(mode).save(stream, form, **options)
    return stream.getvalue()


def frames(form):
    return pillow(BITS[8], form, save_all=True, append_images=[Image.fromarray(np.zeros((2, 5), np.uint8))])


def turned():
    """What a camera held sideways notes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


EXACT = {
    **{f'png grey {bits}': (png(BITS[bits], bits), BITS[bits]) for bits in BITS},
    **{f'png palette {bits}': (png(BITS[bits], bits, 3), BITS[bits]) for bits in (1, 2, 4, 8)},
    # what viewers do with a transparent value, a gamma or a colour profile does not concern the ids
    **{f'png grey {bits} with extras': (
        png(BITS[bits], bits, 0, chunk(b'gAMA', b'\0\0\xb1\x8f'), chunk(b'sBIT', b'\1'), chunk(b'tRNS', b'\0\1')),
        BITS[bits]) for bits in BITS},
    'png palette with alpha': (png(BITS[4], 4, 3, chunk(b'tRNS', b'\0\x80')), BITS[4]),
    'png turned by a camera': (pillow(BITS[8], 'PNG', exif=turned()), BITS[8]),
    **{f'png interlaced {bits}': (png(BITS[bits], bits, interlaced=True), BITS[bits]) for bits in BITS},
    **{f'tiff {order}{bits} bits {kind} {how}': (
        tiff(BITS[bits], 'u1', order, colour, bits % 8, how == 'deflate'), BITS[bits])
       for order in '<>' for bits in (1, 2, 4, 8) for kind, colour in (('grey', 1), ('palette', 3))
       for how in ('raw', 'deflate')},
    **{f'tiff {order}{kind} {how}': (tiff(SIGNED, kind, order, compressed=how == 'deflate'), SIGNED)
       for order in '<>' for kind in ('i1', 'i2', 'i4') for how in ('raw', 'deflate')
       if (order, how) != ('>', 'deflate') or kind == 'i1'},
    **{f'tiff {order}u2 {how}': (tiff(BITS[16], 'u2', order, compressed=how == 'deflate'), BITS[16])
       for order in '<>' for how in ('raw', 'deflate')},
    'tiff u4': (tiff(np.array([[0, 4294967295, 2147483648]]), 'u4'), [[0, 4294967295, 2147483648]]),
    'tiff lzw': (pillow(BITS[8], 'TIFF', compression='tiff_lzw'), BITS[8]),
    'bmp 1': (bmp(BITS[1], 1, [(255, 255, 255), (0, 0, 0)]), BITS[1]),
    'bmp 4': (bmp(BITS[4], 4, COLOURS[:16]), BITS[4]),
    'bmp 8 grey': (bmp(BITS[8], 8, GREY), BITS[8]),
    'bmp 8 colours': (bmp(BITS[8], 8, COLOURS), BITS[8]),
    'pgm 8': (pillow(BITS[8], 'PPM'), BITS[8]),
    'pgm 16': (b'P5\n5 2\n65535\n' + BITS[16].astype('>u2').tobytes(), BITS[16]),
}

REFUSED = {
    'jpeg': (pillow(BITS[8], 'JPEG', quality=100), 'JPEG is lossy'),
    'jpeg 2000': (pillow(BITS[8], 'JPEG2000'), 'JPEG 2000 can be lossy'),
    'webp': (pillow(BITS[8], 'WEBP', lossless=True), 'WebP stores colours'),
    'gif': (pillow(BITS[8], 'GIF'), 'renumber'),
    'tiff jpeg': (pillow(BITS[8], 'TIFF', compression='jpeg'), 'lossy compression'),
    **{f'png {mode}': (pillow(BITS[8], 'PNG', mode), f'this one is {mode}') for mode in ('RGB', 'RGBA', 'LA')},
    **{f'tiff {mode}': (pillow(BITS[8], 'TIFF', mode), f'this one is {mode}') for mode in ('RGB', 'CMYK', 'LAB')},
    'bmp RGB': (pillow(BITS[8], 'BMP', 'RGB'), 'this one is RGB'),
    'png animated': (frames('PNG'), 'this file holds 2'),
    'tiff of pages': (frames('TIFF'), 'this file holds 2'),
    **{f'tiff white is zero {bits}': (tiff(BITS[bits], photometric=0, bits=bits % 8), 'MinIsWhite')
       for bits in (1, 2, 4, 8)},
    'tiff white is zero 16': (tiff(BITS[16], 'u2', photometric=0), 'MinIsWhite'),
    'tiff turned': (tiff(BITS[8], orientation=6), 'orientation'),
    'tiff reversed bits': (tiff(BITS[8], fill_order=2), 'depth or layout'),
    **{f'tiff float {order}': (tiff(BITS[8], 'f4', order), 'floating-point') for order in '<>'},
    **{f'tiff {kind} swapped': (tiff(SIGNED, kind, '>', compressed=True), 'depth or layout') for kind in ('i2', 'i4')},
    'bmp 1 black and white': (bmp(BITS[1], 1, [(0, 0, 0), (255, 255, 255)]), 'depth or layout'),
    'bmp 8 of two greys': (bmp(BITS[1], 8, [(0, 0, 0), (255, 255, 255)]), 'depth or layout'),
    'bmp 4 grey': (bmp(BITS[4][:, :4], 4, GREY[:16]), 'depth or layout'),
    'pgm scaled': (b'P5\n3 1\n20\n\x00\x01\x14', 'depth or layout'),
    'pgm 16 scaled': (b'P5\n2 1\n1000\n\x00\x01\x00\x02', 'depth or layout'),
    'pgm in words': (b'P2\n3 1\n20\n0 1 20\n', 'depth or layout'),
    'pbm': (b'P4\n8 1\n\x50', 'depth or layout'),
    'pfm': (b'Pf\n1 1\n-1.0\n' + np.float32(1).tobytes(), 'floating-point'),
}

UNKNOWN = {
    **{f'tiff {kind} {order}': (tiff(BITS[8], kind, order), 'depth or layout that is not supported')
       for kind in ('u8', 'i8', 'f8') for order in '<>'},
    'empty': (b'', 'the file is empty'),
    'cut': (png(BITS[8], 8)[:-25], 'mask cannot be read'),
}


@pytest.mark.parametrize('kind', EXACT)
def test_stored_integers_come_back(tmp_path, kind):
    content, values = EXACT[kind]
    (tmp_path / 'a.png').write_bytes(content)
    found = read_values(tmp_path / 'a.png')
    assert found.dtype.kind in 'iu' and found.tolist() == np.asarray(values).tolist()


@pytest.mark.parametrize('kind', REFUSED)
def test_what_a_reader_may_change_is_refused_with_the_way_out(tmp_path, kind):
    content, reason = REFUSED[kind]
    (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(MaskFormatError, match=reason) as error:
        read_values(tmp_path / 'a.png')
    assert str(error.value).startswith(f'{tmp_path}/a.png: ') and str(error.value).endswith(f'; {WAY_OUT}')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('kind', UNKNOWN)
def test_what_cannot_be_read_is_named(tmp_path, kind):
    content, reason = UNKNOWN[kind]
    (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(ImageFileError, match=reason) as error:
        read_values(tmp_path / 'a.png')
    assert str(error.value).startswith(f'{tmp_path}/a.png: mask cannot be read: ') and '\n' not in str(error.value)


TABLE = Lookup(((-9999, IGNORE), (-1, IGNORE), (0, 0), (7, 1), (300, 2), (70_000, 3), (4294967295, 4)))


@pytest.mark.parametrize(('kind', 'values', 'labels'), [
    ('u1', [0, 7], [0, 1]), ('u2', [0, 300], [0, 2]), ('i1', [-1, 7], [IGNORE, 1]), ('i2', [-9999, -1], [IGNORE] * 2),
    ('i4', [-9999, 70_000], [IGNORE, 3]), ('u4', [4294967295, 70_000], [4, 3])])
def test_any_integer_may_be_a_class_or_one_to_ignore(tmp_path, kind, values, labels):
    (tmp_path / 'a.tif').write_bytes(tiff(np.array([values]), kind))
    found = read_labels(tmp_path / 'a.tif', TABLE)
    assert found.dtype == np.uint8 and found.tolist() == [labels]


@pytest.mark.parametrize(('kind', 'value'), [
    ('u1', 255), ('u1', 6), ('i1', -2), ('i2', -2), ('i2', 299), ('i4', -2), ('i4', 2 ** 31 - 1), ('i4', -2 ** 31),
    ('i4', 65536 + 7), ('u4', 65536), ('u4', 2 ** 32 - 2), ('u2', 65535)])
def test_a_value_that_is_no_class_is_never_taken_for_a_near_one(tmp_path, kind, value):
    (tmp_path / 'a.tif').write_bytes(tiff(np.array([[0, value]]), kind))
    with pytest.raises(ValueError, match=rf'a.tif: id {value} is neither that of a class nor one to ignore; those of '
                                         r'classes are 0, 7, 300, 70000, 4294967295 \(mask_ids\), those to ignore '
                                         r'-9999, -1 \(ignore_index'):
        read_labels(tmp_path / 'a.tif', TABLE)


def test_the_line_names_five_values_and_runs_of_ids():
    table = Lookup(tuple((i, i) for i in range(20) if i != 10))
    assert table.unknown(np.array([[25, 10], [21, 25]])) == [10, 21, 25]
    assert table.complaint(range(6)) == 'ids 0, 1, 2, 3, 4, ... are neither that of a class nor one to ignore'
    assert 'classes are 0 to 9, 11 to 19 (mask_ids), those to ignore none ' in table.known
    assert '...' in Lookup(tuple((10 * i, i) for i in range(20))).known
