"""What a cell will take of a machine's memory, told before several are started at a time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zs_methods.datasets.photographs import largest_image
from zs_methods.task import Task

#: What a cell takes whatever its images: the libraries, a network, a training on crops.
LEAST_GIB, BASE_GIB = 2.0, 0.7
#: Bytes per pixel of an image that is scored at its own size: feature maps of the backbone, and the scores of a class
#: twice, as they are and interpolated. Measured with MobileNetV2 and four classes: 1.5 GiB at 3 megapixels, 4.0 at 12.
FEATURES, CLASS = 260, 8


def expected_gib(tasks: Iterable[Task]) -> float:
    """What the largest image of some tasks makes a cell take, in GiB; at least `LEAST_GIB`.

    Evaluation decides: it holds the feature maps and class scores of a whole image, or of a batch of small ones, whose
    pixels are limited (`zs_methods.stages.network.MAX_PIXELS`).
    """
    found = {(task.source, task.data_root, task.training_list): task for task in tasks}
    return max([LEAST_GIB, *(_gib(task) for task in found.values())])


def _gib(task: Task) -> float:
    try:
        pixels = largest_image(task.spec, Path(task.data_root), task.training_list)
    except OSError:  # the data are not on this machine
        return LEAST_GIB
    return BASE_GIB + pixels * (FEATURES + CLASS * len(task.spec.classes)) / 2**30
