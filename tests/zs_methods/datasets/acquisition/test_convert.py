"""Tests of zs_methods.datasets.acquisition.convert."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
from PIL import Image

from zs_methods.datasets.acquisition import AcquisitionError, Listener
from zs_methods.datasets.acquisition.convert import convert


def image(file):
    return Image.fromarray(np.full((4, 4), int(file.read_text()), np.uint8))


def slow(file):
    time.sleep(0.1)
    return image(file)


@pytest.fixture
def files(tmp_path):
    """PNG to write -> annotation."""
    for index in range(30):
        (tmp_path / f'{index}.txt').write_text(str(index))
    return {tmp_path / f'out/{index}.png': tmp_path / f'{index}.txt' for index in range(30)}


def test_killed_call_is_continued(files, tmp_path, listener):
    child = multiprocessing.get_context('fork').Process(target=convert, args=(files, slow, Listener(), 'masks'))
    child.start()
    while len(list((tmp_path / 'out').glob('*.png'))) < 4:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / 'out').glob('*.png')}
    assert convert(files, image, listener, 'masks') == 30 - len(kept)
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in kept.items())
    assert [int(np.asarray(Image.open(path))[0, 0]) for path in files] == list(range(30))
    assert listener.steps[-1] == ('masks', 30, 30, 'files')
    assert convert(files, image, listener, 'masks') == 0


def test_missing_annotations_are_said_before_anything_is_written(files, tmp_path, listener):
    for name in ('3.txt', '9.txt'):
        (tmp_path / name).unlink()
    with pytest.raises(AcquisitionError, match=r'3\.txt: annotation not found \(and 1 more\)'):
        convert(files, image, listener, 'masks')
    assert not (tmp_path / 'out').exists()
