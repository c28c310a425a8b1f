"""How settings were chosen, in reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import fake_record, fake_selection, save_all
from pages import lines, page, topic

from benchmark.commands.report import main
from benchmark.records.selections import Fold, save_selection
from benchmark.reporting.render import render


def test_how_settings_were_chosen(tmp_path: Path) -> None:
    save_selection(fake_selection(), tmp_path / 'selection' / 'a.json')
    page([fake_record()], tmp_path)
    part = topic(tmp_path, 'settings')
    overview, more = lines(part, 'zs3', 'k10')  # too wide for one table
    assert overview[4:9] == ['3', '25% of the images', '2 × 1', 'weight=30', '60.0 ± 0.0']
    assert more[-1] == '21.0 ± 12.7'
    rows = lines(part, 'weight=', '| ')[1:]
    assert [row[0] for row in rows] == ['weight=1', 'weight=30', 'weight=5']
    assert [row[-1] for row in rows] == ['', 'best, chosen', 'out of memory']
    assert rows[0][4] == '10.0 (SE 0.0)' and rows[2][3:6] == ['—', '—', '1']
    assert '2 classes held out; scored: 25% of the images; folds\n0: striped red, a&#124;b; 1: c, d; seeds 0' in part
    assert '<code>benchmark/select.py --methods zs3</code>' in part
    assert 'How settings' not in page([fake_record()], tmp_path / 'none')


def test_an_older_selection_and_a_class_without_a_pixel_are_told(tmp_path: Path) -> None:
    folds = [Fold(ids=[1, 2], classes=['a', 'b'], absent=['b']), Fold(ids=[3, 4], classes=['c', 'd'])]
    save_selection(fake_selection(share=None, folds=folds), tmp_path / 'selection' / 'a.json')
    text = page([fake_record()], tmp_path)
    assert 'scored: only images with a held-out class; folds\n0: a, b (no pixel of b scored); 1: c, d' in text


def test_damaged_selection_and_one_without_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_selection(fake_selection(dataset='mine'), tmp_path / 'selection' / 'a.json')
    save_all([fake_record()], tmp_path)
    render(tmp_path)
    assert '[How settings were chosen](mine/settings.md)' in (tmp_path / 'mine.md').read_text(encoding='utf-8')
    (tmp_path / 'selection' / 'b.json').write_text('{}')
    assert main(['--reports', str(tmp_path)]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert 'b.json' in error
