"""Images, folders and videos: where ``predict`` reads from, and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from benchmark.errors import UsageError
from zs_methods.datasets.images import opened

IMAGES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp', '.gif', '.ppm', '.jp2')
VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')
#: Encoders, of which OpenCV has the first that its build knows.
_CODECS = (('.mp4', 'mp4v'), ('.avi', 'MJPG'))


@dataclass(frozen=True)
class Source:
    """A file to predict, and the name of what is written for it, which may hold folders."""

    file: Path
    name: str

    @property
    def is_video(self) -> bool:
        """Whether it holds frames."""
        return self.file.suffix.lower() in VIDEOS


def sources(paths: Iterable[Path]) -> list[Source]:
    """The files among paths and below folders, in order of their names.

    Raises:
        UsageError: there is no such path, or nothing in it; two files would be written under one name.
    """
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob('*') if file.suffix.lower() in (*IMAGES, *VIDEOS))
            if not inside:
                raise UsageError(f'{path}: no image or video in it; known are {" ".join((*IMAGES, *VIDEOS))}')
            found += [(file, file.relative_to(path)) for file in inside]
        elif path.is_file():
            found.append((path, Path(path.name)))
        else:
            raise UsageError(f'{path}: no such file or folder')
    stems = [str(name.with_suffix('')) for _, name in found]
    named = [Source(file, stem if stems.count(stem) == 1 else str(name))
             for (file, name), stem in zip(found, stems, strict=True)]
    for one in named:
        if sum(other.name == one.name for other in named) > 1:
            raise UsageError(f'{one.name}: two files have this name; predict them into different folders')
    return named


def read_image(file: Path) -> np.ndarray:
    """An image as it is to be seen, (H, W, 3), BGR, uint8.

    Raises:
        ImageFileError: it cannot be read; one line.
    """
    with opened(file) as image:
        return np.ascontiguousarray(np.array(ImageOps.exif_transpose(image).convert('RGB'))[..., ::-1])


def frames(file: Path) -> tuple[float, Iterator[np.ndarray]]:
    """Frames per second of a video, and its frames, as those of `read_image`.

    Raises:
        ValueError: it cannot be read; one line.
    """
    video = cv2.VideoCapture(str(file))
    if not video.isOpened():
        raise ValueError(f'{file}: video cannot be read')

    def read() -> Iterator[np.ndarray]:
        try:
            while (found := video.read())[0]:
                yield found[1]
        finally:
            video.release()

    return video.get(cv2.CAP_PROP_FPS) or 25.0, read()


class Output:
    """Folders ``masks`` (class ids with the palette), ``overlays`` and ``confidence`` (0 to 255 for 0 to 1)."""

    def __init__(self, folder: Path, classes: Sequence[str], palette: np.ndarray, unseen: frozenset[int],
                 opacity: float) -> None:
        self.folder, self.palette, self.opacity = folder, palette, opacity
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'classes.json').write_text(json.dumps([
            {'id': c, 'name': name, 'colour': palette[c].tolist(), 'unseen': c in unseen}
            for c, name in enumerate(classes)], indent=1, ensure_ascii=False) + '\n', encoding='utf-8')

    def save(self, name: str, ids: np.ndarray, confidence: np.ndarray, overlay: np.ndarray | None) -> None:
        """Writes what is known of an image or frame; an overlay that goes into a video is left out."""
        mask = Image.fromarray(ids)
        mask.putpalette(self.palette.flatten().tolist())
        mask.save(self._path('masks', name))
        Image.fromarray(np.round(255 * confidence).astype(np.uint8)).save(self._path('confidence', name))
        if overlay is not None:
            Image.fromarray(overlay[..., ::-1]).save(self._path('overlays', name))

    def overlay(self, image: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """The image (H, W, 3), BGR, under the colours of its classes."""
        colours = self.palette[:, ::-1][ids]
        return np.round((1 - self.opacity) * image + self.opacity * colours).astype(np.uint8)

    @contextmanager
    def video(self, name: str, rate: float, size: tuple[int, int]) -> Iterator[cv2.VideoWriter]:
        """Takes overlays of H x W pixels as frames of a video.

        Raises:
            OSError: OpenCV can write none here.
        """
        for suffix, codec in _CODECS:
            writer = cv2.VideoWriter(str(self._path('overlays', name, suffix)), cv2.VideoWriter_fourcc(*codec), rate,
                                     (size[1], size[0]))
            if writer.isOpened():
                try:
                    yield writer
                finally:
                    writer.release()
                return
        raise OSError(f'{name}: this build of OpenCV writes no video')

    def _path(self, kind: str, name: str, suffix: str = '.png') -> Path:
        path = self.folder / kind / f'{name}{suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
