"""The same network on a GPU and on the CPU: what may differ, and how much."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from gpu_runs import DEVICE, records, stage
from mmengine.config import Config

from zs_methods.config_files import model_file
from zs_methods.stages import Evaluate, StageContext
from zs_methods.stages.network import build_dataset, equal_sized_batches, load_network
from zs_methods.task import Task

#: Share of pixels whose class may be another one, and the largest difference of a score against the largest score: with
#: convolutions in TF32, torch's default on a GPU, which keeps 10 bits of a factor, and in float32.
TOLERANCE = {True: (0.01, 0.02), False: (0.0005, 0.0005)}


@pytest.fixture(scope='module')
def network(trained):
    """Folder of the trained network."""
    return trained / 'work' / 'artifacts' / f'seen-{stage(records(trained)["seen_only"], "seen").key}'


@pytest.fixture
def tf32(request, monkeypatch):
    """Sets the precision of convolutions."""
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', request.param)
    return request.param


@pytest.mark.parametrize('tf32', [True, False], indirect=True)
def test_scores_agree(network, micro_root, tf32):
    config = Config.fromfile(model_file('tiny', 'shapes'))
    dataset = build_dataset(Task.create('shapes', 2, micro_root), 'val', config.eval_pipeline)
    share, distance = TOLERANCE[tf32]
    differ, pixels, worst = 0, 0, 0.0
    networks = [load_network(network, torch.device(name)) for name in ('cpu', DEVICE)]
    for _, batch in equal_sized_batches(dataset, 4):
        scores = []
        for each in networks:
            data = each.data_preprocessor(batch, False)
            with torch.no_grad():
                scores.append(each.inference(data['inputs'], [s.metainfo for s in data['data_samples']]).cpu())
        differ += (scores[0].argmax(dim=1) != scores[1].argmax(dim=1)).sum().item()
        pixels += scores[0][:, 0].numel()
        worst = max(worst, ((scores[0] - scores[1]).abs().max() / scores[0].abs().max()).item())
        assert scores[0].argmax(dim=1).unique().numel() > 1  # it has learned to tell classes apart
    print(f'{differ} of {pixels} pixels differ, scores by {worst:.1e} of the largest')
    assert differ <= share * pixels and worst <= distance


def test_stage_evaluate_counts_alike(network, micro_root, tmp_path):
    """Counted on the GPU and loaded ahead, against the CPU: as far as the predictions are the same."""
    config = Config.fromfile(model_file('tiny', 'shapes'))
    found = []
    for at, name in enumerate(('cpu', DEVICE)):
        out = tmp_path / str(at)
        out.mkdir()
        stage = Evaluate(config.eval_pipeline, {'mode': 'short-side', 'size': 96}, batch_size=4)
        stage.run(StageContext(Task.create('shapes', 2, micro_root), {'seen': network}, out, 0, torch.device(name)))
        found.append(json.loads((out / 'result.json').read_text()))
    for name in ('confusion', 'secondary_confusion'):
        first, second = (np.array(result[name]) for result in found)
        assert first.sum() == second.sum() > 0 and (first.sum(axis=1) == second.sum(axis=1)).all()
        assert np.abs(first - second).sum() / 2 <= TOLERANCE[True][0] * first.sum()
