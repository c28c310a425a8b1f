"""The stage as a whole, fed with candidates that are known to be right."""

import numpy as np
import torch

from zs_methods.methods.zsmmd.train_generator import TrainZSMMDGenerator
from zs_methods.models import FeatureGenerator
from zs_methods.models.losses.mmd_loss import mmd_squared
from zs_methods.protocols import PROTOCOLS
from zs_methods.stages import StageContext
from zs_methods.task import Task


def test_oracle_candidates_bring_the_generator_to_the_real_unseen_features(micro_root, tmp_path):
    """Gate (ii): fed with real unseen features, the generator must come close to others of their kind."""
    task = Task.create('shapes', 2, micro_root, PROTOCOLS['zs3-clean'])
    unseen, d = list(task.unseen), 6
    centres = torch.zeros(21, d)
    centres[unseen] = torch.tensor([[4.0, 0, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0]])
    draw = torch.Generator().manual_seed(0)

    def bank(name, classes, size=400):
        labels = torch.tensor(classes).repeat_interleave(size)
        features = centres[labels] + 0.3 * torch.randn(len(labels), d, generator=draw)
        (tmp_path / name).mkdir()
        ones = np.ones(len(labels), np.float32)
        np.savez(tmp_path / name / 'bank.npz', features=features.numpy(), labels=labels.numpy(), weights=ones,
                 classes=labels.numpy(), confidence=ones, pixels=ones)
        return features.view(len(classes), size, d)

    bank('features', task.seen, 50)
    bank('oracle', unseen)
    fresh = bank('fresh', unseen)

    def distance(weight):
        feedback = dict(candidates='oracle', gate=dict(type='rank', share=1.0), power=1.0, weight=weight, samples=32,
                        loss=dict(type='zs_methods.ZSMMDLoss'))
        stage = TrainZSMMDGenerator(
            model=dict(type='zs_methods.GMMNGenerator', noise_dim=8, hidden_dim=64, dropout=0.0),
            loss=dict(type='zs_methods.MMDLoss'), optimizer=dict(type='Adam', lr=5e-3), iterations=300, samples=16,
            vectors=dict(aliases={}, normalise='l2'), feedback=feedback)
        out = tmp_path / f'generator{weight}'
        out.mkdir()
        said = stage.run(StageContext(task, {path.name: path for path in tmp_path.iterdir()}, out, 0))
        assert list(said['feedback']['candidates'].values()) == [400, 400]
        generator = FeatureGenerator.load(out, torch.device('cpu'))
        with torch.no_grad():
            made = generator.sample(generator.vectors[unseen], 200, draw)
            return mmd_squared(made, fresh, (2, 5, 10, 20, 40, 80)).sqrt()

    assert (distance(1.0) < 0.3 * distance(0.0)).all()
