"""Reports rendered from made-up records."""

from __future__ import annotations

import html
import re
from io import StringIO
from pathlib import Path

import pytest
from environments import call
from fakes import fake_data, fake_network, fake_record, fake_secondary, fake_sweep, save_all, scored_record
from matplotlib.figure import Figure
from pages import lines, one_section, page, topic
from PIL import Image
from rich.console import Console

from benchmark.commands.report import main
from benchmark.records.files import Record, Status
from benchmark.reporting import reader as loading
from benchmark.reporting.figures import curves, examples, pictures
from benchmark.reporting.render import render
from benchmark.reporting.tables import conditions
from benchmark.reporting.tables import terminal as tables
from benchmark.reporting.tables.grouping import by_dataset
from benchmark.reporting.tables.markup import escape, slug
from zs_methods.protocols import PROTOCOLS


def test_unified_table(tmp_path: Path) -> None:
    text = page(fake_sweep(), tmp_path)
    start = text.index('### Seen, unseen')
    rows = lines(text[start:text.index('### Pixel accuracy')])[2:]
    assert [row[1].split('<')[0] for row in rows] == ['seen_only', 'zs3', 'zsmmd', 'oracle'] * 2
    assert [row[0] for row in rows] == ['2'] * 4 + ['4'] * 4
    # Mean of 40, 41, 42 with sd 1: 41 and 4.303 / sqrt(3); gap: floor 0, ceiling 81.
    assert rows[1] == ['2', 'zs3', '71.0 ± 2.5', '41.0 ± 2.5', '60.0 ± 0.0', '41.0 ± 2.5', '50.6', '3']
    assert rows[0][6] == '0.0' and rows[3][6] == '100.0'


def test_order_of_input_and_second_render_change_nothing(tmp_path: Path) -> None:
    records = fake_sweep()
    first, second = save_all(records, tmp_path / 'a'), save_all(records[::-1], tmp_path / 'b')
    written = render(first)
    content = {path.relative_to(first): path.read_bytes() for path in written}
    assert {path.relative_to(first): path.read_bytes() for path in render(first)} == content
    assert {path.relative_to(second): path.read_bytes() for path in render(second)} == content
    assert {path.suffix for path in written} == {'.md', '.png', '.html'}
    # Data sets with published numbers always have a page.
    assert {path.name for path in written if path.parent == first} == {
        'shapes.md', 'voc.md', 'context.md', 'cocostuff.md', 'README.md', 'index.html'}
    assert written[-1] == first / 'README.md'


def test_figures_are_small_and_anonymous(tmp_path: Path) -> None:
    for path in render(save_all(fake_sweep(), tmp_path)):
        if path.suffix == '.png':
            assert path.stat().st_size < 150_000
            assert 'Software' not in Image.open(path).info


def test_names_are_escaped(tmp_path: Path) -> None:
    names = ['a|b', '<b>bold</b>', '`tick` $x$', '_under', 'two\nlines']
    records = [fake_record('zs|3<i>', variant={'model.loss|': '<w>'}, classes=names, seed=seed) for seed in (0, 1)]
    records.append(fake_record('zs3', status='failed', reason='a | b\n<script>`x`'))
    text = page(records, tmp_path)
    assert '<script>' not in text and '<b>' not in text and '<i>' not in text
    (row,) = lines(text, 'zs&#124;3&lt;i&gt; (loss&#124;="&lt;w&gt;")', '±')[:1]
    assert len(row) == 11
    assert lines(text, 'failed: a &#124; b &lt;script&gt;&#96;x&#96;')


def test_escape_keeps_plain_names() -> None:
    assert escape('seen_only [a1b2c3] (x=0.5)') == 'seen_only [a1b2c3] (x=0.5)'
    assert escape('[a](b) *c* _d_') == '&#91;a&#93;(b) &#42;c&#42; &#95;d&#95;'


