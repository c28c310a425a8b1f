"""What ``doctor`` finds besides breakages: versions, the machine, data sets."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path


def version_rows() -> list[tuple[str, str]]:
    """Python and the packages that records name, with the pinned version where another one is installed."""
    from benchmark import ROOT
    from benchmark.records.provenance import PACKAGES

    lines = (ROOT / 'constraints.txt').read_text(encoding='utf-8').splitlines()
    pinned: dict[str, list[str]] = {}  # of some there is an older version for an older Python
    for line in lines:
        name, found, pin = line.partition('==')
        if found and not line.startswith('#'):
            pinned.setdefault(name, []).append(pin.partition(';')[0].strip())
    rows = [('python', platform.python_version())]
    for name in PACKAGES:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        others = pinned.get(name, [found])
        same = found.partition('+')[0] in others
        rows.append((name, found if same else f'{found} (the reference: {" or ".join(others)})'))
    return rows


def machine_rows(work_dir: Path) -> list[tuple[str, str]]:
    """Processor, memory, GPUs and free disk."""
    import torch

    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    place = next(path for path in (work_dir.absolute(), *work_dir.absolute().parents) if path.exists())
    return [('processor', f'{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory'),
            ('CUDA', f'{torch.version.cuda or "not in this torch"}, GPUs: {", ".join(gpus) or "none"}'),
            ('free disk', f'{shutil.disk_usage(place).free / 2**30:.0f} GiB at {work_dir}')]


def data_rows(root: Path) -> list[tuple[str, ...]]:
    """Which data sets and word vectors are there, and how to get the others."""
    from zs_methods.datasets.acquisition.embeddings import way_to
    from zs_methods.datasets.files import locate
    from zs_methods.datasets.spec import available, load_spec
    from zs_methods.task import find_vectors

    rows = []
    for name in available():
        spec = load_spec(name)
        there = locate(spec, root).is_dir()
        files = {short: Path(find_vectors(name, root, short)) for short in spec.vectors}
        have = [short for short, file in files.items() if file.is_file()]
        todo = [] if there or spec.embedded else [f'python -m benchmark prepare {name}']
        if not have:
            todo += [f'python -m benchmark prepare embeddings {way_to(file)}' for file in files.values()][:1]
        rows.append((name, 'found' if there else 'painted on first use' if spec.embedded else 'not there',
                     ', '.join(have) or 'none', '; '.join(todo) or '-'))
    return rows
