"""``python -m benchmark compare``: what differs between two records, and whether it is more than noise."""

from __future__ import annotations

import re

import pytest
from fakes import fake_record, scored_record

from benchmark.commands import compare
from benchmark.records.differences import differences, first_stage
from benchmark.records.files import save_record


@pytest.fixture
def compared(tmp_path, capsys):
    """Saves records by name and compares those called a_seed0 and b_seed0; returns text and exit code."""
    def run(records, first='a_seed0', second='b_seed0'):
        for name, record in records.items():
            save_record(record, tmp_path / 'records' / f'{name}.json')
        code = compare.main([first, second, '--reports', str(tmp_path)])
        captured = capsys.readouterr()
        assert captured.err == ''
        return ' '.join(captured.out.split()), code
    return run


def seeds(name, quality, count=3, step=0.5, **more):
    """A method's records of some seeds; their quality differs by `step`."""
    return {f'{name}_seed{seed}': scored_record(name, quality + step * seed, seed=seed, noise=seed, settings=name,
                                                **more) for seed in range(count)}


def test_identical_records_are_said_to_be_identical(compared):
    text, code = compared({'a_seed0': scored_record(), 'b_seed0': scored_record()})
    assert code == 0
    assert 'nothing that can matter for a number differs' in text
    assert 'stages: the keys of all 2 are the same' in text
    assert text.endswith('verdict: identical confusion matrices, image by image')


def test_a_clear_difference_is_beyond_noise_over_images_and_seeds(compared):
    text, code = compared({**seeds('a', 80), **seeds('b', 40)})
    assert code == 0
    assert 'over images: hIoU A - B = +' in text and 'of 2000 paired resamples of 30 images' in text
    assert 'n = 3), seeds 0, 1, 2: better' in text
    assert text.endswith('verdict: A is better than B beyond noise, over images and over seeds')
    difference, low, high = map(float, re.search(r'A - B = (\S+), .* from (\S+) to (\S+), p', text).groups())
    assert 0 < low < difference < high
    text, _ = compared({}, 'b_seed0', 'a_seed0')
    assert text.endswith('verdict: A is worse than B beyond noise, over images and over seeds')


def test_two_draws_of_the_same_quality_do_not_differ(compared):
    first, second = (scored_record(name, 60, noise=noise, settings=name) for noise, name in enumerate('ab'))
    text, code = compared({'a_seed0': first, 'b_seed0': second})
    assert code == 0
    assert 'over seeds: not known; finished records of both settings have 1 seeds in common' in text
    assert text.endswith('verdict: no difference beyond noise')


def test_with_one_seed_the_noise_of_seeds_is_not_known(compared):
    text, _ = compared({**seeds('a', 80, 1), **seeds('b', 40, 1)})
    assert text.endswith('verdict: A is better than B over images; the noise of seeds is not known')


def test_a_difference_within_the_noise_of_seeds_is_said_to_be_that(compared):
    unstable = {f'b_seed{seed}': scored_record('b', quality, seed=seed, settings='b')
                for seed, quality in enumerate((40, 90, 60))}
    text, _ = compared({**seeds('a', 70), **unstable})
    assert 'no difference beyond noise; the interval is wider than the difference' in text
    assert text.endswith('verdict: A is better than B over images, but within the noise of seeds')


def test_two_seeds_of_one_setting_show_the_noise_of_seeds(compared):
    text, _ = compared(seeds('a', 60, 3, 10), 'a_seed0', 'a_seed2')
    assert 'over seeds: mean hIoU ' in text and 'n = 3), seeds 0, 1, 2 verdict: two seeds of the same settings' in text


def test_only_finished_records_of_the_same_settings_count_as_seeds(compared):
    others = {'a_seed3': scored_record('a', 10, seed=3, settings='other'),
              'a_seed4': fake_record('a', seed=4, settings='a', status='failed'),
              'ab_seed5': scored_record('a', 10, seed=5, settings='a')}
    text, _ = compared({**seeds('a', 60, 3, 10), **others}, 'a_seed0', 'a_seed2')
    assert 'seeds 0, 1, 2 verdict' in text


def test_a_repetition_with_other_numbers_is_told(compared):
    same = {'settings': 'a', 'seed': 0}
    text, _ = compared({'a_seed0': scored_record('zs3', 80, **same), 'b_seed0': scored_record('zs3', 40, **same)})
    assert text.endswith('verdict: the same settings and seed gave other numbers, which makes neither better; '
                         'nothing that records tell of differs')
    other = scored_record('zs3', 40, provenance={'hardware': {'cpu': 'another'}}, **same)
    text, _ = compared({'a_seed0': scored_record('zs3', 80, **same), 'b_seed0': other})
    assert 'hardware.cpu' in text.split('what differs is')[1] and 'higher' in text and ': better' not in text


@pytest.mark.parametrize(('change', 'reason'), [
    ({'status': 'failed', 'reason': 'boom'}, 'B is failed (boom)'),
    ({'dataset': 'voc'}, 'their data sets differ: shapes and voc'),
    ({'data': 'shapes-v2'}, 'their data differ: shapes-v1 and shapes-v2'),
    ({'data': ''}, 'their data differ: shapes-v1 and none'),
    ({'unseen': (1, 3)}, 'their unseen classes differ: dotted blue, striped red and checked green, striped red'),
    ({'images': 20}, 'their numbers of images differ: 30 and 20'),
    ({'provenance': {'data': {'sha256': 'beef'}}}, 'their fingerprints of the data differ: none and beef')])
