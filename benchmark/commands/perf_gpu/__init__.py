"""What a GPU is used for, against the published scheme in plain torch, in the same run: ``perf gpu``.

Ours is what runs in a cell: the stages of ``zs3`` and ``seen_only`` with the config ``r101``, on generated photographs
of Pascal-VOC's sizes. Every figure is a line that says what is compared, and a line ``ratio <x>``.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import torch
from mmengine.logging import MMLogger

from benchmark.commands.perf_gpu.bench import QUICK, Bench, Sizes, say, write_network
from benchmark.commands.perf_gpu.evaluation import evaluation, new_sizes
from benchmark.commands.perf_gpu.photos import write_photos
from benchmark.commands.perf_gpu.training import interleaved, seen_step
from benchmark.errors import UsageError

__all__ = ['gpu']


def gpu(device: str = 'cuda', quick: bool = False) -> None:
    """Prints all figures.

    Raises:
        UsageError: there is no such device.
    """
    if device not in ('cuda', 'cpu'):
        raise UsageError(f'--device takes cuda or cpu, got {device!r}')
    if device == 'cuda' and not torch.cuda.is_available():
        raise UsageError('gpu needs a CUDA device; --device cpu --quick shows that the program runs, not how fast')
    warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg')
    MMLogger.get_instance('mmengine', log_level=logging.WARNING)
    torch.set_num_threads(1)  # as in a cell
    sizes = QUICK if quick else Sizes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'data').mkdir()
        spec = write_photos(folder / 'data', sizes.images, sizes.scored, sizes.scale)
        bench = Bench(torch.device(device), sizes, folder, spec)
        say(f'{_device(device)}, torch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, '
            f'{torch.get_num_threads()} threads; TF32 in convolutions: {torch.backends.cudnn.allow_tf32}')
        bench.inputs['seen'] = write_network(bench)
        for measure in (evaluation, new_sizes, interleaved, seen_step):  # evaluation in a process that is still cold
            measure(bench)


def _device(device: str) -> str:
    return torch.cuda.get_device_name() if device == 'cuda' else 'CPU, whose figures mean nothing'
