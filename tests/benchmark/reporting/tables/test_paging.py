"""Long texts become several pages, and wide tables several tables; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.reporting.tables.markup import MAX_WIDTH, bullets, table, width
from benchmark.reporting.tables.paging import MAX_LINES, parts, write_parts

HEAD = ['| a | b |', '|:--|:--|']


def text(rows: int) -> str:
    body = '\n'.join([*HEAD, *(f'| {index} | x |' for index in range(rows))])
    return f'# Title\n\nOrigin.\n\n## Section\n\nWords.\n\n### Table\n\n{body}\n\n## Last\n\n- end'


@pytest.mark.parametrize('rows', [1, 250, 285, 290, 300, 700, 2000])
def test_no_page_is_too_long_and_no_line_is_lost(rows: int, tmp_path: Path) -> None:
    written = write_parts(tmp_path / 'page.md', text(rows))
    pages = [path.read_text(encoding='utf-8').splitlines() for path in written]
    assert all(len(lines) <= MAX_LINES for lines in pages)
    found = [line for lines in pages for line in lines if line.startswith('| ') and line not in HEAD]
    assert found == [f'| {index} | x |' for index in range(rows)]
    for lines in pages:
        assert lines[0] == '# Title' and 'Origin.' in lines
        first = next((place for place, line in enumerate(lines) if line.startswith('|')), None)
        assert first is None or lines[first:first + 2] == HEAD
    assert (len(pages) > 1) == (rows > 280)


def test_parts_say_where_they_are(tmp_path: Path) -> None:
    first, second, third = write_parts(tmp_path / 'page.md', text(700))
    assert [path.name for path in (first, second, third)] == ['page.md', 'page~2.md', 'page~3.md']
    assert 'Part 2 of 3: [1](page.md), 2, [3](page~3.md).' in second.read_text(encoding='utf-8')
    assert '## Section, continued\n\n### Table, continued\n\n| a | b |' in second.read_text(encoding='utf-8')


def test_a_heading_stays_with_what_follows() -> None:
    for rows in range(270, 300):
        for part in parts(text(rows)):
            assert not part.splitlines()[-1].startswith('#')


def test_a_wide_table_becomes_several_with_the_same_first_columns() -> None:
    frame = pd.DataFrame([{'method': 'zs3', **{f'column {index}': 'x' * 20 for index in range(12)}}])
    found = table(frame, keys=1).split('\n\n')
    assert len(found) == 3 and all(part.startswith('| method') for part in found)
    assert ''.join(found).count('x' * 20) == 12 and all(len(part.split('\n')[0]) <= MAX_WIDTH + 1 for part in found)
    assert table(frame).count('method') == 1  # unless not asked for


def test_markup_takes_no_width() -> None:
    assert width(pd.DataFrame([{'a': '**bold**'}])) == width(pd.DataFrame([{'a': 'b&#124;ld'}])) == 7


def test_names_and_texts_as_a_list() -> None:
    assert bullets([('a|b', 'x'), ('c', 1)]) == '- a&#124;b: x\n- c: 1'
