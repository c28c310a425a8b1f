"""Which pixels are in C_u, and how they are drawn."""

import pytest
import torch

from zs_methods.methods.zsmmd.candidates import Candidates, Predicted

ALL = dict(type='rank', share=1.0)


@pytest.fixture
def collect():
    """Candidates of the unseen classes 1 and 2; a feature is its place in the sample."""
    def run(classes, confidence, pixels=None, gate=ALL, power=1.0):
        count = len(classes)
        pixels = torch.ones(count) if pixels is None else torch.tensor(pixels)
        sample = Predicted(torch.arange(float(count))[:, None], torch.tensor(classes), torch.tensor(confidence), pixels)
        return Candidates.collect(sample, gate, power, (1, 2))
    return run


def test_candidates_are_grouped_by_class_and_counted_in_pixels(collect):
    found = collect([2, 1, 2, 1], [0.9, 0.8, 0.7, 0.6], [3.0, 1.0, 2.0, 1.0], dict(type='threshold', threshold=0.65))
    assert found.rows.tolist() == [1, 0, 2] == found.features[:, 0].tolist()
    assert found.counts.tolist() == [1, 2] and found.pixels.tolist() == [1, 5] and found.predicted.tolist() == [2, 5]


def test_candidates_are_drawn_in_proportion_to_confidence_and_pixels(collect):
    found = collect([1, 1, 2], [0.5, 0.25, 0.9], [1.0, 2.0, 1.0], power=2.0)
    drawn = found.draw(torch.tensor([0, 1]), 20_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 20_000, 1) and (drawn[1] == 2).all() and set(drawn[0].unique().tolist()) == {0.0, 1.0}
    assert abs((drawn[0] == 0).float().mean().item() - 0.25 / (0.25 + 0.125)) < 0.015


def test_only_classes_in_use_are_drawn(collect):
    found = collect([1, 2], [0.5, 0.5])
    assert (found.draw(torch.tensor([1]), 4, torch.Generator().manual_seed(0)) == 1).all()


def test_nothing_confident_means_no_candidates(collect):
    found = collect([1, 1], [0.4, 0.5], gate=dict(type='threshold', threshold=0.99))
    assert found.counts.tolist() == [0, 0] and len(found.features) == 0
