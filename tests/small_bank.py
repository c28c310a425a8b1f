"""A small bank of features that follow the class vectors, and a context to run a stage with it."""

from pathlib import Path

import numpy as np
import torch

from zs_methods.datasets.spec import load_spec
from zs_methods.stages import StageContext
from zs_methods.stages.extract_features import Bank
from zs_methods.task import Task, find_vectors
from zs_methods.vectors.class_vectors import load_class_vectors

WIDTH, PER_CLASS = 12, 40
VECTORS = {'aliases': {}, 'normalise': 'l2'}


def make_task(k=2, ignored=(), file=None):
    """The split K of `shapes`, without its images."""
    spec = load_spec('shapes')
    return Task('shapes', '', f'k{k}', spec.unseen(k), tuple(ignored),
                files={'vectors': str(file or find_vectors('shapes', Path()))})


def make_bank(task, noise=0.05):
    """Features A M + noise of the seen classes, with weights that differ."""
    stream = torch.Generator().manual_seed(0)
    vectors = torch.from_numpy(load_class_vectors(task.spec.classes, task.vectors, normalise='l2'))
    labels = torch.tensor(task.seen).repeat_interleave(PER_CLASS)
    centres = vectors @ torch.randn(vectors.shape[1], WIDTH, generator=stream)
    features = centres[labels] + noise * torch.randn(len(labels), WIDTH, generator=stream)
    return Bank(features.clamp(min=0), labels, 0.5 + torch.rand(len(labels), generator=stream))


def run_stage(stage, folder, task, bank=None, seed=0):
    """Runs a stage on a bank; returns its summary."""
    folder.mkdir()
    (folder / 'bank').mkdir()
    if bank is not None:
        np.savez(folder / 'bank' / 'bank.npz', **{name: part.numpy() for name, part in bank._asdict().items()})
    (folder / 'out').mkdir()
    return stage.run(StageContext(task, {'features': folder / 'bank'}, folder / 'out', seed))


def classifier(folder):
    """Weight and bias that a stage left."""
    saved = torch.load(folder / 'out' / 'classifier.pth', weights_only=True)
    return saved['weight'], saved['bias']