@pytest.mark.parametrize(('status', 'text'), [('failed', 'failed: out of memory'), ('interrupted', 'interrupted')])
def test_cells_without_numbers_stay_in_place(status: str, text: str) -> None:
    reason = text.partition(': ')[2]
    records = [fake_record('seen_only', 0.0), fake_record('zs5', status=status, reason=reason), fake_record('zsmmd')]
    frame = tables.unified(one_section(records))
    assert list(frame['method']) == ['seen_only', 'zs5', 'zsmmd']
    assert list(frame.loc[1]) == ['2', 'zs5', text, '—', '—', '—', '—', '0']


def test_failed_seed_beside_finished_ones() -> None:
    records = [fake_record(seed=0), fake_record(seed=1), fake_record(seed=2, status='skipped', reason='no vectors')]
    (row,) = tables.unified(one_section(records)).to_dict('records')
    assert row['n'] == '2 (seed 2 skipped: no vectors)'
    assert '±' in row['seen']


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    page(fake_sweep(ks=(6,), seeds=(0,)), tmp_path)
    text = topic(tmp_path, 'numbers') + topic(tmp_path, 'reading')
    assert lines(text, '| zs3 ')[0] == ['6', 'zs3', '70.0', '40.0', '60.0', '40.0', '50.0', '1']
    assert 'the noise over seeds is not known' in text


def test_differing_settings_are_separate_rows() -> None:
    records = [fake_record(hiou=10, settings='a1b2c3d4'), fake_record(hiou=30, settings='ffffff00', seed=1),
               fake_record(hiou=50, settings='a1b2c3d4', k=4)]
    frame = tables.unified(one_section(records))
    assert list(frame['method']) == ['zs3 [a1b2c3]', 'zs3 [ffffff]', 'zs3']
    assert list(frame['hIoU']) == ['10.0', '30.0', '50.0']


def test_variants_are_separate_rows() -> None:
    records = [fake_record(), fake_record(variant={'a.weight': 10}), fake_record(variant={'b.weight': 10}),
               fake_record(variant={'a.steps': 5})]
    assert set(tables.unified(one_section(records))['method']) == {
        'zs3', 'zs3 (a.weight=10)', 'zs3 (b.weight=10)', 'zs3 (steps=5)'}


def test_protocols_are_never_mixed(tmp_path: Path) -> None:
    records = [fake_record(hiou=10), fake_record(hiou=30, protocol='zs3-official', seed=1)]
    text = page(records, tmp_path)
    assert (tmp_path / 'shapes.md').read_text(encoding='utf-8').count('## Protocol ') == 2
    assert topic(tmp_path, 'numbers').count('## Protocol ') == 2 and '20.0' not in text


@pytest.mark.parametrize('other', [
    {'protocol': 'spnet'}, {'model': 'r101'}, {'network': fake_network('mine.pth', 'none')},
    {'network': fake_network('none', 'something')}, {'network': fake_network(sha256='0' * 64)},
    {'protocol': PROTOCOLS['zs3-clean'].model_dump() | {'version': 2}},
    {'protocol': PROTOCOLS['zs3-clean'].model_dump() | {'label_access': 'pixels'}},
])
def test_cards_networks_and_weights_never_share_a_table(other: dict, tmp_path: Path) -> None:
    first, second = fake_record(hiou=10, network=fake_network()), fake_record(hiou=30, seed=1, network=fake_network())
    if isinstance(other.get('protocol'), dict):
        second.protocol = other['protocol']
    else:
        second = fake_record(hiou=30, seed=1, **{'network': fake_network(), **other})
    (dataset,) = by_dataset([first, second])
    assert [[row.summary('hiou').mean for row in section.rows] for section in dataset.sections] in ([[10], [30]],
                                                                                                    [[30], [10]])
    assert len({section.title for section in dataset.sections}) == 2
    assert len({section.slug for section in dataset.sections}) == 2
    text = page([first, second], tmp_path)
    headings = [line for line in text.splitlines() if line.startswith('## Protocol ')]
    assert len(set(headings)) == 2 and '20.0' not in text
    assert len(set((tmp_path / 'figures').glob('*-hiou.png'))) == 2


