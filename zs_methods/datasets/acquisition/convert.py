"""Makes masks out of annotation files, several at a time, each complete or not there."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from zs_methods.datasets.acquisition import disk
from zs_methods.datasets.acquisition.listener import AcquisitionError, Listener


def convert(files: Mapping[Path, Path], make: Callable[[Path], Image.Image], listener: Listener, title: str) -> int:
    """Writes a PNG per annotation file; those that are there are kept.

    Args:
        files (Mapping[Path, Path]): PNG to write -> annotation file.
        make (Callable): annotation file -> image.
        listener (Listener): hears of the progress.
        title (str): what this is, for the progress.

    Returns:
        int: number of files written.

    Raises:
        AcquisitionError: an annotation is missing or damaged, or the disk is full.
    """
    todo = {target: source for target, source in files.items() if not target.exists()}
    absent = [source for source in todo.values() if not source.is_file()]
    if absent:
        more = f' (and {len(absent) - 1} more)' if len(absent) > 1 else ''
        raise AcquisitionError(f'{absent[0]}: annotation not found{more}')

    def one(target: Path, source: Path) -> None:
        image = make(source)
        with disk.atomic(target) as part:
            image.save(part, format='PNG')

    done = len(files) - len(todo)
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # inflating and deflating run outside Python's lock
        futures = [threads.submit(one, target, source) for target, source in todo.items()]
        try:
            for future in as_completed(futures):
                future.result()
                done += 1
                listener.step(title, done, len(files))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return len(todo)


def read_mat(file: Path, pick: Callable[[dict[str, Any]], np.ndarray]) -> np.ndarray:
    """Reads a label map out of a MATLAB file.

    Args:
        file (Path): version 5, as SBD and Pascal-Context have them.
        pick (Callable): content -> label map.

    Returns:
        ndarray: shape (H, W), an integer type.

    Raises:
        AcquisitionError: damaged, or without such a map.
    """
    try:
        labels = np.asarray(pick(loadmat(file)))
    except (OSError, ValueError, TypeError, KeyError, IndexError, EOFError, NotImplementedError, MatReadError,
            zlib.error) as error:
        raise AcquisitionError(f'{file}: annotation cannot be read ({type(error).__name__}: '
                               f'{disk.reason(error)})') from None
    if labels.ndim != 2 or labels.dtype.kind not in 'iu':
        raise AcquisitionError(f'{file}: holds no label map, but {labels.dtype} of shape {labels.shape}')
    return labels
