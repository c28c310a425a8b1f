"""Paints the embedded benchmark ``shapes``: textured, coloured silhouettes over clutter.

A class is a texture on a colour ("striped red"): local attributes, which small networks carry over to
unseen combinations. To make both attributes necessary, the background holds the same textures without colour
and the same colours without texture.

Every value comes from integer draws and from additions and multiplications of doubles, which IEEE 754 fixes to
the last bit; there is no sine or exponential whose rounding depends on the machine. The pixels are therefore the
same everywhere, and `fingerprint` can be pinned in a test.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

TEXTURES = ('striped', 'banded', 'hatched', 'checked', 'dotted')
COLOURS = ('red', 'green', 'blue', 'yellow')
CLASSES = ('background', *(f'{texture} {colour}' for texture in TEXTURES for colour in COLOURS))
SUBSETS = {'train': 2000, 'val': 400, 'unlabelled': 400}
SIZES = (64, 80, 96)
IGNORE = 255
#: Raised whenever a change alters a pixel; the folder of an older version is generated anew.
VERSION = 1

_RGB = np.array([[200, 60, 50], [60, 170, 70], [60, 90, 200], [205, 180, 55]], dtype=np.float64)


def render(subset: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Paints one image; a pure function of its arguments.

    Args:
        subset (str): one of `SUBSETS`.
        index (int): position in the subset, from 0.

    Returns:
        tuple: RGB image, shape (H, W, 3), uint8; class ids, shape (H, W), uint8, with a contour of 255 between
        regions as in Pascal-VOC.
    """
    rng = np.random.default_rng([VERSION, list(SUBSETS).index(subset), index])
    height, width = rng.choice(SIZES, size=2)
    yx = np.mgrid[:height, :width].astype(np.float64)
    canvas = np.broadcast_to(_neutral(rng), (height, width, 3)).copy()
    labels = np.zeros((height, width), dtype=np.uint8)

    for _ in range(rng.integers(3, 6)):
        inside, yx_inside = _silhouette(rng, yx, scale=(8, 24))
        if rng.random() < 0.5:
            canvas[inside] = _texture(rng, rng.integers(len(TEXTURES)), yx_inside) * _neutral(rng)
        else:
            canvas[inside] = _colour(rng, rng.integers(len(COLOURS)))

    label = None
    for _ in range(rng.integers(1, 5)):
        if label is None or rng.random() < 0.5:
            label = int(rng.integers(1, len(CLASSES)))
        texture, colour = divmod(label - 1, len(COLOURS))
        inside, yx_inside = _silhouette(rng, yx, scale=(14, 26))
        canvas[inside] = _texture(rng, texture, yx_inside) * _colour(rng, colour)
        labels[inside] = label

    slope = rng.random(2) * 0.6 - 0.3
    light = 1 + slope[0] * (yx[0] / height - 0.5) + slope[1] * (yx[1] / width - 0.5)
    noise = rng.integers(-16, 17, size=canvas.shape)
    image = np.clip(canvas * light[..., None] + noise, 0, 255).astype(np.uint8)
    return image, _with_contours(labels)


