"""Masks as exact class ids: what a file's format, depth or reader would change is refused, never guessed.

Every place that reads a mask reads it here. Pillow rescales some depths, inverts or turns some TIFFs and takes unsigned
for signed numbers without a word; `_EXACT` names what it was seen to return as stored, all else is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets.images import ImageFileError, opened
from zs_methods.datasets.lookup import INVALID, Lookup
from zs_methods.datasets.names import visible

WAY_OUT = 'save masks as 8- or 16-bit grey or palette PNG with class ids as values'

#: Format -> raw modes of Pillow's decoders -> what the stored value is multiplied with when it is unpacked.
_PLAIN = {'1': 1, 'L;2': 85, 'L;4': 17, 'L': 1, 'P;1': 1, 'P;2': 1, 'P;4': 1, 'P': 1}
_EXACT = {
    'PNG': {**_PLAIN, 'I;16B': 1},
    'TIFF': {**_PLAIN, **dict.fromkeys(
        ('I;12', 'I;16', 'I;16B', 'I;16N', 'I;16S', 'I;16BS', 'I;32N', 'I;32S', 'I;32BS'), 1)},
    'BMP': {'L': 1, 'P;1': 1, 'P;4': 1, 'P': 1},
    'PPM': {'L': 1, 'I;16B': 1},
}
_REFUSED = {
    'JPEG': 'JPEG is lossy and changes ids at every edge', 'MPO': 'JPEG is lossy and changes ids at every edge',
    'JPEG2000': 'JPEG 2000 can be lossy, which changes ids', 'WEBP': 'WebP stores colours, and often lossily',
    'GIF': 'programs renumber the values of a GIF when they save it',
}
#: Tags of a TIFF, and what they say of a file whose values are stored as they are meant.
_PHOTOMETRIC, _COMPRESSION, _ORIENTATION, _SAMPLE_FORMAT = 262, 259, 274, 339
_MIN_IS_WHITE, _UPRIGHT, _UNSIGNED, _SIGNED = 0, 1, 1, 2
#: No compression, CCITT, LZW, deflate (two numbers), PackBits, LZMA, Zstandard.
_LOSSLESS = (1, 2, 3, 4, 5, 8, 32946, 32773, 34925, 50000)


class MaskFormatError(ImageFileError):
    """A mask that can be read, but whose values are not certain to be those that its author meant."""


def read_labels(file: Path, lookup: Lookup) -> np.ndarray:
    """Reads one mask as class ids.

    Args:
        file (Path): see `read_values`.
        lookup (Lookup): value -> class id, see `DatasetSpec.lookup`.

    Returns:
        ndarray: shape (H, W), uint8; `IGNORE` where the table says so.

    Raises:
        ImageFileError: see `read_values`.
        ValueError: the mask holds values that the table does not know; one line that names file and values.
    """
    values = read_values(file)
    labels = lookup[values]
    if (labels == INVALID).any():
        raise ValueError(f'{visible(file)}: {lookup.complaint(lookup.unknown(values))}; {lookup.known}')
    return labels


def read_values(file: Path) -> np.ndarray:
    """The integers that a mask stores.

    Args:
        file (Path): a grey or palette image of 1 to 16 bits as PNG, BMP or PGM, or a TIFF of up to 32 bits, signed or
            not, with lossless compression.

    Returns:
        ndarray: shape (H, W), an integer type.

    Raises:
        ImageFileError: the file cannot be read; one line.
        MaskFormatError: it cannot be read exactly; one line that names the file, the reason and what is right.
    """
    with opened(file, 'mask') as image:
        reason = _inexact(image)
        if reason:
            raise MaskFormatError(f'{visible(file)}: {reason}; {WAY_OUT}')
        factor = _EXACT[image.format][_raw_mode(image)[1]]
        values = np.asarray(image)
        if image.format == 'TIFF':
            # Pillow knows no signed 8 and no unsigned 32 bits, but has all of them.
            form = (values.dtype.itemsize, _tag(image, _SAMPLE_FORMAT, _UNSIGNED))
            values = values.view({(1, _SIGNED): np.int8, (4, _UNSIGNED): np.uint32}.get(form, values.dtype))
    if values.dtype == bool:
        return values.astype(np.uint8)
    return values if factor == 1 else values // np.uint8(factor)


def check_size(file: Path, mask: Sequence[int], image: Sequence[int]) -> None:
    """Compares the sizes of a mask and its image, as stored: width and height.

    Raises:
        ImageFileError: they differ; one line that names the mask.
    """
    if tuple(mask) != tuple(image):
        raise ImageFileError(f'{visible(file)}: mask of {mask[0]} x {mask[1]} pixels for an image of {image[0]} x '
                             f'{image[1]}')


def _inexact(image: Image.Image) -> str:
    """Why an opened image does not give its stored values as class ids; nothing if it does."""
    if image.format not in _EXACT:
        return f'a mask must keep every value, but {_REFUSED.get(image.format, image.format)}'
    if image.mode == 'F':
        return 'a mask holds integers, this one floating-point numbers'
    if image.mode not in ('1', 'L', 'P') and not image.mode.startswith('I'):
        return f'a mask is a palette or grey image whose values are class ids, this one is {image.mode}'
    if getattr(image, 'n_frames', 1) > 1:
        return f'a mask is one image, this file holds {image.n_frames}'
    if image.format == 'TIFF':
        if _tag(image, _PHOTOMETRIC, 1) == _MIN_IS_WHITE:
            return 'a TIFF that stores white as 0 (MinIsWhite), whose values some readers invert'
        if _tag(image, _ORIENTATION, _UPRIGHT) != _UPRIGHT:
            return 'a TIFF with an orientation, which some readers turn'
        if _tag(image, _COMPRESSION, 1) not in _LOSSLESS:
            return 'a TIFF with lossy compression, which changes ids'
    decoder, raw = _raw_mode(image)
    # Compressed TIFFs arrive in the machine's byte order, in which Pillow does not expect signed ones.
    swapped = decoder == 'libtiff' and raw.endswith('BS')
    if raw not in _EXACT[image.format] or swapped or (image.format == 'BMP' and raw == 'L' and _bmp_depth(image) != 8) \
            or (image.format == 'PPM' and decoder != 'raw'):
        return f'a {image.format} mask of a depth or layout that readers rescale ({decoder} {raw})'
    return ''


def _raw_mode(image: Image.Image) -> tuple[str, str]:
    """Decoder of an image that is not loaded yet, and the layout that it unpacks."""
    decoder, _, _, layout = image.tile[0]
    return decoder, layout if isinstance(layout, str) else layout[0]


def _tag(image: Image.Image, tag: int, default: int) -> int:
    value = image.tag_v2.get(tag, default)
    return value[0] if isinstance(value, tuple) else value


def _bmp_depth(image: Image.Image) -> int:
    """Bits a pixel as the file says; Pillow takes every palette of greys for one of 8 bits."""
    image.fp.seek(28)
    return int.from_bytes(image.fp.read(2), 'little')
