"""Intervals are drawn where scores can be, and nothing of them outside the axes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import fake_metrics, fake_record
from matplotlib.figure import Figure
from pages import one_section

from benchmark.reporting.figures import curves, intervals
from benchmark.reporting.figures.drawing import clipped
from benchmark.reporting.tables.rows import Section
from benchmark.stats import Summary

SCORES = {'a': (1, 9), 'b': (90, 99), 'c': (40, 44), 'oracle': (95, 95), 'seen_only': (0, 0)}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    found: list[Figure] = []
    for module in (curves, intervals):
        monkeypatch.setattr(module, 'save', lambda figure, path: found.append(figure) or path)
    return found


def section(ks: tuple[int, ...] = (2, 4, 6)) -> Section:
    """With two seeds, the intervals of a and b reach below 0 and above 100."""
    return one_section([fake_record(name, score, k=k, seed=seed) for name, scores in SCORES.items() for k in ks
                        for seed, score in enumerate(scores)])


def bars(axes: object) -> list[tuple[float, float]]:
    """Ends of all error bars along the axis of scores."""
    return [(segment.min(), segment.max()) for container in axes.containers if container.has_xerr or container.has_yerr
            for line in container[2] for segment in (part[:, int(container.has_yerr)] for part in line.get_segments())]


def test_intervals_end_at_0_and_100() -> None:
    assert clipped(Summary(2, 5, 1, 50)) == (5, 50) and clipped(Summary(2, 95, 1, 50)) == (50, 5)
    assert clipped(Summary(1, 40)) == (0, 0)


def test_all_methods_of_one_k(drawn: list[Figure]) -> None:
    intervals.at_one_k(section(), Path('x'))
    (figure,) = drawn
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ['a', 'c', 'b']  # the best on top
    assert figure.get_suptitle() == 'shapes: hIoU at K=4 (zs3-clean, network tiny)'
    assert {low for low, _ in bars(axes)} >= {0.0} and max(high for _, high in bars(axes)) == 100
    assert axes.get_xlim() == (-2, 102)
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        'inductive', 'seen_only (floor)', 'oracle (ceiling)'}


def test_without_any_hiou_there_is_no_figure(drawn: list[Figure]) -> None:
    assert intervals.at_one_k(one_section([fake_record(metrics=fake_metrics(70, None))]), Path('x')) is None


@pytest.mark.parametrize('most', [6, 1])
def test_bars_of_curves_lie_inside_every_panel(most: int, drawn: list[Figure], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, 'LINES_PER_PANEL', most)
    curves.hiou_against_k(section(), Path('x'))
    shown = [axes for axes in drawn[0].axes if axes.get_visible()]
    assert len(shown) == (1 if most == 6 else 3) and drawn[0].get_suptitle().startswith('shapes: hIoU against')
    for axes in shown:
        low, high = axes.get_ylim()
        assert all(low <= end <= high for bar in bars(axes) for end in bar)
    if most == 1:
        assert [axes.get_title() for axes in shown] == ['b', 'c', 'a']
        assert {text.get_text() for text in shown[0].texts} == {'a', 'c', 'oracle', 'seen_only'}
