"""Which confidences pass."""

import pytest
import torch

from zs_methods.methods.zsmmd.gate import by_rank, passing

CLASSES = torch.tensor([4] * 8 + [7] * 5)
CONFIDENCE = torch.tensor([0.2, 0.9, 0.4, 0.8, 0.3, 0.7, 0.6, 0.5, 0.31, 0.35, 0.33, 0.34, 0.32])
ONES = torch.ones(13)


def test_rank_lets_the_most_confident_share_of_every_class_through_rounded_up():
    passed = by_rank(CLASSES, CONFIDENCE, ONES, 0.25)
    assert passed.nonzero()[:, 0].tolist() == [1, 3, 9, 11]  # 2 of 8, and 1.25 of 5
    assert by_rank(CLASSES, CONFIDENCE, ONES, 0.0).sum() == 0


@pytest.mark.parametrize(('share', 'size', 'expected'), [
    (0.1, 30, 3), (0.1, 31, 4), (0.3, 10, 3), (0.7, 10, 7), (0.25, 1, 1), (1e-6, 100, 1)])
def test_rank_is_exact_where_the_product_rounds(share, size, expected):
    assert by_rank(torch.zeros(size).long(), torch.rand(size), torch.ones(size), share).sum() == expected


def test_of_equals_exactly_so_many_pass_the_earlier_ones():
    passed = by_rank(torch.zeros(9).long(), torch.full((9,), 0.5), torch.ones(9), 0.3)
    assert passed.tolist() == [True] * 3 + [False] * 6


def test_a_pixel_counts_as_often_as_it_stands_for_others():
    confidence, pixels = torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.tensor([1.0, 3.0, 4.0, 2.0])
    for share, expected in ((0.1, 1), (0.4, 2), (0.41, 3), (0.8, 3), (0.9, 4)):
        assert by_rank(torch.zeros(4).long(), confidence, pixels, share).sum() == expected


def test_all_by_rank_is_threshold_zero():
    """Gate (v) of the reconstruction."""
    first, second = (passing(gate, CLASSES, CONFIDENCE, ONES) for gate in (
        dict(type='rank', share=1.0), dict(type='threshold', threshold=0.0)))
    assert first.all() and second.all()


def test_threshold_is_the_least_confidence_that_passes():
    passed = passing(dict(type='threshold', threshold=0.5), CLASSES, torch.linspace(0.4, 0.6, 13).double(), ONES)
    assert passed.tolist() == [False] * 6 + [True] * 7
