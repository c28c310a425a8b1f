"""The bank of features with a limit per class."""

import numpy as np

from zs_methods.stages.reservoir import Reservoir


def fill(reservoir, parts, rng):
    for _ in range(parts):
        labels = rng.choice(3, size=50, p=[0.8, 0.15, 0.05])
        features = labels[:, None] * 10.0 + rng.random((50, 2))
        reservoir.add(features.astype(np.float32), labels, (1 + labels).astype(np.float32))
    return reservoir.rows()


def test_without_a_limit_everything_stays_in_order():
    reservoir = Reservoir(None, 0)
    rng = np.random.default_rng(0)
    features, labels, weights = fill(reservoir, 4, rng)
    assert len(features) == len(labels) == len(weights) == 200
    assert (weights == 1 + labels).all()


def test_at_most_the_limit_of_every_class_and_the_rest_in_the_weights():
    features, labels, weights = fill(Reservoir(40, 0), 60, np.random.default_rng(1))
    assert np.bincount(labels).tolist() == [40, 40, 40]
    assert (features // 10 == labels[:, None]).all()
    expected = np.bincount(fill(Reservoir(None, 0), 60, np.random.default_rng(1))[1]) * [1, 2, 3]
    np.testing.assert_allclose(np.bincount(labels, weights), expected, rtol=1e-5)


def test_every_row_is_as_likely_as_any_other_and_weighted_means_are_unbiased():
    values = np.arange(30, dtype=np.float32)
    weights = (1 + values % 3).astype(np.float32)
    total, kept = 0.0, np.zeros(30)
    for seed in range(600):
        reservoir = Reservoir(6, seed)
        for part in np.split(np.arange(30), 10):
            reservoir.add(values[part][:, None], np.zeros(3, np.int64), weights[part])
        features, _, out = reservoir.rows()
        kept[features[:, 0].astype(int)] += 1
        total += (features[:, 0] * out).sum() / 600
    assert kept.min() > 80 and kept.max() < 160  # 120 expected
    np.testing.assert_allclose(total, (values * weights).sum(), rtol=0.03)


def test_nothing_collected_is_nothing():
    assert len(Reservoir(5, 0).rows()[1]) == 0


def test_further_columns_stay_with_their_rows():
    reservoir = Reservoir(5, 0)
    for part in np.split(np.arange(60), 6):
        reservoir.add(part[:, None].astype(np.float32), part % 2, np.ones(10, np.float32), part * 3)
    features, labels, _, tripled = reservoir.rows()
    assert np.bincount(labels).tolist() == [5, 5]
    assert (tripled == features[:, 0] * 3).all()
