"""Weight and share of unseen classes, against a weighted mean written out."""

import pytest

from zs_methods.engine.loss_share import balance_in_words, share_of_weight, weight_of_share

VOC = {'unseen_weight': 100, 'unseen_samples': 256, 'batch_size': 4096, 'unseen_share': None}


def test_the_share_is_that_of_a_weighted_mean():
    weights = [1.0] * 4096 + [100.0] * 2 * 256
    assert share_of_weight(100, 512, 4096) == pytest.approx(sum(weights[4096:]) / sum(weights))


@pytest.mark.parametrize('share', [0.01, 0.67, 0.98])
def test_weight_and_share_follow_from_each_other(share):
    assert share_of_weight(weight_of_share(share, 64, 1024), 64, 1024) == pytest.approx(share)


@pytest.mark.parametrize('share', [0, 1, 1.5, -0.1, True, '0.67'])
def test_a_share_that_no_weight_gives_is_refused(share):
    with pytest.raises(ValueError, match='unseen_share must be a number between 0 and 1, both excluded'):
        weight_of_share(share, 64, 1024)


def test_words_name_weight_and_share():
    words = balance_in_words(VOC)
    assert 'weigh 100' in words and '93%' in words and '98%' in words
    words = balance_in_words({**VOC, 'unseen_share': 0.67})
    assert 'hold 67%' in words and '16.2 with 2' in words and '3.25 with 10' in words
