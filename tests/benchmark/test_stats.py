"""Statistics against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.stats import Resampled, Summary, holm, paired, resampled, summarise


def test_interval_of_three_values() -> None:
    summary = summarise([1.0, 2.0, 3.0])
    assert (summary.n, summary.mean, summary.sd) == (3, 2.0, 1.0)
    assert summary.half_width == pytest.approx(4.302653 / 3 ** 0.5, rel=1e-6)  # t(0.975, 2 degrees of freedom)


def test_interval_of_two_values() -> None:
    summary = summarise([10, 14])
    assert summary.sd == pytest.approx(8 ** 0.5)
    assert summary.half_width == pytest.approx(12.706205 * 2, rel=1e-6)


def test_interval_of_one_more_value() -> None:
    assert summarise([1.0, 2.0, 3.0]).half_width_of_one == pytest.approx(4.302653 * (1 + 1 / 3) ** 0.5, rel=1e-6)


def test_one_value_has_no_interval() -> None:
    assert summarise([5.0]) == Summary(1, 5.0, None, None)
    assert summarise([5.0]).half_width_of_one is None


def test_no_values() -> None:
    with pytest.raises(ValueError, match='nothing'):
        summarise([])


@pytest.mark.parametrize(('first', 'second', 'verdict'), [
    ([10, 11, 12], [1, 2.1, 3], 'better'),
    ([1, 2.1, 3], [10, 11, 12], 'worse'),
    ([1, 5, 3], [2, 3, 4], 'no difference beyond noise'),
    ([1, 2], [1, 2], 'no difference beyond noise'),
    ([3], [1], 'not known'),
])
def test_verdict_of_pairs(first: list[float], second: list[float], verdict: str) -> None:
    assert paired(first, second).verdict == verdict


def test_pairs_must_match() -> None:
    with pytest.raises(ValueError):
        paired([1, 2], [1])


def test_holm_by_hand() -> None:
    # Sorted 0.005, 0.011, 0.02, 0.04 times 4, 3, 2, 1, never falling.
    assert holm([0.011, 0.04, 0.005, 0.02]) == pytest.approx([0.033, 0.04, 0.02, 0.04])
    assert holm([0.5, 0.5]) == [1.0, 1.0] and holm([]) == [] and holm([0.03]) == [0.03]
    assert holm([0.02, 0.02, 0.02]) == pytest.approx([0.06] * 3)


def test_resampled_differences_by_hand() -> None:
    differences = np.array([-1.0, 0.0, *range(1, 98)])  # 99 resamples, two of them not above 0
    found = resampled(40.0, differences)
    assert found.p == pytest.approx(2 * 3 / 100)
    assert (found.low, found.high) == pytest.approx(np.percentile(differences, [2.5, 97.5]))
    assert resampled(-1.0, -differences).p == found.p
    assert resampled(0.0, np.zeros(99)).p == 1.0
    assert resampled(1.0, np.ones(1999)).p == 2 / 2000


@pytest.mark.parametrize(('difference', 'p', 'corrected', 'verdict'), [
    (1.0, 0.01, None, 'better'), (-1.0, 0.01, None, 'worse'), (1.0, 0.05, None, 'no difference beyond noise'),
    (1.0, 0.01, 0.06, 'no difference beyond noise'), (1.0, 0.01, 0.04, 'better'),
    (0.0, 0.01, None, 'no difference beyond noise')])
def test_verdict_of_resamples(difference: float, p: float, corrected: float | None, verdict: str) -> None:
    assert Resampled(difference, 0, 0, p, corrected).verdict == verdict


@pytest.mark.parametrize(('values', 'wide'), [
    ((5.0,), False), ((5.0, 5.0), False), ((0.0, 0.0), False), ((10.0, 10.5), False), ((10.0, 11.0), True),
    ((-10.0, -10.5), False), ((-10.0, -11.0), True)])
def test_an_interval_wider_than_its_mean(values: tuple[float, ...], wide: bool) -> None:
    summary = summarise(values)
    assert summary.wide is wide
    if summary.half_width:
        assert wide is ((summary.mean + summary.half_width) - (summary.mean - summary.half_width) > abs(summary.mean))
