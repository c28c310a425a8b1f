import numpy as np
import torch

from zs_methods.datasets import load_spec
from zs_methods.stages.extract_features import Bank, PerClassSampler, sample_per_group


def stream():
    return torch.Generator().manual_seed(0)


def test_samples_at_most_the_limit_of_every_wanted_class_of_every_image():
    labels = torch.randint(0, 4, (3, 8, 8), generator=stream())
    labels[0, :4] = 255
    wanted = torch.zeros(256, dtype=torch.bool)
    wanted[[0, 2]] = True
    kept, weights = sample_per_group(labels, wanted, 5, stream())
    assert len(kept.unique()) == len(kept)
    for image in range(3):
        for label in range(4):
            inside = (kept // 64 == image) & (labels.reshape(-1)[kept] == label)
            size = int((labels[image] == label).sum())
            assert inside.sum() == (min(5, size) if label in (0, 2) else 0)
            if inside.any():
                torch.testing.assert_close(weights[inside], torch.full((int(inside.sum()),), size / min(5, size)))


def test_every_pixel_of_a_group_is_equally_likely():
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    wanted = torch.ones(256, dtype=torch.bool)
    source, counts = stream(), torch.zeros(16)
    for _ in range(400):
        counts[sample_per_group(labels, wanted, 4, source)[0]] += 1
    assert counts.min() > 60
    assert counts.max() < 140


def test_draws_every_class_from_its_own_rows():
    labels = torch.tensor([3, 1, 3, 1, 1, 7])
    bank = Bank(labels[:, None].float() * torch.ones(6, 2), labels, torch.ones(6))
    sampler = PerClassSampler(bank, stream())
    assert sampler.classes.tolist() == [1, 3, 7]
    drawn = sampler.draw(9)
    assert drawn.shape == (3, 9, 2)
    assert (drawn == sampler.classes[:, None, None]).all()


def test_bank_holds_seen_classes_only_and_true_frequencies(run_recipe):
    folders = run_recipe('seen_only')
    zs3 = run_recipe('zs3', inputs={'seen': folders['seen']})
    bank = Bank.load(zs3['features'], torch.device('cpu'))
    assert not np.isin(bank.labels, load_spec('shapes').unseen(2)).any()
    assert (bank.weights >= 1).all()
    assert bank.weights[bank.labels == 0].mean() > bank.weights[bank.labels != 0].mean()  # background is frequent
    assert bank.features.min() >= 0


def test_oracle_reads_unseen_pixels_and_only_those(run_recipe):
    bank = Bank.load(run_recipe('oracle')['unseen_features'], torch.device('cpu'))
    assert set(bank.labels.tolist()) <= set(load_spec('shapes').unseen(2))
    assert len(bank.labels) > 0
