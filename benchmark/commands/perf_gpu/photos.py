"""A generated data set in the layout of Pascal-VOC, for measurements and tests: photographs of VOC's sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from PIL import Image

NAME = 'photos'
#: VOC's number of classes; the last two are unseen at K=2.
CLASSES = ('background', *(f'thing{i}' for i in range(1, 21)))
VECTOR, SEEN = 300, len(CLASSES) - 2
#: Width and height of most photographs of VOC; the others have one long side of 500 and any other.
COMMON = ((500, 375), (500, 375), (500, 375), (375, 500), (500, 333), (333, 500))


def sizes(count: int, seed: int = 0) -> list[tuple[int, int]]:
    """Widths and heights as in VOC: two of three photographs have a common size."""
    stream = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        short = int(stream.integers(250, 500))
        rare = (500, short) if stream.random() < 0.75 else (short, 500)
        found.append(COMMON[stream.integers(len(COMMON))] if stream.random() < 0.65 else rare)
    return found


def write_photos(root: Path, train: int, val: int, scale: float = 1.0) -> Path:
    """Writes images, masks, lists, class vectors and the description.

    Every image shows three classes, the background among them; one in six for training shows unseen ones.

    Args:
        root (Path): folder to fill.
        train (int): training images.
        val (int): validation images.
        scale (float): of the sizes.

    Returns:
        Path: the YAML file that describes the data set.
    """
    stream = np.random.default_rng(0)
    for folder in ('JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for subset, count in (('train', train), ('val', val)):
        names = []
        for index, (width, height) in enumerate(sizes(count)):
            names.append(f'{subset}_{index:04d}')
            size = max(16, round(width * scale)), max(16, round(height * scale))
            shown = stream.choice(np.arange(1, SEEN), 2, replace=False)
            if subset == 'val' or index % 6 == 5:
                shown[0] = SEEN + index % 2
            image, mask = _photo(size, shown, stream)
            image.save(root / 'JPEGImages' / f'{names[-1]}.jpg', quality=90)
            mask.save(root / 'SegmentationClass' / f'{names[-1]}.png')
        (root / 'ImageSets/Segmentation' / f'{subset}.txt').write_text('\n'.join(names) + '\n', encoding='utf-8')
    vectors = stream.standard_normal((len(CLASSES), VECTOR))
    lines = [f'{name} {" ".join(f"{value:.4f}" for value in row)}' for name, row in zip(CLASSES, vectors, strict=True)]
    (root / 'vectors.txt').write_text(f'{len(CLASSES)} {VECTOR}\n' + '\n'.join(lines) + '\n', encoding='utf-8')
    subsets = {name: {'images': 'JPEGImages', 'masks': 'SegmentationClass',
                      'list': f'ImageSets/Segmentation/{name}.txt'} for name in ('train', 'val')}
    file = root / f'{NAME}.yaml'
    file.write_text(yaml.safe_dump({
        'name': NAME, 'classes': list(CLASSES), 'background': 'background', 'image_suffix': '.jpg', 'subsets': subsets,
        'splits': {2: list(CLASSES[SEEN:])}, 'vectors': 'vectors.txt', 'model': 'r101'}), encoding='utf-8')
    return file


def _photo(size: tuple[int, int], classes: np.ndarray, stream: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Colour gradients with noise, on which two ellipses are coloured by their class."""
    width, height = size
    coarse = Image.fromarray(stream.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
    rows, columns = np.mgrid[:height, :width]
    mask = np.zeros((height, width), np.uint8)
    for place, c in enumerate(classes):
        middle = (0.3 + 0.4 * place) * width, stream.uniform(0.35, 0.65) * height
        mask[((columns - middle[0]) / (0.2 * width)) ** 2 + ((rows - middle[1]) / (0.3 * height)) ** 2 < 1] = c
    colours = np.random.default_rng(1).integers(0, 256, (len(CLASSES), 3))
    pixels = np.where(mask[:, :, None] > 0, colours[mask], pixels) + stream.integers(-24, 25, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), Image.fromarray(mask)
