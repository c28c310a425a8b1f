"""The front page answers first: who is best at a K, by how much, whether that is noise, and at which cost."""

from __future__ import annotations

from pathlib import Path

from fakes import fake_data, save_all, scored_record
from pages import lines

from benchmark.reporting.front import BEGIN, END
from benchmark.reporting.render import render

SCORES = {'seen_only': 5, 'zs3': 40, 'devise': 20, 'ridge': 39.9, 'zs5': 70, 'zsmmd_st': 60, 'oracle': 90}


def sweep(**more: object) -> list:
    """Two settings, of which one has a control, for two K and three seeds."""
    step = {'ridge': -2.0}  # where that of others rises, so that it is level with zs3
    records = [scored_record(name, quality + seed * step.get(name, 0.2), k=k, seed=seed, noise=seed, **more)
               for k in (2, 4) for name, quality in SCORES.items() for seed in range(3)]
    for record in records:
        name = record.cell.method
        facts = {'setting': 'transductive'} if name in ('zs5', 'zsmmd_st') else {}
        record.method = record.method.model_copy(update=facts | ({'controls': 'zs5'} if name == 'zsmmd_st' else {}))
    return records


def front(records: list, reports: Path) -> str:
    render(save_all(records, reports))
    return (reports / 'README.md').read_text(encoding='utf-8')


def test_the_answer_stands_first(tmp_path: Path) -> None:
    text = front(sweep(), tmp_path)
    first = text[:text.index('**All inductive methods:**')]
    assert len(first.splitlines()) < 40  # a screen
    best = lines(first)
    assert best[0][:5] == ['K', 'best', 'hIoU', 'ahead of the next', 'is it noise?']
    inductive, transductive = lines(first, '   2 |')
    assert inductive[1] == '**zs3**' and inductive[3].startswith('+') and inductive[3].endswith(' over ridge')
    assert 'may be' in inductive[4] and inductive[5] == '5.5'
    assert transductive[1] == '**zs5**' and transductive[3:5] == ['—', '—']  # its control is no rival


def test_settings_stand_apart_and_bounds_and_controls_have_no_place(tmp_path: Path) -> None:
    text = front(sweep(), tmp_path)
    inductive = text[text.index('**All inductive'):text.index('**All transductive')]
    rows = lines(inductive)[2:]
    assert {row[0] for row in rows} == {'zs3', 'ridge', 'devise'} and rows[-1][0] == 'devise'
    assert rows[0][1].startswith('**') and rows[1][1].endswith(' ▲')  # far above the last, beyond noise
    (only,) = lines(text[text.index('**All transductive'):text.index('| without a place')])[2:]
    assert only[0] == 'zs5'
    context = lines(text[text.index('| without a place'):text.index('## All data sets')])[2:]
    assert [row[0] for row in context] == ['seen_only (floor)', 'zsmmd_st (control of zs5)', 'oracle (ceiling)']


def test_variants_are_not_there(tmp_path: Path) -> None:
    records = [*sweep(), *(scored_record('zs3', 80, k=2, seed=seed, variant={'x': 1}) for seed in range(3))]
    assert 'x=1' not in front(records, tmp_path)
    assert 'x=1' not in (tmp_path / 'shapes.md').read_text(encoding='utf-8')
    assert 'x=1' in (tmp_path / 'shapes' / 'variants.md').read_text(encoding='utf-8')


def test_data_sets_that_carry_a_warning_come_last(tmp_path: Path) -> None:
    toy = [scored_record(seed=seed, dataset='a', provenance=fake_data(note='A toy')) for seed in (0, 1)]
    text = front([*toy, *(scored_record(seed=seed, dataset='b') for seed in (0, 1))], tmp_path)
    assert text.index('## b: who is best') < text.index('## a: who is best') < text.index('**A toy.**')


def test_the_block_of_another_page_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / 'README.md'
    page.write_text(f'# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n', encoding='utf-8')
    reports = save_all(sweep(), tmp_path / 'reports')
    for _ in range(2):
        render(reports, readme=page)
        text = page.read_text(encoding='utf-8')
        assert text.startswith(f'# Title\n\n{BEGIN}\n\n## shapes: who is best\n') and text.endswith(f'{END}\n\nrest\n')
        assert '\nold\n' not in text and '(reports/shapes.md)' in text and '(reports/figures/' in text
    page.write_text('no marks', encoding='utf-8')
    render(reports, readme=page)
    assert page.read_text(encoding='utf-8') == 'no marks'


def test_pages_that_are_no_longer_written_are_removed_and_others_stay(tmp_path: Path) -> None:
    front(sweep(), tmp_path)
    old, own = tmp_path / 'shapes' / 'pairs~9.md', tmp_path / 'shapes' / 'mine.md'
    old.write_text((tmp_path / 'shapes' / 'pairs.md').read_text(encoding='utf-8'), encoding='utf-8')
    own.write_text('mine', encoding='utf-8')
    render(tmp_path)
    assert own.exists() and not old.exists()
