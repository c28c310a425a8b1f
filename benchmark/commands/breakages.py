"""Known breakages of torch, mmcv, mmengine and mmsegmentation, and which of them apply to what is installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

Verdict = tuple[str, str, str]
OK: Verdict = 'ok', '', ''


@dataclass(frozen=True)
class Finding:
    """One breakage: what it is, ``ok``, ``handled`` or ``problem``, why that, and what to do."""

    what: str
    state: str
    because: str
    todo: str


def version(package: str) -> tuple[int, ...] | None:
    """Of an installed package, as numbers that can be compared; None if it is not installed."""
    try:
        text = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    return tuple(map(int, re.findall(r'\d+', text.partition('+')[0])[:3]))


def examine() -> list[Finding]:
    """Looks for every known breakage; what cannot even be asked for is a problem of its own."""
    found = []
    for what, look in _LOOKS.items():
        try:
            state, because, todo = look()
        except Exception as error:  # libraries that are broken may raise anything when they are imported
            text = ' '.join(f'{type(error).__name__}: {error}'.split())
            state, because, todo = 'problem', text, 'install what constraints.txt pins: make setup'
        found.append(Finding(what, state, because, todo))
    return found


def _python() -> Verdict:
    if (3, 10) <= sys.version_info[:2] <= (3, 12):
        return OK
    return 'problem', 'mmcv and mmengine do not support it', 'use Python 3.10, 3.11 or 3.12'


def _torch() -> Verdict:
    import torch
    if torch.version.cuda and not torch.cuda.is_available() and shutil.which('nvidia-smi'):
        return ('problem', f'torch was built for CUDA {torch.version.cuda} and finds no GPU, though there is a driver',
                'install a torch built for a CUDA that the driver (nvidia-smi) supports, or check CUDA_VISIBLE_DEVICES')
    if not torch.version.cuda and shutil.which('nvidia-smi'):
        return 'problem', 'there is a GPU, and torch was built without CUDA', 'install a CUDA build of torch'
    return OK


def _numpy() -> Verdict:
    if (version('numpy') or (0,)) >= (2,) and (version('torch') or (9,)) < (2, 3):
        return 'problem', 'torch before 2.3 was built for NumPy 1', "pip install 'numpy<2'"
    return OK


def _weights_only() -> Verdict:
    if (version('torch') or (0,)) >= (2, 6) and (version('mmengine') or (0,)) <= (0, 10, 7):
        return ('handled', "mmengine's own resume calls a bare torch.load, which refuses its checkpoints",
                'nothing here: stages keep checkpoints of their own; elsewhere, pass weights_only=False for files of '
                'yours')
    return OK


def _mmcv_versions() -> Verdict:
    both = [name for name in ('mmcv', 'mmcv-lite') if version(name)]
    if not both and version('onedl-mmcv'):  # a fork, whose mmseg takes its versions
        return OK
    if not both:
        return 'problem', 'neither mmcv nor mmcv-lite is installed', "pip install 'mmcv-lite==2.1.0'"
    if len(both) == 2:
        return ('problem', 'mmcv and mmcv-lite are both installed, and overwrite each other',
                'pip uninstall both, then install one')
    if not (2, 0, 0) <= version(both[0]) < (2, 2, 0):
        return ('problem', f'mmseg refuses {both[0]} {".".join(map(str, version(both[0])))}: MMCV==... is used but '
                           'incompatible', f"pip install '{both[0]}==2.1.0'")
    return OK


def _mmcv_ops() -> Verdict:
    from zs_methods.compat import found
    if found()['mmcv_ext'] == 'real':
        return OK
    if version('mmcv-lite'):
        return ('handled', "mmcv-lite has no compiled ops: No module named 'mmcv._ext'",
                'nothing here calls one, a stand-in is in their place; full mmcv for models that do')
    return ('handled', 'mmcv was built without its ops; a stand-in is in their place',
            "to have them: MMCV_WITH_OPS=1 pip install --no-build-isolation mmcv==2.1.0, with torch, ninja, psutil and "
            "'setuptools<81' installed")


def _mmcv_cuda_ops() -> Verdict:
    import torch

    from zs_methods.compat import found
    if found()['mmcv_ext'] != 'real' or not torch.cuda.is_available():
        return OK
    if importlib.import_module('mmcv.ops').get_compiling_cuda_version() == 'not available':
        return ('problem', 'the ops of mmcv were built for the CPU alone',
                'build mmcv again with FORCE_CUDA=1, or use mmcv-lite')
    return OK


def _torchvision_ops() -> Verdict:
    from zs_methods.compat import found
    state = found()['torchvision_ops']
    if state == 'stand-in':
        return ('handled', 'torchvision was built for another torch: operator torchvision::nms does not exist',
                'nothing here calls one; install both from one index to have them')
    return ('handled', 'torchvision is not installed', 'its weights cannot be had by name') if state == 'absent' else OK


def _tokenizer() -> Verdict:
    missing = [name for name in ('ftfy', 'regex') if importlib.util.find_spec(name) is None]
    if missing:
        return ('problem', f'mmseg imports {", ".join(missing)} without asking for it',
                f'pip install {" ".join(missing)}')
    return OK


def _pkg_resources() -> Verdict:
    if importlib.util.find_spec('pkg_resources') is None and (version('mmengine') or (0,)) <= (0, 10, 7):
        return ('handled', 'setuptools from 82 on has no pkg_resources',
                "nothing here needs it; for mim, builds of mmcv and _base_ = 'mmseg::...': pip install 'setuptools<81'")
    return OK


def _adafactor() -> Verdict:
    old = (version('mmengine') or (9,)) < (0, 10, 6)
    if old and (version('torch') or (0,)) >= (2, 5) and version('transformers'):
        return 'problem', 'Adafactor is already registered in optimizer', "pip install 'mmengine>=0.10.6'"
    return OK


def _yapf() -> Verdict:
    if (version('yapf') or (0,)) >= (0, 40, 2) and (version('mmengine') or (9,)) < (0, 9):
        return 'problem', "FormatCode() got an unexpected keyword 'verify'", "pip install 'mmengine>=0.9'"
    return OK


def _determinism() -> Verdict:
    import torch
    if torch.cuda.is_available():
        return ('handled', 'CUDA kernels add in varying order: numbers differ within the interval of the seeds',
                '--deterministic repeats exactly, or says which operation cannot')
    return OK


def _arithmetic() -> Verdict:
    import torch
    if (kernels := torch.backends.cpu.get_cpu_capability()) != 'AVX2':
        return ('handled', f'torch computes with {kernels} here, the reference with AVX2: sums differ in their last '
                           'digits', 'expect numbers within the intervals of the reference')
    return OK


def _shared_memory() -> Verdict:
    free = shutil.disk_usage('/dev/shm').free / 2**20 if os.path.isdir('/dev/shm') else None
    if free is not None and free < 128:
        return ('problem', f'/dev/shm has {free:.0f} MiB free, in which data loaders hand over their batches',
                'docker run --shm-size=1g, or --cfg-options train_dataloader.num_workers=0')
    return OK


_LOOKS: dict[str, Callable[[], Verdict]] = {
    'Python': _python, 'torch and CUDA': _torch, 'NumPy 2': _numpy, 'torch.load(weights_only)': _weights_only,
    'version of mmcv': _mmcv_versions, 'compiled ops of mmcv': _mmcv_ops, 'CUDA ops of mmcv': _mmcv_cuda_ops,
    'compiled ops of torchvision': _torchvision_ops, 'ftfy and regex': _tokenizer, 'pkg_resources': _pkg_resources,
    'Adafactor registered twice': _adafactor, 'yapf': _yapf, 'determinism on CUDA': _determinism,
    'arithmetic of the CPU': _arithmetic, 'shared memory': _shared_memory}