def test_what_cannot_be_compared_says_why(compared, change, reason):
    make = fake_record if 'status' in change else scored_record
    text, code = compared({'a_seed0': scored_record(), 'b_seed0': make(**change)})
    assert code == 1
    assert text.endswith(f'the numbers cannot be compared: {reason}')


def test_without_counts_of_images_their_noise_is_not_known(compared):
    text, code = compared({'a_seed0': scored_record('a', 80, settings='a', confusion_per_image=''),
                           'b_seed0': scored_record('b', 40, settings='b')})
    assert code == 0
    assert 'over images: not known' in text and text.endswith('verdict: not known')


def test_differences_are_told_area_by_area():
    first, second = scored_record(), scored_record('zsmmd')
    for record, rate in ((first, 0.1), (second, 0.2)):
        record.stages[0].config = {'type': 'Train', 'optimizer': {'lr': rate, 'steps': [1, 2]}, 'same': 1}
        record.stages[0].seeds = {'order': int(rate * 10), 'noise': 5}
    second.stages.append(second.stages[1].model_copy(update={'name': 'extra', 'seeds': {'more': 1}}))
    second.provenance = {**second.provenance, 'packages': {'torch': '2.10.0', 'numpy': '2.0'}}
    second.provenance['git'] = {'sha': 'c0ffee', 'dirty': True, 'diff': 'd1ff'}
    found = {(area, what): values for area, what, *values in differences(first, second)}
    assert found == {
        ('cell', 'method'): ['zs3', 'zsmmd'], ('settings', 'seen.optimizer.lr'): ['0.1', '0.2'],
        ('settings', 'extra'): ['-', 'Some, 0 settings'], ('seeds', 'seen.order'): ['1', '2'],
        ('code', 'changed'): ['false', 'true'], ('code', 'changes'): ['-', 'd1ff'],
        ('versions', 'packages.torch'): ['2.9.0', '2.10.0'], ('versions', 'packages.numpy'): ['-', '2.0']}


def test_differences_besides_the_method_are_pointed_out(compared):
    other = scored_record('b', 40, settings='b', provenance={'python': '3.12.1'})
    text, _ = compared({'a_seed0': scored_record('a', 80, settings='a'), 'b_seed0': other})
    assert 'code, versions, hardware differ too: a difference in numbers may be theirs' in text
    text, _ = compared({**seeds('a', 80), **seeds('b', 40)})
    assert 'differ too' not in text


def test_the_first_stage_that_differs_is_named():
    first, second = fake_record('zs3'), fake_record('zsmmd')
    assert first_stage(first, second) == (
        f'stages: 1 shared, then classifier ({first.stages[1].key} and {second.stages[1].key}), '
        'with the same settings: the protocol card, a plugin or the version of the stage differ')
    second.stages[1].config = {'type': 'Other'}
    assert first_stage(first, second).endswith('its settings differ')
    second.stages[1].name = 'calibrate'
    assert first_stage(first, second) == 'stages: 1 shared, then classifier in A and calibrate in B'
    second.stages.pop()
    assert first_stage(first, second) == 'stages: the first 1 have the same keys, then A has more'
    assert first_stage(first, first) == 'stages: the keys of all 2 are the same'
    assert first_stage(first, fake_record(status='skipped', stages=[])) == 'stages: not recorded in both'


@pytest.mark.parametrize(('words', 'says'), [
    (['good'], 'the reference has no other record of this cell; name a second one'),
    (['good', 'gone'], "is called 'gone'"), (['good', 'odd'], 'odd.json: damaged')])
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, words, says):
    save_record(fake_record(), tmp_path / 'records' / 'good.json')
    (tmp_path / 'records' / 'odd.json').write_text('odd')
    assert compare.main([*words, '--reports', str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count('\n') == 1 and captured.err.startswith('compare: ') and says in captured.err


def test_what_has_no_hiou_is_shown_and_not_compared(compared):
    records = {f'{name}_seed0': scored_record(name, quality, settings=name, absent=(1, 2))
               for name, quality in (('a', 80), ('b', 40))}
    text, code = compared(records)
    assert code == 1 and 'unseen │ — │ — │ —' in text and 'hIoU │ — │ — │ —' in text
    seen = [record.metrics.seen.miou for record in records.values()]
    assert f'seen │ {seen[0]:.2f} │ {seen[1]:.2f} │ +{seen[0] - seen[1]:.2f}' in text
    assert text.endswith('the numbers cannot be compared: no hIoU of A and B, for want of ground truth of an unseen '
                         'class, or of a seen one')


def test_identical_counts_are_identical_without_an_hiou(compared):
    text, code = compared({f'{name}_seed0': scored_record(absent=(1, 2)) for name in 'ab'})
    assert code == 0 and text.endswith('verdict: identical confusion matrices, image by image')


def test_seeds_without_an_hiou_do_not_count(compared):
    other = scored_record('a', seed=3, settings='a', absent=(1, 2))
    text, _ = compared({**seeds('a', 60, 3, 10), 'a_seed3': other}, 'a_seed0', 'a_seed2')
    assert 'seeds 0, 1, 2 verdict' in text