def test_titles_name_card_network_and_weights() -> None:
    records = [fake_record(), fake_record(model='r101', network=fake_network(), protocol='spnet')]
    (dataset,) = by_dataset(records)
    assert [section.title for section in dataset.sections] == [
        'spnet, network r101 (torchvision://resnet101)', 'zs3-clean, network tiny (from scratch)']
    assert [section.slug for section in dataset.sections] == ['shapes-spnet-r101', 'shapes-zs3-clean-tiny']
    newer = fake_record()
    newer.protocol['version'] = 2
    (dataset,) = by_dataset([*records, newer])
    assert [section.title for section in dataset.sections][1:] == [
        'zs3-clean, network tiny (from scratch), card version 1',
        'zs3-clean, network tiny (from scratch), card version 2']


def test_file_names_of_figures_never_meet() -> None:
    records = [fake_record(dataset='a', protocol='b-c', model='d'), fake_record(dataset='a-b', protocol='c', model='d'),
               fake_record(dataset='a', protocol='b', model='c-d')]
    assert len({section.slug for dataset in by_dataset(records) for section in dataset.sections}) == 3


def test_card_table(tmp_path: Path) -> None:
    record = fake_record(protocol='zs3-official', model='r101', network=fake_network(), dataset='voc',
                         provenance=fake_data(360), secondary=fake_secondary(70, 40, 60))
    text = page([record], tmp_path, 'voc')
    card = dict(line[2:].split(': ', 1) for line in topic(tmp_path, 'protocol', 'voc').splitlines()
                if line.startswith('- ') and ': ' in line)
    assert card['card'] == 'zs3-official, version 1'
    assert card['background'] == 'counted as a seen class'
    assert card['training images with unseen classes'] == 'dropped'
    assert card['label access allowed'] == 'layout'
    assert (card['training images'], card['validation images']) == ('360 of 5,953', '1,449')
    assert card['scored at'] == 'original size, and short side 513'
    assert card['backbone pre-training asked for'] == 'ImageNet-1k without the Pascal classes'
    assert card['backbone pre-training used'] == 'ImageNet-1k, all classes (not what the card asks for)'
    assert card['network'] == 'r101: ResNetV1c'
    assert '**360 of 5,953 training images: numbers are not comparable with published ones.**' in text
    assert 'data.counts' not in text


def test_whole_data_sets_carry_no_warning(tmp_path: Path) -> None:
    assert 'not comparable with published ones.**' not in page([fake_record(provenance=fake_data())], tmp_path)
    nothing_known = [fake_record(provenance=fake_data(40, None))]
    assert conditions.image_counts(nothing_known) == {'train': ([40], []), 'val': ([1449], [1449])}
    assert conditions.other_images(nothing_known) == []


def test_secondary_resolution(tmp_path: Path) -> None:
    records = [fake_record(seed=0, secondary=fake_secondary(60, 30, 50)),
               fake_record(seed=1, secondary=fake_secondary(62, 30, 50)), fake_record('zsmmd')]
    text = page(records, tmp_path)
    part = text[text.index("### At the paper's resolution (short side 513)"):text.index('### Pixel accuracy')]
    assert [row[:3] for row in lines(part)[2:]] == [['2', 'zs3', '61.0 ± 12.7']]
    assert lines(part)[2][-1] == '2'
    assert "paper's resolution" not in page([fake_record()], tmp_path / 'none')


def test_setting_is_a_column_where_methods_differ(tmp_path: Path) -> None:
    other = fake_record('zs5')
    other.method.setting = 'transductive'
    frame = tables.unified(one_section([fake_record(), other]))
    assert list(frame['setting']) == ['inductive', 'transductive']
    assert 'setting' not in tables.unified(one_section([fake_record()]))


