"""The sentences of a page, and that they follow the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import fake_access, fake_record, scored_record
from pages import lines as lines_of
from pages import one_section, page, topic

from benchmark.records.files import Record
from benchmark.reporting import reading
from benchmark.reporting.statistics.pairs import compare

SEEDS = (0, 1, 2)


def measured(scores: dict[str, float], ks: tuple[int, ...] = (2,), seeds: tuple[int, ...] = SEEDS, **more: object
             ) -> list[Record]:
    """Methods of given quality; the seeds of all move by the same 0.1, so that differences are clear."""
    return [scored_record(name, score + 0.1 * seed, k=k, seed=seed, noise=10 * index + seed, **more)
            for k in ks for index, (name, score) in enumerate(scores.items()) for seed in seeds]


def parts(records: list[Record]) -> list[reading.Part]:
    section = one_section(records)
    return reading.of_section(section, compare(section))


def told(records: list[Record]) -> list[str]:
    return [text for part in parts(records) for text in part.lines]


def line(lines: list[str], start: str) -> str:
    (found,) = [text for text in lines if text.startswith(start)]
    return found


def test_what_self_training_and_recursion_add() -> None:
    lines = told(measured({'zs3': 40, 'zs5': 50, 'zsmmd': 30, 'zsmmd_st': 55}))
    assert line(lines, 'What self-training adds (zs5 − zs3): ').split(' at ')[0].endswith('better beyond noise')
    assert 'K=2 (+' in line(lines, 'What self-training adds to the recursion (zsmmd_st − zsmmd): better beyond noise')
    assert 'K=2 (-' in line(lines, 'What the recursion adds (zsmmd − zs3): worse beyond noise at ')
    assert line(lines, 'What the recursion adds to self-training (zsmmd_st − zs5): better beyond noise at K=2')
    assert line(lines, 'zsmmd_st − zs3: better beyond noise at K=2')
    assert not [text for text in lines if text.startswith(('zs5 − zs3', 'zsmmd − zs3'))]


@pytest.mark.parametrize(('zsmmd', 'sentence'), [
    ((40, 40), 'ZS-MMD does not beat ZS3Net beyond noise at any K.'),
    ((20, 40), 'ZS-MMD does not beat ZS3Net beyond noise at any K; at K=2 it is worse beyond noise.'),
    ((60, 40), 'ZS-MMD beats ZS3Net beyond noise at K=2 and at no other K.'),
    ((60, 20), 'ZS-MMD beats ZS3Net beyond noise at K=2 and at no other K; at K=4 it is worse beyond noise.'),
    ((60, 60), 'ZS-MMD beats ZS3Net beyond noise at every K.')])
def test_whether_zsmmd_beats_zs3(zsmmd: tuple[float, float], sentence: str) -> None:
    records = [record for k, score in zip((2, 4), zsmmd, strict=True)
               for record in measured({'zs3': 40, 'zsmmd': score}, (k,))]
    assert line(told(records), 'ZS-MMD') == sentence


def test_one_seed_leaves_the_noise_unknown() -> None:
    lines = told(measured({'zs3': 40, 'zs5': 60, 'zsmmd': 60}, seeds=(0,)))
    assert line(lines, 'Where a method has one seed, the noise over seeds is not known')
    assert 'better over images only at K=2' in line(lines, 'What self-training adds')
    assert line(lines, 'ZS-MMD') == (
        'ZS-MMD does not beat ZS3Net beyond noise at any K; noise is not known at K=2.')
    assert line(lines, 'Pairs that differ beyond noise: 0 of 3 (0 of 3 at K=2).')
    assert not [text for text in told(measured({'zs3': 40, 'zs5': 60})) if 'not known' in text]


def test_records_without_counts_of_images() -> None:
    lines = told([fake_record(name, score + seed, seed=seed) for name, score in (('zs3', 40), ('zs5', 60))
                  for seed in SEEDS])
    assert line(lines, 'The records hold no confusion matrices of single images')
    assert 'noise not known at K=2 (+20.0 ± 0.0)' in line(lines, 'What self-training adds')


def test_control_and_regression() -> None:
    records = [*measured({'zs3': 40, 'zsmmd': 41, 'ridge': 60}),
               *measured({'zsmmd': 30}, variant={'feedback.weight': 0.0})]
    lines = told(records)
    assert line(lines, 'What the term adds (zsmmd − zsmmd (weight=0.0)): better beyond noise at K=2 (+')
    assert line(lines, 'Generator against ridge (zs3 − ridge): worse beyond noise at K=2')
    assert line(lines, 'No inductive generator beats ridge beyond noise at any K.')
    assert not [text for text in lines if text.startswith('ridge − zs3')]
    better = told(measured({'zs3': 60, 'ridge': 40}))
    assert line(better, 'Generator against ridge (zs3 − ridge): better beyond noise at K=2')
    assert not [text for text in better if text.startswith('No ')]


def test_other_variants_are_told_only_where_they_differ() -> None:
    records = [*measured({'zs3': 40}), *measured({'zs5': 50}), *measured({'zs3': 20}, variant={'a.weight': 1}),
               *measured({'zs3': 40}, variant={'a.weight': 2})]
    start = 'Variants that differ from their method beyond noise, '
    assert line(told(records), f'{start}1 of 2: zs3 (weight=1): worse beyond noise at K=2 (')
    assert line(told(records[:6] + records[9:]), f'{start}0 of 1: none.')


def test_best_method_per_k_and_mean_over_k() -> None:
    records = [*measured({'zs3': 40, 'zs5': 50, 'devise': 10, 'oracle': 90}), *measured({'zs3': 40, 'zs5': 20}, (4,))]
    lines = told(records)
    found = line(lines, 'Highest mean hIoU of inductive methods: ')
    assert 'zs5 at K=2 (' in found and ', beats 2 of 2 beyond noise), zs3 at K=4 (' in found and 'oracle' not in found
    assert 'beats 1 of 1 beyond noise).' in found
    assert line(lines, 'Methods per K: 2 to 3; seeds per method and K: 3; validation images: 30; pairs per K: 1 to 3.')
    assert '; mean over K -' in line(lines, 'What self-training adds')
    assert 'mean over K' not in line(lines, 'devise − zs3')  # not at every K


def test_nothing_is_said_without_two_methods() -> None:
    assert told(measured({'zs3': 40, 'oracle': 90})) == []
    assert told([fake_record('zs5', status='failed'), fake_record('zs3')]) == []


def test_the_leak_is_the_only_comparison_across_cards(tmp_path: Path) -> None:
    clean = measured({'zs3': 40, 'zs3_gc': 42, 'zs5': 50}, (2, 4))
    official = measured({'zs3': 50, 'zs3_gc': 42}, (2, 4), protocol='zs3-official', label_access=fake_access('layout'))
    official += measured({'zs5': 90}, (2, 4), protocol='zs3-official')  # reads none
    text = page([*clean, *official], tmp_path)
    part = text[text.index('What the leak is worth'):text.index('# shapes: seen, unseen')]
    lines = [item for item in part.splitlines() if item.startswith('- ')]
    assert len(lines) == 2
    assert lines[0].startswith('- zs3, network tiny, zs3-official − zs3-clean: better beyond noise at K=2 (+')
    assert lines[1].startswith('- zs3_gc, network tiny, zs3-official − zs3-clean: no difference beyond noise at K=2 (')
    assert 'The cards differ' in part


@pytest.mark.parametrize('other', [{'model': 'r101'}, {'protocol': 'spnet'}, {'seeds': (7,)}])
def test_no_leak_across_networks_other_cards_or_seeds(other: dict, tmp_path: Path) -> None:
    text = page([*measured({'zs3': 40}), *measured({'zs3': 50}, **{'protocol': 'zs3-official', **other},
                                               label_access=fake_access('layout'))], tmp_path)
    assert 'What the leak is worth' not in text


def test_the_reading_defines_noise_once_and_its_best_lines_stand_on_the_front(tmp_path: Path) -> None:
    text = page(measured({'zs3': 40, 'zs5': 50}, (2, 4)), tmp_path)
    assert text.count('always means both') == 1
    front = (tmp_path / 'shapes.md').read_text(encoding='utf-8')
    said = [line for line in front[:front.index('### K=2')].splitlines() if line.startswith('- ')]
    assert 3 <= len(said) <= 10 and said[0].startswith('- Highest mean hIoU of inductive methods: zs5 at K=2')
    assert '- Inductive methods, mean over K: what self-training adds (zs5 − zs3) +' in front
    assert any(line.startswith('- Pairs that differ beyond noise: 2 of 2') for line in said)
    page([fake_record()], tmp_path / 'one')
    assert not (tmp_path / 'one' / 'shapes' / 'reading.md').exists()


def test_a_difference_smaller_than_its_interval_is_wide_carries_a_warning(tmp_path: Path) -> None:
    # Two seeds that differ by 4 points leave an interval of 25 points on either side.
    unsure = [fake_record('zs5', 50 + 4 * seed, seed=seed) for seed in (0, 1)]
    clear = [fake_record(name, score, k=k, seed=seed) for seed in (0, 1)
             for k, name, score in ((2, 'zs3', 40), (2, 'zsmmd', 60), (4, 'zs3', 40), (4, 'zs5', 50))]
    lines = told([*unsure, *clear])
    assert line(lines, 'Pairs too wide to size').endswith(': 2 of 4 (2 of 3 at K=2, 0 of 1 at K=4).')
    warning = line(lines, 'So it is in 2 of the 4 comparisons told below')
    assert warning.endswith(': zs5 − zs3 at K=2; zs5 − zsmmd at K=2.')
    assert line(told(clear), 'Pairs too wide to size').endswith(': 0 of 2 (0 of 1 at K=2, 0 of 1 at K=4).')
    assert not [text for text in told(clear) if text.startswith('So it is')]
    text = page([*unsure, *clear], tmp_path)
    part = text[text.index('### Pairs of methods'):text.index('# shapes: unseen classes')]
    marked = [row for row in part.splitlines() if row.startswith('|') and '(wide)' in row]
    assert len(marked) == 1 and '| zs5' in marked[0] and '12.0 ± 25.4 (wide)' in marked[0]


def of_plugin(name: str, score: float, variant: dict | None = None, ks: tuple[int, ...] = (2,), **facts: object
              ) -> list[Record]:
    """Records of a method that the report has never heard of."""
    records = measured({name: score}, ks, variant=variant)
    for record in records:
        record.method = record.method.model_copy(update=facts)
    return records


def test_a_method_of_a_plugin_is_told_of_like_any_other() -> None:
    mine = of_plugin('mine', 60, title='Mine', generates=True, continues='zs3', compared_with=['zs3', 'ridge'],
                     shows={'zs3': 'what mine adds'})
    lines = told([*measured({'zs3': 40, 'zsmmd': 41, 'ridge': 50}), *mine])
    assert line(lines, 'What mine adds (mine − zs3): better beyond noise at K=2 (+')
    assert line(lines, 'Mine beats ZS3Net beyond noise at every K.')
    assert line(lines, 'Generator against ridge (mine − ridge): better beyond noise at K=2 (+')
    assert not [text for text in lines if text.startswith('mine − zs3')]


def test_a_plugin_has_a_baseline_of_its_own() -> None:
    """Nothing built in takes part."""
    lines = told([*of_plugin('first', 40), *of_plugin('second', 60, compared_with=['first']), *of_plugin('third', 50)])
    assert line(lines, 'second − first: better beyond noise at K=2 (+')
    assert line(lines, 'third − first: better beyond noise at K=2 (+')


def test_a_page_says_which_method_is_the_baseline(tmp_path: Path) -> None:
    records = [*of_plugin('first', 40), *of_plugin('second', 60, compared_with=['first'])]
    text = page(records, tmp_path / 'some')
    assert 'dark grey first, light grey all others' in text and 'Method − first in points of hIoU' in text
    text = page(of_plugin('only', 40), tmp_path / 'none')
    assert 'a few variants, light grey all others' in text and 'points of hIoU: the difference with' not in text


UNLABELLED = {'setting': 'transductive', 'continues': 'net'}
ORACLE = {**UNLABELLED, 'reads_unseen_gt': 'image-oracle'}
NET = {'generates': True, 'compared_with': ['fit']}
#: Two that see unlabelled images, one of which is told which images hold an unseen class.
TEACHES, LOOPS = {'shows': {'net': 'what teaching adds'}}, {
    'generates': True, 'compared_with': ['net', 'teach', 'fit'], 'shows': {'teach': 'what the loop adds to teaching'}}


def of_both_settings() -> list[Record]:
    return [*of_plugin('fit', 50), *of_plugin('net', 40, **NET), *of_plugin('other', 30, compared_with=['net']),
            *of_plugin('teach', 70, **ORACLE, **TEACHES), *of_plugin('loop', 80, **UNLABELLED, **LOOPS)]


def test_methods_are_compared_with_those_of_their_setting() -> None:
    found = {part.heading.split(':')[0].split(',')[0]: part.lines for part in parts(of_both_settings())}
    inductive, transductive = found['Inductive methods'], found['Transductive methods']
    assert [text.split(': ')[0] for text in inductive] == [
        'other − net', 'Generator against fit (net − fit)', 'No inductive generator beats fit beyond noise at any K.']
    assert len(transductive) == 1
    assert transductive[0].startswith('What the loop adds to teaching, although access differs: image-filter against '
                                      'image-oracle (loop − teach): better beyond noise at K=2 (+')
    added = found['What unlabelled images add']
    assert [text.split(': ')[0] for text in added] == ['loop − net', 'What teaching adds (teach − net)']
    assert line(found[''], 'Highest mean hIoU of inductive methods: fit at K=2').endswith('beats 2 of 2 beyond noise).')
    assert line(found[''], 'Highest mean hIoU of transductive methods: loop at K=2').endswith(
        'beats 1 of 1 beyond noise).')
    alone = told([one for one in of_both_settings() if one.cell.method != 'teach'])
    assert line(alone, 'Highest mean hIoU of transductive methods: loop at K=2').endswith(', the only one).')


@pytest.mark.parametrize(('name', 'facts', 'access', 'what'), [
    ('loop', {**ORACLE, **LOOPS}, 'image-oracle', 'loop (images="chosen") − teach'),
    ('teach', {**UNLABELLED, **TEACHES}, 'image-filter', 'loop − teach (images="all")')])
def test_a_variant_with_the_access_of_the_other_stands_for_a_method(name: str, facts: dict, access: str, what: str,
                                                                   tmp_path: Path) -> None:
    images = 'chosen' if name == 'loop' else 'all'
    records = [*of_both_settings(), *of_plugin(name, 75, {'a.images': images}, **facts),
               *of_plugin(name, 60, {'a.images': images, 'a.rounds': 9}, **facts),
               *of_plugin('loop', 20, {'a.rounds': 2}, **UNLABELLED, **LOOPS)]
    (text,) = [text for text in told(records) if 'equal access' in text]
    assert text.startswith(f'What the loop adds to teaching, at equal access: {access} ({what}): better beyond noise')
    assert text.endswith('; seconds 5.5 against 5.5 at K=2.')  # the floor was not run: all but the seen-class training
    assert not [text for text in told(records) if 'although access differs' in text]
    text = page(records, tmp_path)
    part = topic(tmp_path, 'pairs').split('### Transductive methods')[1]
    first, second = what.split(' − ')
    assert f'{first} against {second}, access {access}:' in part
    (cells,) = lines_of(part, 'better')
    assert cells[0] == '2' and cells[3].split()[1] == '±' and cells[4:] == ['better', '5.5', '5.5']


def test_a_control_is_told_against_its_method_and_is_no_rival() -> None:
    control = of_plugin('still', 95, ks=(2, 4), controls='loop', **UNLABELLED)
    records = [*measured({'zs3': 40}, (2, 4)), *control,
               *of_plugin('loop', 80, ks=(2, 4), **UNLABELLED, compared_with=['still'],
                          shows={'still': 'what looping adds'})]
    lines = told(records)
    added = line(lines, 'What looping adds (loop − still): worse beyond noise at K=2 (-')
    assert '; mean over K -' in added
    assert line(lines, 'Highest mean hIoU of transductive methods: loop at K=2')
    assert line(lines, 'Methods per K: 2; ') and len([text for text in lines if 'still' in text]) == 1


def test_a_control_of_a_variant_is_told_against_that_variant() -> None:
    variants = [({'a.rounds': 1}, 60), ({'a.rounds': 1, 'a.weight': 0}, 30), ({'a.rounds': 2, 'a.weight': 0.0}, 45)]
    records = [*measured({'zs3': 40, 'zsmmd': 45}), *[
        record for variant, score in variants for record in measured({'zsmmd': score}, variant=variant)]]
    lines = told(records)
    assert line(lines, 'What the term adds (zsmmd (rounds=1) − zsmmd (rounds=1, weight=0)): better beyond noise at K=2')
    # Without a row of two rounds and another weight, it is a variant like any other.
    assert line(lines, 'Variants that differ from their method beyond noise, ').startswith(
        'Variants that differ from their method beyond noise, 1 of 2: zsmmd (rounds=1): better beyond noise')