def fingerprint(pairs: Iterator[tuple[np.ndarray, np.ndarray]]) -> str:
    """Hashes decoded pixels, so that it does not depend on the PNG encoder.

    Args:
        pairs (Iterator): images and label maps, in order.

    Returns:
        str: SHA-256 as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for image, labels in pairs:
        digest.update(repr(image.shape).encode())
        digest.update(image.tobytes())
        digest.update(labels.tobytes())
    return digest.hexdigest()


def generate(root: Path, progress: Callable[[int, int], None] | None = None) -> str:
    """Writes the data set in mmsegmentation's layout, ``{img_dir,ann_dir}/<subset>/<index>.png``.

    The folder appears under its name only when complete, so an interrupted call leaves no half data set.

    Args:
        root (Path): folder to create; an existing one of this version is left as it is.
        progress (Callable, optional): called with (images done, images in all).

    Returns:
        str: the fingerprint of the data set.

    Raises:
        FileExistsError: the folder holds something else; it is left as it is.
    """
    card = root / 'shapes.json'
    if card.is_file():
        written = json.loads(card.read_text(encoding='utf-8'))
        if written['version'] == VERSION:
            return written['sha256']
    elif root.exists():
        raise FileExistsError(f'{root} exists but was not written by this generator; choose another data root')
    part = root.with_name(f'{root.name}.partial-{os.getpid()}-{uuid.uuid4().hex[:6]}')
    total, done = sum(SUBSETS.values()), 0

    def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        nonlocal done
        for subset, count in SUBSETS.items():
            images, masks = part / 'img_dir' / subset, part / 'ann_dir' / subset
            images.mkdir(parents=True)
            masks.mkdir(parents=True)
            for index in range(count):
                image, labels = render(subset, index)
                Image.fromarray(image).save(images / f'{index:05d}.png', compress_level=0)
                Image.fromarray(labels).save(masks / f'{index:05d}.png', compress_level=1)
                done += 1
                if progress:
                    progress(done, total)
                yield image, labels

    try:
        sha256 = fingerprint(pairs())
        (part / 'shapes.json').write_text(
            json.dumps({'version': VERSION, 'sha256': sha256, 'images': SUBSETS}, indent=2) + '\n', encoding='utf-8')
        _take_place(part, root, card)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sha256


def _take_place(part: Path, root: Path, card: Path) -> None:
    """Gives the data set its name, unless another run was faster, which may be reading it already."""
    if root.exists() and json.loads(card.read_text(encoding='utf-8'))['version'] != VERSION:
        old = part.with_name(f'{part.name}.old')
        os.replace(root, old)
        shutil.rmtree(old, ignore_errors=True)
    try:
        os.replace(part, root)
    except OSError:  # a folder with something in it stands there
        if not card.is_file():
            raise


def _neutral(rng: np.random.Generator) -> np.ndarray:
    """A grey with a slight cast, shape (3,)."""
    return 70 + 110 * rng.random() + 24 * (rng.random(3) - 0.5)


def _colour(rng: np.random.Generator, colour: int) -> np.ndarray:
    """One of the four colours, varied in brightness and hue, shape (3,)."""
    return _RGB[colour] * (0.7 + 0.5 * rng.random()) + 50 * (rng.random(3) - 0.5)


def _rotation(rng: np.random.Generator, spread: float = 1.0) -> tuple[float, float]:
    """Cosine and sine of a random angle within +-90 degrees x spread, by rational points of the circle."""
    t = spread * (2 * rng.random() - 1)
    return (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)


def _silhouette(rng: np.random.Generator, yx: np.ndarray, scale: tuple[int, int]) -> tuple[tuple, np.ndarray]:
    """Union of two overlapping superellipses: (rows, columns) inside; their coordinates, shape (2, pixels)."""
    centre = rng.random(2) * yx.shape[1:]
    radius = int(rng.integers(*scale))
    top, left = np.maximum(centre - 1.9 * radius, 0).astype(int)
    bottom, right = (centre + 1.9 * radius).astype(int) + 1
    window = yx[:, top:bottom, left:right]
    inside = np.zeros(window.shape[1:], dtype=bool)
    for _ in range(2):
        cosine, sine = _rotation(rng)
        y, x = window - (centre + radius * 0.8 * (rng.random(2) - 0.5))[:, None, None]
        u = np.abs(x * cosine + y * sine) / (radius * (0.6 + 0.4 * rng.random()))
        v = np.abs(y * cosine - x * sine) / (radius * (0.6 + 0.4 * rng.random()))
        form = rng.integers(3)
        inside |= (u + v if form == 0 else u * u + v * v if form == 1 else np.maximum(u, v)) < 1
    rows, columns = inside.nonzero()
    return (rows + top, columns + left), window[:, inside]


def _texture(rng: np.random.Generator, texture: int, yx: np.ndarray) -> np.ndarray:
    """Brightness between 1 - contrast and 1 at coordinates of shape (2, pixels); shape (pixels, 1)."""
    cosine, sine = _rotation(rng, spread=0.1)
    period = 7 + 3 * rng.random()
    u = (yx[1] * cosine + yx[0] * sine) / period + rng.random()
    v = (yx[0] * cosine - yx[1] * sine) / period + rng.random()
    if texture == 2:
        u = 0.7 * (u + v if rng.random() < 0.5 else u - v)
    fu, fv = u - np.floor(u), v - np.floor(v)
    if texture in (0, 2):
        dark = fu < 0.5
    elif texture == 1:
        dark = fv < 0.5
    elif texture == 3:
        dark = (fu < 0.5) ^ (fv < 0.5)
    else:
        dark = (fu - 0.5) ** 2 + (fv - 0.5) ** 2 < 0.09
    return (1 - (0.55 + 0.3 * rng.random()) * dark)[:, None]


def _with_contours(labels: np.ndarray) -> np.ndarray:
    """Sets pixels whose right or lower neighbour has another label to 255."""
    out = labels.copy()
    out[:, :-1][labels[:, :-1] != labels[:, 1:]] = IGNORE
    out[:-1][labels[:-1] != labels[1:]] = IGNORE
    return out
