"""Whether two data sets agree: Kendall's tau against scipy's, its interval, and the pairs decided on both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import save_all, scored_record
from scipy.stats import kendalltau

from benchmark.reporting.render import render
from benchmark.reporting.statistics.agreement import agreement_table, agreements, kendall
from benchmark.reporting.statistics.pairs import compare
from benchmark.reporting.tables.grouping import by_dataset

ON_SHAPES = {'devise': 20, 'ridge': 35, 'zs3': 50, 'spnet': 65, 'joem': 80}


def datasets(second: dict[str, float], names: tuple[str, str] = ('shapes', 'voc-mini')):
    records = [scored_record(method, quality + 0.3 * seed, seed=seed, noise=seed, dataset=name)
               for name, scores in zip(names, (ON_SHAPES, second), strict=True)
               for method, quality in scores.items() for seed in range(3)]
    found = by_dataset(records)
    return found, {section.slug: compare(section) for one in found for section in one.sections}


def test_kendall_is_that_of_scipy_ties_too() -> None:
    stream = np.random.default_rng(3)
    first, second = stream.integers(0, 6, (2, 20, 9))
    expected = [kendalltau(*pair).statistic for pair in zip(first, second, strict=True)]
    np.testing.assert_allclose(kendall(first, second), expected, rtol=1e-12)
    assert np.isnan(kendall(np.zeros((1, 4)), np.arange(4.0)[None]))


def test_the_same_order_agrees_and_a_reversed_pair_is_named() -> None:
    (same,) = agreements(*datasets(ON_SHAPES))
    assert (same.first, same.second, same.label) == ('shapes', 'voc-mini', '2') and set(same.methods) == set(ON_SHAPES)
    assert (same.tau, same.high, same.opposite) == (1, 1, ()) and same.same == 10
    (other,) = agreements(*datasets({**ON_SHAPES, 'zs3': 80, 'joem': 50}))
    assert other.tau == pytest.approx(1 - 2 * 3 / 10) and other.low < other.tau < other.high
    assert set(other.opposite) == {('joem', 'zs3'), ('joem', 'spnet'), ('spnet', 'zs3')} and other.same == 7
    assert agreements(*datasets({**ON_SHAPES, 'zs3': 80, 'joem': 50})) == [other]
    (line,) = agreement_table([other]).to_dict('records')
    assert line["Kendall's tau"].startswith('0.40 (') and 'joem > zs3 on shapes only' in line['in opposite ones']


def test_few_methods_in_common_say_nothing() -> None:
    assert agreements(*datasets({name: ON_SHAPES[name] for name in ('devise', 'ridge', 'zs3')})) == []


def test_photographs_come_before_what_is_generated_and_the_front_page_says_whether_both_agree(tmp_path: Path) -> None:
    records = [scored_record(method, quality, seed=seed, noise=seed, dataset=name) for name in ('shapes', 'voc-mini')
               for method, quality in ON_SHAPES.items() for seed in range(2)]
    render(save_all(records, tmp_path))
    text = (tmp_path / 'README.md').read_text(encoding='utf-8')
    assert text.index('## voc-mini') < text.index('## shapes') < text.index('## Do the data sets agree?')
    assert '| voc-mini, shapes |' in text and '1.00 (' in text
