"""What can be known of photographs without decoding them: their size, and whether the end of the file is there."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from zs_methods.datasets import cache
from zs_methods.datasets.files import list_pairs
from zs_methods.datasets.images import ImageFileError, opened
from zs_methods.datasets.names import visible
from zs_methods.datasets.spec import DatasetSpec

_PNG_END = b'IEND\xaeB`\x82'
_JPEG_END = b'\xff\xd9'
_START_OF_SCAN = 0xda
#: Where a TIFF keeps its pixels: tags of offsets and of lengths, of strips and of tiles.
_TIFF_PARTS = ((273, 279), (324, 325))


def image_sizes(images: Sequence[Path], what: str = 'image') -> np.ndarray:
    """Widths and heights as stored; reads every file's header and end once, remembered as in `cache.per_file`.

    Args:
        images (Sequence[Path]): photographs, or masks, whose pixels are read elsewhere.
        what (str): ``image`` or ``mask``; only images are looked at for what is missing.

    Returns:
        ndarray: shape (images, 2), int32: width, height.

    Raises:
        ImageFileError: a file is no image, or was cut short; one line that names it.
    """
    return _sizes(tuple(images), what)


@lru_cache(maxsize=16)
def _sizes(images: tuple[Path, ...], what: str) -> np.ndarray:
    def of(file: Path) -> np.ndarray:
        with opened(file, what) as image:
            if what == 'image':
                check_end(file, image)
            return np.array(image.size, np.int32)

    return cache.per_file(f'size-{what}', images, of)


def largest_image(spec: DatasetSpec, root: Path, training_list: str = '') -> int:
    """Pixels of the largest image of a data set, from the headers of all of its images.

    Args:
        spec (DatasetSpec): the data set.
        root (Path): its folder.
        training_list (str): which of its training lists.

    Raises:
        FileNotFoundError: an image is missing, see `list_pairs`.
        ImageFileError: an image is damaged, see `image_sizes`.
    """
    return max(int(image_sizes([image for image, _ in list_pairs(spec, root, subset, training_list)])
                   .astype(np.int64).prod(axis=1).max()) for subset in spec.subsets)


def check_end(file: Path, image: Image.Image) -> None:
    """Makes sure that an opened photograph was not cut short, at the cost of reading its bytes at most.

    What a camera appends after the image is no fault. Formats that photographs rarely have are decoded.

    Raises:
        ImageFileError: the end is missing, or no image comes out; one line.
    """
    if not _CHECKS.get(image.format, _decodes)(file, image):
        raise ImageFileError(f'{visible(file)}: image cannot be read: image file is truncated, its end is missing; get '
                             'it again, or take it out of the data set')


def _jpeg(file: Path, _: Image.Image) -> bool:
    """Whether the marker of the end comes after the first scan, behind thumbnails and before what is appended."""
    with open(file, 'rb') as stream:
        stream.seek(-2, 2)
        if stream.read() == _JPEG_END:
            return True
        stream.seek(0)
        content = stream.read()
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xff:
            return False
        if content[at + 1] == 0xff:  # filling
            at += 1
        elif content[at + 1] == _START_OF_SCAN:
            return content.find(_JPEG_END, at) >= 0  # inside a scan, a 0 follows every 0xff of the image
        else:
            at += 2 + int.from_bytes(content[at + 2:at + 4], 'big')
    return False


def _png(file: Path, _: Image.Image) -> bool:
    with open(file, 'rb') as stream:
        stream.seek(-8, 2)
        if stream.read() == _PNG_END:
            return True
        stream.seek(8)
        while len(head := stream.read(8)) == 8:
            length, kind = struct.unpack('>I4s', head)
            if kind == b'IEND':
                return len(stream.read(4)) == 4  # its checksum is the end of the file
            stream.seek(length + 4, 1)
    return False


def _tiff(file: Path, image: Image.Image) -> bool:
    size, tags = file.stat().st_size, image.tag_v2
    parts = [part for offsets, lengths in _TIFF_PARTS
             for part in zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)]
    return bool(parts) and all(offset + length <= size for offset, length in parts)


def _bmp(file: Path, image: Image.Image) -> bool:
    decoder, _, offset, layout = image.tile[0]
    if decoder != 'raw':
        return _decodes(file, image)
    return offset + layout[1] * image.height <= file.stat().st_size


def _whole(*_: object) -> bool:
    """For a format whose reader compares lengths when it opens a file."""
    return True


def _gif(file: Path, image: Image.Image) -> bool:
    """Pillow does without the last byte, other readers do not."""
    return file.read_bytes().rstrip(b'\0\r\n').endswith(b';') and _decodes(file, image)


def _decodes(_: Path, image: Image.Image) -> bool:
    image.load()  # an error has the reason in it, see `opened`
    return True


_CHECKS = {'JPEG': _jpeg, 'MPO': _jpeg, 'PNG': _png, 'TIFF': _tiff, 'BMP': _bmp, 'GIF': _gif, 'WEBP': _whole}
