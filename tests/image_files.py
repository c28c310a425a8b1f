"""Image files of all depths and layouts, written byte by byte, since image libraries write only some of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

#: Passes of an interlaced PNG: first column and row, steps across and down.
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def packed(values: np.ndarray, bits: int, align: int = 8) -> list[bytes]:
    """Rows of 1, 2, 4 or 8 bits a pixel, filled up to whole bytes or more."""
    rows = []
    for row in values:
        text = ''.join(format(int(value), f'0{bits}b') for value in row)
        text += '0' * (-len(text) % align)
        rows.append(bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)))
    return rows


def chunk(kind: bytes, content: bytes) -> bytes:
    """One part of a PNG."""
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def png(values: np.ndarray, bits: int, colour: int = 0, *extra: bytes, interlaced: bool = False) -> bytes:
    """A PNG of `bits` a sample; `colour` is 0 for grey, 3 for a palette, `extra` are chunks before the pixels."""
    rows = []
    for left, top, across, down in _ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = values[top::down, left::across]
        if part.size:
            rows += packed(part, bits) if bits < 16 else [row.astype('>u2').tobytes() for row in part]
    palette = [chunk(b'PLTE', bytes(range(3, 3 + 3 * min(2 ** bits, 80))))] if colour == 3 else []
    header = struct.pack('>IIBBBBB', values.shape[1], values.shape[0], bits, colour, 0, 0, int(interlaced))
    return b'\x89PNG\r\n\x1a\n' + b''.join([
        chunk(b'IHDR', header), *palette, *extra, chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row for row in rows))),
        chunk(b'IEND', b'')])


def tiff(values: np.ndarray, kind: str = 'u1', order: str = '<', photometric: int = 1, bits: int = 0,
         compressed: bool = False, **tags: int) -> bytes:
    """A TIFF of one strip.

    Args:
        values (ndarray): what it stores.
        kind (str): number type, such as ``i2``.
        order (str): of bytes, ``<`` or ``>``.
        photometric (int): 0 for white as zero, 1 for black as zero, 3 for a palette.
        bits (int): 1, 2 or 4 in place of the type's.
        compressed (bool): whether with deflate.
        **tags (int): further ones, as ``orientation``.
    """
    data = b''.join(packed(values, bits)) if bits else values.astype(order + kind).tobytes()
    data = zlib.compress(data) if compressed else data
    data += b'\0' * (len(data) % 2)
    depth = bits or 8 * np.dtype(kind).itemsize
    numbers = {256: values.shape[1], 257: values.shape[0], 258: depth, 259: 8 if compressed else 1, 262: photometric,
               273: 8, 277: 1, 278: values.shape[0], 279: len(data), 339: {'u': 1, 'i': 2, 'f': 3}[kind[0]]}
    numbers |= {{'orientation': 274, 'compression': 259, 'fill_order': 266}[name]: n for name, n in tags.items()}
    entries = [struct.pack(f'{order}HHII', tag, 4, 1, numbers[tag]) for tag in sorted(numbers)]
    start, colours = 8 + len(data), b''
    if photometric == 3:
        colours = np.arange(3 * 2 ** depth).astype(order + 'u2').tobytes()
        place = start + 2 + 12 * (len(entries) + 1) + 4
        entries = sorted([*entries, struct.pack(f'{order}HHII', 320, 3, len(colours) // 2, place)],
                         key=lambda entry: struct.unpack(f'{order}H', entry[:2]))
    return ((b'II*\0' if order == '<' else b'MM\0*') + struct.pack(f'{order}I', start) + data
            + struct.pack(f'{order}H', len(entries)) + b''.join(entries) + b'\0\0\0\0' + colours)


def bmp(values: np.ndarray, bits: int, palette: Sequence[tuple[int, int, int]]) -> bytes:
    """A BMP of `bits` a pixel with a palette."""
    rows = b''.join(packed(values, bits, align=32)[::-1])
    colours = b''.join(bytes([blue, green, red, 0]) for red, green, blue in palette)
    start = 54 + len(colours)
    return b'BM' + struct.pack('<IHHI', start + len(rows), 0, 0, start) + struct.pack(
        '<IiiHHIIiiII', 40, values.shape[1], values.shape[0], 1, bits, 0, len(rows), 0, 0, len(palette), 0
    ) + colours + rows
