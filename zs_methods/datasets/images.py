"""Opening of images and masks that others made: one clear line for whatever is wrong with a file."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from zs_methods.datasets.names import visible

#: What data sets consist of. Pillow would also open formats for which it starts other programs (EPS: Ghostscript).
FORMATS = ('PNG', 'JPEG', 'BMP', 'TIFF', 'WEBP', 'GIF', 'PPM', 'JPEG2000')
#: What Pillow raises for files that are damaged in one way or another, or inflate beyond its limit.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)

#: How TIFFs begin: of either byte order, and those of more than 4 GB.
_TIFFS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')


class ImageFileError(ValueError):
    """An image or mask that cannot be read; the message is one line and names the file."""


@contextmanager
def opened(file: Path, what: str = 'image') -> Iterator[Image.Image]:
    """Opens an image lazily: its size and mode are known, its pixels are read on demand.

    Args:
        file (Path): in one of `FORMATS`, whatever its suffix.
        what (str): what it is, for the message.

    Raises:
        ImageFileError: there is no such file, it may not be read, is cut off, damaged, of another format, or promises
            more than Pillow's limit of about 179 million pixels.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            yield image
    except ImageFileError:
        raise
    except UNREADABLE as error:
        more = _known_cause(file) if isinstance(error, UnidentifiedImageError) else ''
        raise ImageFileError(f'{visible(file)}: {what} cannot be read: {why(error)}{more}') from None


@contextmanager
def decoded_elsewhere(file: Path) -> Iterator[None]:
    """Wraps a block in which OpenCV decodes an image, which allocates what a header promises and gives no reasons.

    Raises:
        ImageFileError: before the block if the file cannot be opened, after it if it failed and the file is the cause.
    """
    with opened(file):
        pass
    try:
        yield
    except Exception:
        with opened(file) as image:
            image.load()
        raise  # the file is fine


def why(error: BaseException) -> str:
    """The cause in one line, without the path that the message names anyway."""
    if isinstance(error, UnidentifiedImageError):
        return 'no image, or its beginning is damaged'
    return ' '.join(str(getattr(error, 'strerror', None) or error or type(error).__name__).split())


def _known_cause(file: Path) -> str:
    """What the first bytes tell of a file that Pillow does not know."""
    with contextlib.suppress(OSError), open(file, 'rb') as stream:
        start = stream.read(4)
        if not start:
            return ': the file is empty'
        if start in _TIFFS:
            return ': a TIFF of a depth or layout that is not supported; save it with 8 or 16 bits'
    return ''
