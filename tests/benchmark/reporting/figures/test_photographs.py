"""Records of published data sets keep no photographs: a figure draws the reader's own, or leaves them blank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import fake_examples, fake_record
from matplotlib.figure import Figure
from pages import one_section
from PIL import Image

from benchmark.commands.report import COMMAND
from benchmark.reporting import refresh as refreshing
from benchmark.reporting.figures import examples as panels
from benchmark.reporting.figures.photographs import Photographs


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """A data root with one photograph of VOC and its mask, of which the upper half is of class 1."""
    root = tmp_path / 'data/VOCdevkit/VOC2012'
    for folder in ('JPEGImages', 'SegmentationClass'):
        (root / folder).mkdir(parents=True)
    Image.new('RGB', (40, 30), (200, 10, 10)).save(root / 'JPEGImages/00000.jpg')
    mask = np.zeros((30, 40), np.uint8)
    mask[:15] = 1
    Image.fromarray(mask).save(root / 'SegmentationClass/00000.png')
    return tmp_path / 'data'


def panel(monkeypatch: pytest.MonkeyPatch, data_root: Path | None, dataset: str = 'voc-mini') -> Figure:
    """The panel of a record that holds names and predictions alone."""
    examples = [example.model_copy(update={'image': '', 'truth': ''}) for example in fake_examples()]
    drawn: list[Figure] = []
    monkeypatch.setattr(panels, 'save', lambda figure, path: drawn.append(figure) or path)
    assert panels.example_panel(one_section([fake_record(dataset=dataset, examples=examples)]), Path('x'), data_root)
    return drawn[0]


def tiles(figure: Figure) -> list[int]:
    return [len(axes.images) for axes in figure.axes]


def test_the_readers_own_are_drawn(voc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tiles(panel(monkeypatch, voc)) == [1, 1, 1, 0, 0, 1]  # the second one is not there
    found = Photographs('voc-mini', voc)
    assert found.image('00000').size == (40, 30) and np.unique(found.truth('00000')).tolist() == [0, 1]
    assert found.image('00001') is None and found.truth('00001') is None


@pytest.mark.parametrize(('dataset', 'where'), [('voc-mini', None), ('voc-mini', 'elsewhere'), ('mine', 'data')])
def test_otherwise_their_names_stand_there(dataset: str, where: str | None, tmp_path: Path, voc: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    figure = panel(monkeypatch, where and tmp_path / where, dataset)
    assert tiles(figure) == [0, 0, 1, 0, 0, 1]
    assert [axes.texts[0].get_text() for axes in figure.axes[::3]] == ['00000', '00001']
    assert figure.legends[0].get_texts()  # of what is predicted


def test_damaged_files_stay_blank(voc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in voc.rglob('00000.*'):
        file.write_bytes(b'junk')
    assert tiles(panel(monkeypatch, voc)) == [0, 0, 1, 0, 0, 1]


def test_the_repositorys_own_pages_show_none_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path | None] = []
    monkeypatch.setattr('benchmark.reporting.render.render', lambda reports, root=None, *_: asked.append(root) or [])
    monkeypatch.setattr(refreshing, '_is_fresh', lambda *_: False)
    monkeypatch.setattr(refreshing, 'REFERENCE', tmp_path / 'reports')
    refreshing.refresh(tmp_path / 'reports', tmp_path)
    refreshing.refresh(tmp_path / 'other', tmp_path)
    assert COMMAND.run(COMMAND.parse(['--data-root', str(tmp_path)])) == 0
    assert COMMAND.run(COMMAND.parse([])) == 0
    assert asked == [None, tmp_path, tmp_path, None]
