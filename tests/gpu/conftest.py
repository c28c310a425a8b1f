"""What the tests on a GPU share; without one they are skipped."""

from __future__ import annotations

from pathlib import Path

import gpu_runs
import pytest
import torch


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gpu)
            if gpu_runs.DEVICE == 'cuda' and not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip(reason='needs a CUDA device'))


@pytest.fixture(scope='session')
def everything(micro_root, tmp_path_factory):
    """A sweep of all methods, two cells at a time, exact."""
    folder = tmp_path_factory.mktemp('everything')
    gpu_runs.run(folder, micro_root, '--methods', 'all', '--workers', 2, '--deterministic', options=gpu_runs.micro())
    return folder


@pytest.fixture(scope='session')
def trained(micro_root, tmp_path_factory):
    """A run whose network has learned, exact."""
    folder = tmp_path_factory.mktemp('trained')
    gpu_runs.run(folder, micro_root, '--methods', 'seen_only', '--launcher', 'inline', '--deterministic',
                 options=gpu_runs.TRAINED)
    return folder
