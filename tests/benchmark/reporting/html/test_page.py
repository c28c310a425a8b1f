"""The page for a browser holds the numbers of the Markdown, as data that no text in a record can break out of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fakes import fake_examples, fake_record, fake_sweep, scored_record
from pages import lines, one_section

from benchmark.reporting.front import write_front
from benchmark.reporting.html import page
from benchmark.reporting.html.content import headline
from benchmark.reporting.statistics import leaderboard
from benchmark.reporting.statistics.pairs import Comparison, compare
from benchmark.reporting.tables.grouping import by_dataset
from benchmark.reporting.tables.markup import TEMPLATES
from benchmark.reporting.tables.rows import Dataset

BLOCK = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
EVIL = '</script><script>alert(1)</script><!-- \u2028 & "x"'


def compared(records: list) -> tuple[list[Dataset], dict[str, list[Comparison]]]:
    datasets = by_dataset(records)
    return datasets, {section.slug: compare(section) for dataset in datasets for section in dataset.sections}


def rendered(records: list, reports: Path) -> str:
    """The page alone, without those that take figures."""
    return page.write_page(*compared(records), reports).read_text(encoding='utf-8')


def data(text: str) -> dict[str, Any]:
    return json.loads(BLOCK.search(text)[1])


def rows(section: dict[str, Any], method: str) -> list[dict[str, Any]]:
    return [row for row in section['rows'] if row['method'] == method]


def test_numbers_and_verdicts_are_those_of_the_front_page(tmp_path: Path) -> None:
    datasets, comparisons = compared([
        scored_record(name, quality + seed, k=k, seed=seed, noise=seed) for k in (2, 4)
        for name, quality in (('zs3', 40), ('devise', 20), ('oracle', 90)) for seed in range(3)])
    found = data(page.write_page(datasets, comparisons, tmp_path).read_text(encoding='utf-8'))
    front = write_front(datasets, comparisons, tmp_path).read_text(encoding='utf-8')
    (section,) = found['sections']
    (board,) = section['boards']
    names = ('K', 'best', 'hIoU', 'ahead of the next', 'is it noise?', 'cost, s')
    told = [[line[name] for name in names] for line in board['lines']]
    best = lines(front)[2:4]
    assert told == [[cell.replace('**', '') for cell in line] for line in best] and told[0][1] == 'zs3'
    first = rows(section, 'zs3')[0]
    assert first['hiou']['text'] == told[0][2] and first['lead'] == told[0][3] and first['rank'] == 1
    assert first['verdict'] == 'beyond noise' and rows(section, 'devise')[0]['verdict'] == ''
    assert rows(section, 'oracle')[0]['rank'] is None and rows(section, 'oracle')[0]['group'] == 'ceiling'
    assert [cell['seed'] for cell in first['cells']] == [0, 1, 2]
    assert '(index.html)' in front


def test_classes_and_sources_stand_behind_a_row(tmp_path: Path) -> None:
    found = data(rendered([fake_record(seed=seed, sha='c0ffee' if seed else 'deca') for seed in (0, 1)], tmp_path))
    (section,) = found['sections']
    (row,) = section['rows']
    assert dict(zip(section['classes'], row['iou'], strict=True)) == {
        'background': 95.0, 'striped red': 40.0, 'dotted blue': 41.0, 'checked green': 70.0, 'hatched yellow': None}
    assert section['unseen'] == [[1, 2]]
    assert [dict(found['sources'][cell['source']])['commit'] for cell in row['cells']] == ['deca', 'c0ffee']
    assert dict(found['sources'][0])['packages'] == 'torch 2.9.0'
    assert dict(found['sources'][0])['command'] == 'benchmark/run.py --methods zs3'


def test_no_text_of_a_record_breaks_out(tmp_path: Path) -> None:
    classes = [f'{EVIL}{number}' for number in range(5)]
    failed = {'status': 'failed', 'seed': 1}
    text = rendered([fake_record(EVIL, classes=classes), fake_record('zs3', reason=EVIL, **failed)], tmp_path)
    plain = rendered([fake_record(), fake_record('zs3', **failed)], tmp_path / 'plain')
    assert text.count('<script') == plain.count('<script') == 2 and text.count('<!--') == plain.count('<!--')
    (section,) = data(text)['sections']
    assert section['classes'][0].startswith('</script><script>alert(1)</script><!--')
    assert section['rows'][0]['cells'][0].get('why', '') == '' and '</script>' in rows(section, 'zs3')[0]['missing']


@pytest.mark.parametrize('text', [EVIL, '<', '\u2029', ']]>', 'ü ± —'])
def test_json_means_the_same_and_holds_no_markup(text: str) -> None:
    written = page.as_json({text: [text]})
    assert json.loads(written) == {text: [text]} and not set('<>&\u2028\u2029') & set(written)


def test_json_refuses_what_a_browser_cannot_read() -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        page.as_json({'x': float('nan')})


def test_the_script_writes_no_markup_and_asks_no_network(tmp_path: Path) -> None:
    source = ''.join(path.read_text(encoding='utf-8') for path in sorted((TEMPLATES / 'html').iterdir()))
    for word in ('innerHTML', 'outerHTML', 'insertAdjacent', 'document.write', 'eval(', 'fetch(', 'XMLHttp', 'import '):
        assert word not in source
    text = rendered(fake_sweep(), tmp_path)
    assert "default-src 'none'" in text
    assert set(re.findall(r'https?://[\w./]+', text)) == {'http://www.w3.org/2000/svg'}


def test_same_records_same_bytes_in_any_order(tmp_path: Path) -> None:
    records = fake_sweep()
    assert rendered(records, tmp_path / 'a') == rendered(records[::-1], tmp_path / 'b')


def test_photographs_are_not_embedded(tmp_path: Path) -> None:
    examples = fake_examples()
    generated = data(rendered([fake_record(examples=examples)], tmp_path / 'a'))['sections'][0]['gallery']
    assert generated['images'] == {example.name: example.image for example in examples}
    for name in ('voc', 'my-own'):
        text = rendered([fake_record(dataset=name, examples=examples)], tmp_path / name)
        gallery = data(text)['sections'][0]['gallery']
        assert gallery['images'] == {} and all(example.image not in text for example in examples)
        assert [line['name'] for line in gallery['lines']] == [example.name for example in examples]


def test_cells_without_numbers_say_why(tmp_path: Path) -> None:
    (section,) = data(rendered([fake_record(), fake_record('zs5', status='failed', reason='out of memory')],
                               tmp_path))['sections']
    (row,) = rows(section, 'zs5')
    assert row['hiou'] is None and 'out of memory' in row['missing'] and 'out of memory' in row['cells'][0]['why']


def test_nothing_was_run(tmp_path: Path) -> None:
    assert data(rendered([], tmp_path)) == {'sections': [], 'sources': []}


@pytest.mark.parametrize(('scores', 'said'), [
    ({2: (60, 30), 4: (50, 20)}, 'Highest: zs3 at every K. Lead beyond noise at 2 of 2 K'),
    ({2: (60, 30), 4: (20, 50)}, 'Highest: zs3 at K=2; devise at K=4. Lead beyond noise at 2 of 2 K'),
    ({2: (60, 60)}, 'Highest: devise at K=2. Lead beyond noise at none of 1 K'),
    ({2: (60,)}, 'Highest: zs3 at K=2; nobody to compare with')])
def test_headline(scores: dict[int, tuple[float, ...]], said: str) -> None:
    section = one_section([scored_record(name, quality + seed / 10, k=k, seed=seed, noise=seed)
                           for k, both in scores.items() for name, quality in zip(('zs3', 'devise'), both, strict=False)
                           for seed in range(3)])
    assert headline(leaderboard.standings(section, compare(section), 'inductive')) == said