def test_no_seed_counts_twice() -> None:
    (row,) = one_section([fake_record(), fake_record(), fake_record(seed=1, status='failed')]).rows
    assert (len(row.done), len(row.missing)) == (1, 1)


@pytest.mark.parametrize('records', [
    [fake_record()],
    [fake_record('seen_only', 0.0, k=3)],
    [fake_record('oracle', 0.0), fake_record('seen_only', 0.0)],
    [fake_record(status='failed', reason='x'), fake_record('zs5', status='skipped', stages=[])],
    [fake_record(examples=[], label_access={}, provenance={}, stages=[], palette=[])],
    [fake_record(k=5, split='voc-15-5'), fake_record(k=5, split='nested-5')],
])
def test_incomplete_sweeps(records: list[Record], tmp_path: Path) -> None:
    text = page(records, tmp_path)
    assert '| nan' not in text and ' nan |' not in text
    assert all(row['gap closed %'] == '—' for row in tables.unified(one_section(records)).to_dict('records'))


def test_many_methods_have_panels_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {}

    def keep(figure: Figure, path: Path) -> Path:
        drawn[path.name] = figure
        return path

    monkeypatch.setattr(curves, 'save', keep)
    for module in (pictures, examples):
        monkeypatch.setattr(module, 'save', keep)
    names = [f'm{index:02d}' for index in range(11)]
    records = [fake_record(name, 10.0 + index, k=k) for k in (2, 4) for index, name in enumerate([*names, 'zs3'])]
    records += [fake_record('m00', 1.0, variant={'x': 1}), fake_record('oracle', 90.0), fake_record('seen_only', 0.0)]
    section = one_section(records)
    curves.hiou_against_k(section, tmp_path / 'curves')
    shown = [axes for axes in drawn['curves'].axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ['zs3', *names[::-1]]  # the best first
    # 12 methods in grey, two bounds, the method itself; m00 has a variant besides.
    assert [len(axes.containers) for axes in shown[-2:]] == [15, 16]
    assert {axes.get_ylim() for axes in shown} == {(-3, 103)}
    assert {label.get_text() for label in shown[0].texts} == set(names)  # bounds end before the last K
    pictures.class_heat_map(section, tmp_path / 'map')
    assert len(drawn['map'].axes[0].get_yticks()) == 14  # without the variant
    examples.example_panel(section, tmp_path / 'examples')
    assert [axes.get_title() for axes in drawn['examples'].axes if axes.get_title()] == [
        'image', 'ground truth', 'seen_only', 'm08', 'm09', 'm10', 'zs3', 'oracle']
    few = one_section([record for record in records if record.cell.method in ('m00', 'zs3', 'oracle')])
    curves.hiou_against_k(few, tmp_path / 'few')
    assert len(drawn['few'].axes) == 1


def test_variants_stand_apart(tmp_path: Path) -> None:
    records = [scored_record(name, score, seed=seed, noise=seed, variant=variant) for seed in (0, 1)
               for name, score, variant in (('zs3', 40, {}), ('zsmmd', 50, {}), ('zsmmd', 45, {'weight': 0}))]
    page(records, tmp_path)
    part, beside = topic(tmp_path, 'pairs'), topic(tmp_path, 'variants')
    (against,) = lines(part, 'better')
    assert against[:2] == ['2', 'zsmmd'] and against[4:6] == ['&lt; 0.001', '&lt; 0.001'] and against[-2] == '2'
    assert lines(part, 'zs3', '▼') and lines(part, 'zsmmd', '▲') and '(1 at K=2)' in part
    for other in ('numbers', 'pairs', 'classes'):
        assert 'weight=0' not in topic(tmp_path, other)
    assert 'weight=0' not in (tmp_path / 'shapes.md').read_text(encoding='utf-8')
    variant, verdict = lines(beside, 'zsmmd (weight=0)')  # too wide for one table
    assert variant[0] == '2' and variant[5].startswith('-') and variant[-1] == '2' and verdict[-1] == 'worse'


def test_variants_alone_are_the_table(tmp_path: Path) -> None:
    text = page([fake_record(variant={'x': 1}), fake_record(variant={'x': 2}, hiou=30.0)], tmp_path)
    assert len(lines(text[text.index('### Seen'):text.index('### Pixel')], 'zs3 (x=')) == 2
    assert '### Variants' not in text
    render(save_all([fake_record(), fake_record(variant={'x': 1}, seed=1)], tmp_path / 'two'))
    index = (tmp_path / 'two' / 'README.md').read_text(encoding='utf-8')
    assert lines(index, '[shapes]')[0][4] == '1, and 1 variant'


def test_damaged_counts_of_images_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = scored_record()
    record.confusion[0][0] += 1
    save_all([record], tmp_path)
    assert main(['--reports', str(tmp_path)]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert 'do not add up' in error


def test_notes_stand_under_the_main_table(tmp_path: Path) -> None:
    text = page(fake_sweep(), tmp_path)
    assert 'zsmmd<sup>1</sup>' in text
    assert '<sup>1</sup> zsmmd: A reconstruction.' in topic(tmp_path, 'numbers')
    assert '## zsmmd\n\nWhat zsmmd does. (method, inductive; unseen labels:\nimage-filter).' in text


def test_note_of_the_data_set_stands_above_all_numbers(tmp_path: Path) -> None:
    text = page([fake_record(provenance=fake_data(note='A toy | not for papers.', title='The <set>'))], tmp_path)
    assert text.startswith('# shapes: The &lt;set&gt;\n')
    assert text.index('**A toy &#124; not for papers.**') < text.index('## Protocol')
    assert 'data.note' not in text and 'data.title' not in text and lines(text, 'data.sha256')
    assert '**' not in page([fake_record()], tmp_path)


def test_environments_are_listed(tmp_path: Path) -> None:
    text = page([fake_record(), fake_record(seed=1, sha='badcafe')], tmp_path)
    assert '2 different environments' in text
    assert lines(text, 'badcafe') and lines(text, 'packages.torch', '2.9.0')
    assert '<code>benchmark/run.py --methods zs3</code> (2 records)' in text


def test_index(tmp_path: Path) -> None:
    render(save_all([*fake_sweep(), fake_record(dataset='my set')], tmp_path))
    text = (tmp_path / 'README.md').read_text(encoding='utf-8')
    (row,) = lines(text, '[shapes](shapes.md)')
    assert row[1:3] == ['zs3-clean', 'tiny (from scratch)']
    assert row[3:] == ['2, 4', '4', '0, 1, 2', '24', '24']
    assert (tmp_path / f'{slug("my set")}.md').is_file()
    assert 'do not edit' in text and 'python -m benchmark report' in text


def test_slugs_never_leave_the_folder_or_meet() -> None:
    assert slug('voc') == 'voc'
    assert '/' not in slug('../x') and not slug('../x').startswith('.')
    assert len({slug('a/b'), slug('a-b'), slug('a b')}) == 3
    assert slug('README') != 'README'


def test_deviations_are_a_list_of_their_own(tmp_path: Path) -> None:
    record = fake_record()
    record.method.source, record.method.deviations = 'Somebody, 2019', ['noise: a | b', 'other weight']
    text = page([record], tmp_path)
    assert 'Source: Somebody, 2019.\n\nDeviations:\n\n- noise: a &#124; b\n- other weight\n' in text


def test_a_method_that_differs_between_cards_names_the_card(tmp_path: Path) -> None:
    records = [fake_record(), fake_record(protocol='zs3-official'), fake_record('zs5'),
               fake_record('zs5', protocol='zs3-official'), fake_record('zs5', variant={'x': 1})]
    records[1].method.deviations, records[4].method.deviations = ['reads layouts'], ['of a variant']
    text = page(records, tmp_path)
    headings = [line for line in topic(tmp_path, 'methods').splitlines() if line.startswith('## ')]
    assert headings == ['## zs3 (zs3-clean)', '## zs3 (zs3-official)', '## zs5'] and 'of a variant' not in text


def test_terminal_table() -> None:
    console = Console(file=StringIO(), width=160)
    tables.terminal_table([*fake_sweep(), fake_record('[red]x', status='failed', reason='[/red]')], console)
    text = console.file.getvalue()
    assert 'zsmmd' in text and '41.0 ± 2.5' in text and 'failed' in text and '[/red]' not in text


def test_wrong_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['--reports', str(tmp_path)]) == 2
    (tmp_path / 'records').mkdir()
    (tmp_path / 'records' / 'x.json').write_text('{"status": "done"}')
    assert main(['--reports', str(tmp_path)]) == 2
    assert main(['--bad']) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert 'no such folder' in errors[0] and 'x.json' in errors[1]
    assert errors[2] == 'report: unrecognized arguments: --bad'


def test_it_needs_no_torch(tmp_path: Path) -> None:
    save_all([fake_record()], tmp_path)
    done = call('report', '--reports', tmp_path, without=('torch', 'mmengine', 'mmseg'), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b'')
    assert str(tmp_path / 'shapes.md') in done.stdout.decode()


@pytest.mark.parametrize('status', [status for status in Status if status is not Status.DONE])
def test_every_status_without_numbers_stands_in_its_line(status: Status, tmp_path: Path) -> None:
    word = status.value.replace('_', ' ')
    records = [fake_record(), fake_record(seed=1, status=status.value, reason='a | <b>'),
               fake_record('zs5', status=status.value, reason='a | <b>')]
    text = page(records, tmp_path)
    part = text[text.index('### Seen, unseen'):text.index('### Cells without numbers')]
    none, some = lines(part, '| zs5 ')[0], lines(part, '| zs3 ')[0]
    assert none == ['2', 'zs5', f'{word}: a &#124; &lt;b&gt;', '—', '—', '—', '—', '0']
    assert some[-1] == f'1 (seed 1 {word}: a &#124; &lt;b&gt;)' and some[2] == '70.0'


def test_seeds_are_told_by_what_they_vary(tmp_path: Path) -> None:
    record = fake_record()
    record.stages[0].seeds = {'order': 7, 'initialisation/|x|': 8}
    record.stages[1].seeds = {'order/classifier': 9}
    text = page([record], tmp_path / 'new')
    assert 'each from a random stream of its own: initialisation (seen); order (classifier, seen).' in text
    assert 'these records do not list the streams' in page([fake_record()], tmp_path / 'old')


@pytest.mark.parametrize('text', ['# title', '- item', '+ item', '1. item', '2) item', '---', '===', '## '])
def test_text_at_the_beginning_of_a_line_makes_no_block(text: str) -> None:
    assert html.unescape(escape(text)) == text.strip()
    assert not re.match(r'([#+=-]+|\d+[.)])(\s|$)', escape(text))


def test_numbers_stay_as_they_are() -> None:
    assert [escape(text) for text in ('-3.4', '+1.0 ± 2.0', '2.5', '#1', '1.5.2')] == [
        '-3.4', '+1.0 ± 2.0', '2.5', '#1', '1.5.2']


def test_only_what_pages_show_is_kept_of_records(tmp_path: Path) -> None:
    records = [fake_record(seed=seed) for seed in (2, 10, 1)] + [fake_record('zs5', seed=3), fake_record(k=4, seed=9)]
    save_all(records, tmp_path)
    found = loading.load(tmp_path / 'records')
    assert [bool(record.examples) for record in found] == [False, False, True, True, True]
    assert all(not stage.config for record in found for stage in record.stages)
    assert found[0].provenance is found[3].provenance and found[0].method is not found[3].method
    assert [record.model_dump(exclude={'examples', 'stages'}) for record in found] == [
        record.model_dump(exclude={'examples', 'stages'}) for record in records]
