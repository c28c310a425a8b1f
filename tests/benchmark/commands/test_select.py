"""Choosing settings on held-out seen classes: the rule, the plan, and the command."""

from __future__ import annotations

import json
import signal
from collections import Counter
from dataclasses import replace

import pytest
from fakes import fake_record, fake_selection

from benchmark.commands import select
from benchmark.commands.requests import request_of, run_options_of
from benchmark.planning.cells import plan_cells
from benchmark.planning.selection_plan import draw_folds, plan, product
from benchmark.records.files import save_record
from benchmark.records.selections import load_selections
from zs_methods.datasets.spec import load_spec

PLUGIN = '''
"""Methods whose score grows with ``classifier.unseen_weight`` up to 30 and then falls."""
import numpy as np
from zs_methods.evaluation import EvaluationResult
from zs_methods.evaluation.scores import pack_sparse, sparse
from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage

CALLS = []

@STAGES.register_module()
class GradedEvaluate(Stage):
    def __init__(self, weight, flaw=''):
        self.weight, self.flaw = weight, flaw

    def run(self, ctx):
        CALLS.append((ctx.task.unseen, self.weight))
        if self.weight == 100 and self.flaw == 'fails':
            raise ValueError('boom')
        if self.weight == 100 and self.flaw == 'killed':
            raise KeyboardInterrupt
        confusion = np.full((21, 21), 2 + abs(self.weight - 30) + ctx.task.unseen[0])
        confusion += np.diag([900] * 21)
        if self.flaw == 'blank' or self.flaw == 'partly' and ctx.task.unseen == (8, 9):
            confusion[list(ctx.task.unseen)] = 0  # no ground truth
        if self.flaw == 'thin':
            confusion[ctx.task.unseen[-1]] = 0
        EvaluationResult(images=3, confusion=confusion.tolist(),
                         confusion_per_image=pack_sparse([sparse(confusion)])).write(ctx.out)
        return {}

class Graded(Method):
    summary, flaw = 'graded', ''
    def stages(self):
        return [self.stage('evaluate', 'GradedEvaluate', weight=self.cfg.classifier.unseen_weight, flaw=self.flaw)]

METHODS.register_module(name='graded')(Graded)

@METHODS.register_module(name='fails')
class Fails(Graded):
    flaw = 'fails'

@METHODS.register_module(name='blank')
class Blank(Graded):
    flaw = 'blank'

@METHODS.register_module(name='partly')
class Partly(Graded):
    flaw = 'partly'

@METHODS.register_module(name='thin')
class Thin(Graded):
    flaw = 'thin'

@METHODS.register_module(name='killed')
class Killed(Graded):
    flaw = 'killed'

@METHODS.register_module(name='unwilling')
class Unwilling(Graded):
    def skip(self):
        return 'not for this card'
'''
GRID = ('--grid', 'classifier.unseen_weight=1,30,100')


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / 'graded_plugin.py'
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def select_py(argv, plugin, monkeypatch):
    """Calls select.py in this process without a data set."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr('benchmark.planning.data.prepare_data', lambda *_: {'argv': ['select.py']})
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    yield lambda *words: select.main(argv('--plugin', plugin, '--device', 'cpu', '--launcher', 'inline', *words))
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def chosen(untouched):
    """The selection that a call left."""
    def load():
        (selection,) = load_selections(untouched['--reports'] / 'selection')
        return selection
    return load


def test_folds_are_distinct_sorted_and_the_first_stay_when_more_are_asked_for():
    folds = draw_folds(range(1, 11), 3, 6)
    assert len(set(folds)) == 6
    assert all(list(fold) == sorted(set(fold)) and len(fold) == 3 for fold in folds)
    assert draw_folds(range(1, 11), 3, 2) == folds[:2]
    for size in (2, 3, 4):  # each class is held out about equally often
        times = Counter(c for fold in draw_folds(range(1, 11), size, 5) for c in fold)
        assert len(times) == 10 and max(times.values()) - min(times.values()) <= 1
    assert sorted(draw_folds([1, 2, 3], 2, 3)) == [(1, 2), (1, 3), (2, 3)]
    with pytest.raises(ValueError, match='3 classes have fewer than 4 groups of 2'):
        draw_folds([1, 2, 3], 2, 4)


def test_product_runs_through_the_last_setting_first():
    assert product({'a': [1, 2], 'b': ['x', 'y']}) == [
        {'a': 1, 'b': 'x'}, {'a': 1, 'b': 'y'}, {'a': 2, 'b': 'x'}, {'a': 2, 'b': 'y'}]
    assert product({}) == [{}]


def plan_of(argv, *words):
    args = select.COMMAND.parse(argv(*words, '--device', 'cpu'))
    return plan(select.asked_for(args), run_options_of(args))


def test_the_largest_k_is_the_default_and_only_its_seen_classes_are_held_out(argv):
    spec = load_spec('shapes')
    task, plans = plan_of(argv, '--methods', 'zs3', '--held-out', '2,3', '--folds', 6, '--seeds', '0,1')
    (cells,) = plans['zs3']
    assert (task.split, len(cells)) == ('k10', 24)
    assert [len(cell.task.unseen) for cell in cells] == [2] * 12 + [3] * 12
    for cell in cells:
        held_out = cell.task
        assert held_out.withheld == spec.unseen(10) and set(held_out.ignored) == set(spec.unseen(10))
        assert 0 not in held_out.unseen and held_out.scored_share == 0.25
        assert not set(held_out.unseen) & {c for k in spec.ks for c in spec.unseen(k)}
    assert len({cell.file_name for cell in cells}) == 24


def test_settings_of_the_grid_reach_the_recipe_and_share_what_comes_before(argv):
    _, plans = plan_of(argv, '--methods', 'zs3,zsmmd', '--grid', 'classifier.unseen_weight=1,30',
                       'generator.iterations=4,8', '--cfg-options', 'generator.samples=4')
    assert {name: len(groups) for name, groups in plans.items()} == {'zs3': 4, 'zsmmd': 4}
    nodes = [{node.name: node for node in cells[0].nodes} for cells in plans['zs3']]
    assert [(node['generator'].config['iterations'], node['classifier'].config['unseen_weight'])
            for node in nodes] == [(4, 1), (8, 1), (4, 30), (8, 30)]
    assert all(node['generator'].config['samples'] == 4 for node in nodes)
    assert len({node['seen'].key for node in nodes}) == 1
    assert nodes[0]['generator'].key == nodes[2]['generator'].key != nodes[1]['generator'].key


def test_the_choice_is_printed_and_written(select_py, chosen, capsys, untouched):
    assert select_py('--methods', 'graded', *GRID) == 0
    made = chosen()
    assert made.candidates[made.chosen].settings == {'classifier.unseen_weight': 30}
    assert [len(candidate.scores) for candidate in made.candidates] == [8, 8, 8]
    assert all(score.images == 3 and score.hiou > 0 for candidate in made.candidates for score in candidate.scores)
    assert [fold.classes for fold in made.folds] == [
        [load_spec('shapes').classes[c] for c in fold.ids] for fold in made.folds]
    assert (made.dataset, made.split, made.method, made.grid) == (
        'shapes', 'k10', 'graded', {'classifier.unseen_weight': [1, 30, 100]})
    assert (made.held_out, made.share, [len(fold.ids) for fold in made.folds]) == ([2, 4], 0.25, [2] * 4 + [4] * 4)
    assert made.argv == ['select.py'] and 'git' in made.provenance
    out = capsys.readouterr().out
    assert 'chosen: classifier.unseen_weight=30' in out and 'best chosen' in out
    assert 'held out: ' + ', '.join(made.folds[0].classes) in out
    assert not (untouched['--reports'] / 'records').exists()


def test_a_second_run_trains_nothing_and_writes_the_same(select_py, untouched):
    import sys
    select_py('--methods', 'graded', *GRID)
    (path,) = (untouched['--reports'] / 'selection').iterdir()
    content = path.read_bytes()
    calls = next(module for name, module in sys.modules.items() if name.startswith('zs_plugin_graded')).CALLS
    assert len(calls) == 24
    assert select_py('--methods', 'graded', *GRID) == 0
    assert len(calls) == 24 and path.read_bytes() == content
    assert select_py('--methods', 'graded', '--grid', 'classifier.unseen_weight=1,30') == 0
    assert len(calls) == 24 and len(list(path.parent.iterdir())) == 2


def test_a_setting_that_fails_is_named_and_not_chosen(select_py, chosen, capsys):
    assert select_py('--methods', 'fails', *GRID) == 1
    made = chosen()
    assert made.candidates[2].scores[0].reason == 'ValueError: boom'
    assert made.candidates[made.chosen].settings == {'classifier.unseen_weight': 30}
    assert 'ValueError' in capsys.readouterr().out


def test_a_fold_without_ground_truth_is_told_and_left_out(select_py, chosen, capsys):
    assert select_py('--methods', 'partly', *GRID) == 0
    made = chosen()
    assert made.unscored == [3] and made.candidates[made.chosen].settings == {'classifier.unseen_weight': 30}
    score = made.candidates[0].scores[3]
    assert (score.hiou, score.held_out, score.reason) == (None, None, '') and score.seen > 0 and score.images == 3
    out = capsys.readouterr().out
    assert f'held out: {", ".join(made.folds[3].classes)} (no hIoU: takes no part in the choice)' in out
    assert out.count('takes no part') == 1 and 'hIoU —' in out


def test_a_held_out_class_without_a_pixel_in_the_scored_images_is_told(select_py, chosen, capsys):
    assert select_py('--methods', 'thin', *GRID) == 0
    made = chosen()
    assert [fold.absent for fold in made.folds] == [fold.classes[-1:] for fold in made.folds] and not made.unscored
    assert f'(no pixel of {made.folds[0].classes[-1]} in the images scored)' in capsys.readouterr().out


def test_check_sets_the_signs_of_a_selection_beside_those_of_real_splits(select_py, argv, plugin, untouched, capsys):
    words = ('--methods', 'graded', *GRID, '--seeds', '3')
    assert select_py(*words) == 0
    assert select_py(*words, '--check') == 1
    assert 'no two of the settings have records of real splits' in capsys.readouterr().err
    args = select.COMMAND.parse(argv('--plugin', plugin, '--device', 'cpu', '--methods', 'graded'))
    hious = {1: (20.0, 22.0), 30: (25.0, 26.0)}  # of seeds that the selection did not have
    for weight, values in hious.items():
        request = replace(request_of(args), ks=(2,), options={'classifier.unseen_weight': weight})
        (cell,) = [one for one in plan_cells(request, run_options_of(args)) if one.id.method == 'graded']
        for seed, value in enumerate(values):
            save_record(fake_record('graded', value, seed=seed, settings=cell.settings),
                        untouched['--reports'] / 'records' / f'{weight}-{seed}.json')
    capsys.readouterr()
    assert select_py(*words, '--check') == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if 'unseen_weight=1' in line]
    assert 'unseen_weight=30' in line and '(n=8)' in line and '-4.5 ± 6.4 (n=2)' in line
    assert 'same, within noise' in line and 'the same sign: 1 of 1 pairs' in out


@pytest.mark.parametrize(('method', 'why', 'code'), [
    ('blank', 'no fold has an hIoU, for want of ground truth of a held-out class, or of a seen one', 1),
    ('fails', 'no setting has all its numbers (ValueError: boom)', 1)])
def test_no_choice_is_one_clear_line(select_py, chosen, capsys, method, why, code):
    assert select_py('--methods', method, '--grid', 'classifier.unseen_weight=100') == code
    assert capsys.readouterr().err == f'select: {method}: nothing chosen: {why}\n'
    assert chosen().chosen is None


def test_selections_of_other_data_have_other_names(tmp_path):
    one = fake_selection()
    for data in ('toy-1', 'toy-2'):
        select.save(tmp_path, one.model_copy(update={'data': data}))
    assert sorted(made.data for made in load_selections(tmp_path)) == ['toy-1', 'toy-2']


def test_an_interrupt_is_one_line_and_leaves_no_choice(select_py, capsys, untouched):
    assert select_py('--methods', 'killed', *GRID) == 130
    assert capsys.readouterr().err == 'select: interrupted; the same command continues where it was\n'
    assert not (untouched['--reports'] / 'selection').exists()
    assert len(list((untouched['--work-dir'] / 'artifacts').glob('evaluate-*'))) == 16


def test_dry_run_trains_nothing(select_py, capsys, untouched):
    assert select_py('--methods', 'graded', *GRID, '--dry-run') == 0
    assert capsys.readouterr().out == '24 cells, 24 distinct stages: 0 reused, 24 to run\n'
    assert not untouched['--work-dir'].exists()


@pytest.mark.parametrize(('words', 'line'), [
    (('--methods', 'zs9'), "unknown method 'zs9'"),
    (('--methods', 'zs3_released'), "unknown method 'zs3_released'"),
    (('--methods', ''), '--methods is empty'),
    (('--methods', 'unwilling'), "method 'unwilling': not for this card"),
    (('--methods', 'graded', '--ks', '2,4'), 'settings are chosen on one split, not on k2, k4'),
    (('--methods', 'graded', '--ks', '3'), '--ks'),
    (('--methods', 'graded', '--dataset', 'nothing'), "unknown dataset 'nothing'"),
    (('--methods', 'graded', '--folds', '0'), '--folds and --held-out take numbers from 1'),
    (('--methods', 'graded', '--folds', 'x'), 'argument --folds: invalid int value'),
    (('--methods', 'graded', '--held-out', '2,10'), '--held-out 10: of the 10 seen classes'),
    (('--methods', 'graded', '--held-out', 'two'), '--held-out takes whole numbers separated by commas'),
    (('--methods', 'graded', '--share', '1'), '--share takes a number between 0 and 1, got 1.0'),
    (('--methods', 'graded', '--check'), '--check: no selection at '),
    (('--methods', 'graded', '--held-out', '9', '--folds', '11'), '--folds 11: 10 classes have fewer than 11 groups'),
    (('--methods', 'graded', '--grid', 'classifier.unseen_weight'), '--grid takes KEY=VALUE'),
    (('--methods', 'graded', '--grid', 'classifier.unseen_weigth=1,2'), "'classifier.unseen_weigth'"),
    (('--methods', 'graded', '--grid', 'classifier.unseen_weight=much,more'), 'a number is expected there'),
    (('--methods', 'graded', '--grid', 'classifier.unseen_weight=1,1'), 'every value once'),
    (('--methods', 'graded', '--grid', 'classifier.unseen_weight=1,2', '--cfg-options', 'classifier.unseen_weight=1'),
     '--cfg-options sets it too'),
    (('--methods', 'graded', '--list'), '--list'),
    (('--methods', 'graded', '--oddity', '1'), 'unrecognized arguments: --oddity'),
])
def test_a_wrong_call_is_one_line(select_py, capsys, untouched, words, line):
    assert select_py(*words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith('select: ') and captured.err.count('\n') == 1 and line in captured.err
    assert captured.out == '' and not untouched['--work-dir'].parent.exists()


@pytest.mark.slow
def test_a_real_method_is_scored_on_training_images_only(micro_root, argv, tmp_path, micro_options, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    before = signal.getsignal(signal.SIGTERM)
    try:
        code = select.main(argv('--methods', 'zs3', '--ks', 2, '--folds', 1, '--held-out', 4, '--data-root', micro_root,
                                '--device', 'cpu', '--grid', 'classifier.unseen_weight=1,10',
                                '--cfg-options', *micro_options('generator')))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert code == 0
    record = json.loads(next((tmp_path / 'new' / 'work-dir' / 'selection').glob('*.json')).read_text())
    assert record['images'] > 0
    assert set(record['label_access']['stages']['evaluate']) == {'train'}  # no validation image was read
