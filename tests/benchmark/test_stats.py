"""Statistics against values worked out by hand."""

from __future__ import annotations

import pytest

from benchmark.stats import Summary, paired, summarise


def test_interval_of_three_values() -> None:
    summary = summarise([1.0, 2.0, 3.0])
    assert (summary.n, summary.mean, summary.sd) == (3, 2.0, 1.0)
    assert summary.half_width == pytest.approx(4.302653 / 3 ** 0.5, rel=1e-6)  # t(0.975, 2 degrees of freedom)


def test_interval_of_two_values() -> None:
    summary = summarise([10, 14])
    assert summary.sd == pytest.approx(8 ** 0.5)
    assert summary.half_width == pytest.approx(12.706205 * 2, rel=1e-6)


def test_one_value_has_no_interval() -> None:
    assert summarise([5.0]) == Summary(1, 5.0, None, None)


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
