"""Ranks of methods."""

from __future__ import annotations

import pytest
from fakes import fake_record, scored_record

from benchmark.records.files import Record
from benchmark.reporting.statistics import comparison_tables
from benchmark.reporting.statistics.pairs import Comparison, compare
from benchmark.reporting.statistics.ranks import averages, ranking
from benchmark.reporting.tables.grouping import by_dataset


def comparisons(*records: Record) -> list[Comparison]:
    (dataset,) = by_dataset(records)
    return compare(dataset.sections[0])


def plain(scores: dict[str, list[float]], k: int = 2) -> list[Record]:
    """Records without counts of images: method -> hIoU by seed."""
    return [fake_record(name, score, seed=seed, k=k) for name, values in scores.items()
            for seed, score in enumerate(values)]


def test_mean_rank_over_seeds() -> None:
    (one,) = comparisons(*plain({'a': [50, 10, 30], 'b': [40, 20, 30], 'c': [1, 1, 1], 'oracle': [99, 99, 99]}))
    found = ranking(one)
    assert {label: rank.mean for label, rank in found.ranks.items()} == {'a': 1.5, 'b': 1.5, 'c': 3.0}
    assert found.seeds == (0, 1, 2) and all(rank.interval is None for rank in found.ranks.values())


def test_only_seeds_of_all_methods_and_their_own_settings_count() -> None:
    (one,) = comparisons(*plain({'a': [50, 10], 'b': [40]}), fake_record('a', 99, variant={'x': 1}))
    found = ranking(one)
    assert found.seeds == (0,) and {label: rank.mean for label, rank in found.ranks.items()} == {'a': 1, 'b': 2}
    assert ranking(comparisons(fake_record('a'), fake_record('b', seed=1))[0]) is None
    assert ranking(comparisons(fake_record('a'))[0]) is None


def test_average_over_k_needs_every_k() -> None:
    both = comparisons(*plain({'a': [50], 'b': [40], 'c': [30]}), *plain({'a': [40], 'b': [50]}, k=4))
    found = averages([ranking(one) for one in both])
    assert {label: rank.mean for label, rank in found.items()} == {'a': 1.5, 'b': 1.5}
    lines = comparison_tables.ranks(both).to_dict('records')
    assert [line['method'] for line in lines] == ['a', 'b', 'c']
    assert lines[2]['K=4 (of 2, n = 1)'] == lines[2]['mean over K'] == '—' and lines[2]['K=2 (of 3, n = 1)'] == '3.0'


def test_the_best_average_comes_first() -> None:
    both = comparisons(*plain({'a': [40], 'b': [50]}), *plain({'a': [40], 'b': [50]}, k=4))
    assert list(comparison_tables.ranks(both)['method']) == ['b', 'a']


def test_intervals_vary_images_and_seeds() -> None:
    def interval(qualities: dict[str, list[float]]) -> tuple[float, float]:
        records = [scored_record(name, quality, seed=seed, noise=1 + 3 * index + seed) for index, (name, values)
                   in enumerate(qualities.items()) for seed, quality in enumerate(values)]
        return ranking(comparisons(*records)[0]).ranks['a'].interval

    assert interval({'a': [60], 'b': [20]}) == (1, 1)
    assert interval({'a': [50.0], 'b': [50.0]}) == (1, 2)  # images alone turn it round
    assert interval({'a': [60, 20], 'b': [40, 40]}) == (1, 2)  # no image does, the seeds do
    assert interval({'a': [60, 61], 'b': [40, 40]}) == (1, 1)


def test_average_interval_is_narrower_than_that_of_one_k() -> None:
    records = [scored_record(name, 50, seed=0, noise=10 * index + k, k=k) for k in (2, 4, 6)
               for index, name in enumerate(('a', 'b'))]
    found = [ranking(one) for one in comparisons(*records)]
    low, high = averages(found)['a'].interval
    assert (low, high) != pytest.approx((1, 2)) and 1 <= low < high <= 2
