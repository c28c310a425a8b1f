"""Diagnostics of stages in reports."""

from __future__ import annotations

from pathlib import Path

from fakes import fake_record
from pages import lines, one_section, page, topic

from benchmark.records.files import Record
from benchmark.reporting.tables.diagnostics import diagnostics


def with_tables(method: str, content: dict, **more: object) -> Record:
    """A cell whose last stage has tables in its summary."""
    record = fake_record(method, **more)
    record.stages[-1].summary = {'tables': content}
    return record


def test_diagnostics_are_averaged_over_seeds_and_lines() -> None:
    def table(first: float | None, second: float) -> dict:
        return {'Quality, %': [{'class': 'a', 'precision': first, 'pixels': 1000},
                               {'class': 'b', 'precision': second, 'pixels': 2001}]}

    records = [with_tables('zs5', table(10, 50)), with_tables('zs5', table(None, 51), seed=1), fake_record('zs3')]
    (found,) = diagnostics(one_section(records))
    assert found.title == 'Quality, %'
    assert found.means.to_dict('records') == [
        {'K': '2', 'method': 'zs5', 'stage': 'classifier', 'precision': '37', 'pixels': '1,500'}]
    assert [tuple(row.values())[3:] for row in found.lines.to_dict('records')] == [
        ('a', '10', '1,000'), ('b', '50.5', '2,001')]


def test_shared_stages_are_told_once_and_single_lines_have_no_second_table() -> None:
    first, second = with_tables('zs3', {'Gate': [{'share': 0.98765}]}), with_tables('zsmmd', {'Gate': [{'share': 0.5}]})
    second.stages[-1] = first.stages[-1]
    (found,) = diagnostics(one_section([first, second]))
    assert [tuple(row.values()) for row in found.means.to_dict('records')] == [
        ('2', 'zs3, zsmmd', 'classifier', '0.988')]
    assert found.lines.empty
    empty = with_tables('zs3', {'Gate': [{'share': None}]})
    (nothing,) = diagnostics(one_section([empty]))
    assert nothing.means['share'].tolist() == ['—']


def test_diagnostics_on_the_page(tmp_path: Path) -> None:
    page([with_tables('zs5', {'A | <b>': [{'class': 'x', 'n': 1}, {'class': 'y', 'n': 3}]})], tmp_path)
    part = topic(tmp_path, 'diagnostics')
    assert '### A &#124; &lt;b&gt;\n' in part and 'All 2 lines:' in part and lines(part, 'classifier', '2')
    page([fake_record()], tmp_path / 'none')
    assert not (tmp_path / 'none' / 'shapes' / 'diagnostics.md').exists()
