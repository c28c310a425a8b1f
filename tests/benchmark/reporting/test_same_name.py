"""Data sets of one name: no table, figure or section of a page holds numbers of two."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from fakes import fake_data, fake_network, fake_record, fake_selection, save_all
from pages import lines, page, topic, whole
from rich.console import Console

from benchmark.records.files import Record
from benchmark.records.selections import save_selection
from benchmark.reporting.reading import leak
from benchmark.reporting.render import render
from benchmark.reporting.tables import terminal as tables
from benchmark.reporting.tables.grouping import by_dataset

SCORES = {'toy-aaaa': 11.5, 'toy-bbbb': 37.5}


def sweep(data: str, **more: object) -> list[Record]:
    """Floor, two methods and ceiling with two seeds on some data; hIoU of the first method as in SCORES."""
    base = SCORES.get(data, 70.0)
    return [fake_record(name, base + plus, seed=seed, dataset='toy', data=data, settings=data, **more)
            for name, plus in (('seen_only', -9), ('zs3', 0), ('zs5', 5), ('oracle', 20)) for seed in (0, 1)]


def both(**more: object) -> list[Record]:
    return [record for data in SCORES for record in sweep(data, **more)]


def test_each_data_has_sections_of_its_own(tmp_path: Path) -> None:
    text = page(both(), tmp_path, 'toy')
    numbers = topic(tmp_path, 'numbers', 'toy')
    titles = [line for line in numbers.splitlines() if line.startswith('## Protocol')]
    assert titles == [f'## Protocol zs3-clean, network tiny (from scratch), data {data}' for data in SCORES]
    first, second = numbers.split(titles[0])[1].split(titles[1])
    for part, own, other in ((first, 11.5, 37.5), (second, 37.5, 11.5)):
        (row,) = lines(part.split('### Pixel')[0], '| zs3 ')
        assert row[5] == f'{own} ± 0.0' and row[7] == '2' and f'{other} ±' not in part
    assert 'toy is the name of 2 different data here' in text
    assert '- toy-aaaa: 8 records' in text and '- toy-bbbb: 8 records' in text
    assert len(list((tmp_path / 'figures').glob('toy-*-hiou.png'))) == 2
    assert [row[0] for row in lines((tmp_path / 'README.md').read_text(), 'zs3-clean')] == [
        f'[toy](toy.md) ({data})' for data in SCORES]


def test_one_data_is_not_told(tmp_path: Path) -> None:
    text = page(sweep('toy-aaaa'), tmp_path, 'toy')
    assert 'different data' not in text and ', data toy' not in text and '## Data ' not in text
    assert '(toy-aaaa)' not in (tmp_path / 'README.md').read_text()


def test_the_order_of_records_changes_nothing(tmp_path: Path) -> None:
    pages = [page(records, tmp_path / str(index), 'toy') for index, records in enumerate((both(), both()[::-1]))]
    assert pages[0] == pages[1]


def test_provenance_stands_apart(tmp_path: Path) -> None:
    records = [*sweep('toy-aaaa', provenance=fake_data(train=12)), *sweep('toy-bbbb', provenance=fake_data(train=9))]
    text = page(records, tmp_path, 'toy')
    assert '- toy-aaaa: 12 of 5,953 training images, 1,449 validation images, 8 records' in text
    assert text.count('All records come from one environment.') == 2
    assert text.index('## Data toy-aaaa') < text.index('## Data toy-bbbb')


def test_records_that_do_not_tell_their_data_are_not_mixed_with_others(tmp_path: Path) -> None:
    text = page([*sweep('toy-aaaa'), *sweep('')], tmp_path, 'toy')
    assert '(from scratch), data not recorded' in text and '(from scratch), data toy-aaaa' in text
    assert '- not recorded: 8 records' in text


@pytest.mark.parametrize('other', [{'network': fake_network()}, {'protocol': 'zs3-official'}, {'model': 'r101'}])
def test_data_and_all_else_that_keeps_tables_apart(other: dict) -> None:
    (dataset,) = by_dataset([*both(), *both(**other)])
    assert len(dataset.sections) == 4
    assert len({section.title for section in dataset.sections}) == len({one.slug for one in dataset.sections}) == 4
    assert [section.data for section in dataset.sections] == ['toy-aaaa', 'toy-aaaa', 'toy-bbbb', 'toy-bbbb']
    assert all({record.cell.data for record in section.records} == {section.data} for section in dataset.sections)


def test_the_leak_is_told_of_one_data_only() -> None:
    read = {'label_access': {'level': 'layout', 'stages': {}}}

    def lines_of(clean: str, official: str) -> list[str]:
        (dataset,) = by_dataset([*sweep(clean), *sweep(official, protocol='zs3-official', **read)])
        return leak(dataset)

    assert lines_of('toy-aaaa', 'toy-aaaa') and not lines_of('toy-aaaa', 'toy-bbbb')


def test_the_terminal_names_the_data_where_there_are_several() -> None:
    for records, expected in ((both(), 1), (sweep('toy-aaaa'), 0)):
        out = StringIO()
        tables.terminal_table(records, Console(file=out, width=200))
        assert out.getvalue().count('data toy-aaaa') == expected


def test_choices_of_settings_stand_apart(tmp_path: Path) -> None:
    for data in SCORES:
        save_selection(fake_selection(dataset='toy', data=data), tmp_path / 'selection' / f'{data}.json')
    save_all(sweep('toy-aaaa'), tmp_path)
    render(tmp_path)
    text = whole(tmp_path, 'toy')
    assert '(from scratch), data toy-aaaa' in text  # the choice on the other data makes the name ambiguous
    part = topic(tmp_path, 'settings', 'toy')
    assert part.index('## Data toy-aaaa') < part.index('## Data toy-bbbb')
    assert all(len(lines(table, 'zs3', 'k10', 'tiny')) == 1 for table in part.split('## Data')[1:])
    assert '- toy-bbbb: 0 records' in text
