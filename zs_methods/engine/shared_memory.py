"""Loader workers hand batches over in ``/dev/shm``, which containers make small: seen before training, or named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch.utils.data import DataLoader

#: Where Linux keeps what processes share.
FOLDER = Path('/dev/shm')
#: Bytes of a pixel in a batch: three colours, and the label as a 64-bit number.
_PIXEL = 3 + 8
#: What torch says of it, now and in earlier versions.
_SIGNS = ('shared memory', 'Bus error', '/torch_')


def lack(loader: Mapping[str, Any], pipeline: Sequence[Mapping[str, Any]]) -> str | None:
    """Says in one line that shared memory is too small for a training's loader; None if it is not.

    Args:
        loader (Mapping): config of the loader, with ``batch_size`` (of all processes) and ``num_workers`` (of each).
        pipeline (Sequence[Mapping]): its data set's; the last ``crop_size`` in it tells how large images are, and
            nothing is said without one.
    """
    crop = next((step['crop_size'] for step in reversed(pipeline) if 'crop_size' in step), None)
    workers = loader.get('num_workers') or 0
    if crop is None or not workers or (free := _free()) is None:
        return None
    height, width = (crop, crop) if isinstance(crop, int) else crop
    ahead = workers * (loader.get('prefetch_factor') or 2) + 1  # one more is in use
    needed = ahead * loader['batch_size'] * height * width * _PIXEL
    if needed <= free:
        return None
    return (f'{FOLDER} has {_mib(free)} free, and {workers} loader workers need {_mib(needed)} of it, {ahead} batches '
            f'of {loader["batch_size"]} images of {height} x {width} pixels; {_way_out(needed)}')


def share(collate: Callable[[list], Any], samples: list) -> Any:
    """Collates a batch in a worker, and moves its tensors into shared memory at once.

    The thread that sends it would do that too, but should there be no room, it only prints a traceback, and the
    training waits for ever.
    """
    batch = collate(samples)
    _share(batch)
    return batch


def _share(item: Any) -> None:
    if isinstance(item, torch.Tensor):
        item.share_memory_()
    elif isinstance(item, Mapping | BaseDataElement):
        for value in item.values():
            _share(value)
    elif isinstance(item, list | tuple):
        for value in item:
            _share(value)


class NamedFailures(DataLoader):
    """A loader that says in one line that its workers have no room for their batches."""

    def __iter__(self) -> Iterator[Any]:
        """Batches.

        Raises:
            RuntimeError: of the workers.
        """
        return self._named(super().__iter__())

    def _named(self, batches: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from batches
        except RuntimeError as error:
            if not any(sign in str(error) for sign in _SIGNS):
                raise
            free = _free()
            raise RuntimeError(
                f'{FOLDER} is too small for the batches of {self.num_workers} loader workers' +
                (f' (now free: {_mib(free)}); ' if free is not None else '; ') + _way_out()) from error


def _free() -> int | None:
    """Bytes that are free; None where there is no such folder."""
    try:
        state = os.statvfs(FOLDER)
    except OSError:
        return None
    return state.f_bavail * state.f_frsize


def _way_out(needed: int = 0) -> str:
    size = f'{max(1, -(-2 * needed // 2 ** 30))}g'
    return (f'enlarge it (docker run --shm-size={size}, or mount -o remount,size={size} {FOLDER}), or load without '
            'workers: train_dataloader.num_workers=0')


def _mib(size: int) -> str:
    return f'{size / 2 ** 20:.0f} MiB'
