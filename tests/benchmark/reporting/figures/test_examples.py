"""Example images: those with unseen classes, a legend of all classes drawn, colours that stay apart."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_record, picture
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from pages import one_section

from benchmark.records.files import Example, Record
from benchmark.reporting.figures import examples as module

SEEN, UNSEEN = 3, 1
#: Linear RGB as seen without long, middle or short-wave cones: Machado et al., IEEE TVCG 15, 2009, severity 1.
VISION = {
    'normal': np.eye(3),
    'protanopia': [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    'deuteranopia': [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    'tritanopia': [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]}


def example(name: str, truth: int, prediction: int = 0) -> Example:
    """Half background, half one class."""
    def ids(value: int) -> np.ndarray:
        return np.repeat(np.array([0, value], np.uint8), 8)[None].repeat(16, axis=0)

    return Example(name=name, image=picture(np.zeros((16, 16, 3), np.uint8), 'JPEG'), truth=picture(ids(truth)),
                   prediction=picture(ids(prediction)))


def panel(monkeypatch: pytest.MonkeyPatch, records: list[Record]) -> Figure:
    drawn: list[Figure] = []
    monkeypatch.setattr(module, 'save', lambda figure, path: drawn.append(figure) or path)
    module.example_panel(one_section(records), Path('x'))
    return drawn[0]


def test_images_with_unseen_classes_are_drawn_and_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [example('a', SEEN), example('b', UNSEEN, 4), example('c', SEEN)]
    figure = panel(monkeypatch, [fake_record(k=2, examples=[example('a', SEEN)]), fake_record(k=4, examples=kept)])
    assert len(figure.axes) == 3 and figure.axes[0].get_ylabel() == 'K=4'  # K=2 has none
    _, truth, prediction = figure.axes
    assert truth.collections and not prediction.collections  # the outline
    assert [[text.get_text() for text in axes.texts] for axes in (truth, prediction)] == [['1'], ['2']]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        '1 striped red*', '2 hatched yellow', 'background']


def test_without_any_the_first_ones_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(panel(monkeypatch, [fake_record(examples=[example(name, SEEN) for name in 'abc'])]).axes) == 6


def lab(colour: str, vision: str) -> np.ndarray:
    """CIELAB of a colour as some eyes see it."""
    value = np.array(to_rgb(colour))
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    x, y, z = np.array(to_xyz) @ np.clip(np.array(VISION[vision]) @ linear, 0, 1) / (0.95047, 1, 1.08883)
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize('vision', VISION)
def test_colours_stay_apart(vision: str) -> None:
    def nearest(colours: list[str]) -> float:
        return min(float(np.linalg.norm(lab(a, vision) - lab(b, vision))) for a, b in combinations(colours, 2))

    assert nearest([module._COMMON, *module.COLOURS[:10]]) > 25 and nearest([module._COMMON, *module.COLOURS]) > 14
