"""What a sweep runs, reuses and writes down."""

from __future__ import annotations

import json
import shutil

import pytest

from benchmark.records.files import SCHEMA_VERSION, Record, Status, load_record
from benchmark.running.cell import headline
from zs_methods.evaluation import EvaluationResult
from zs_methods.evaluation.scores import scores


@pytest.fixture
def records(tmp_path):
    return tmp_path / 'records'


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def statuses(results):
    return {record.cell.method: record.status.value for record in results}


def heads(results):
    """What a record's head has of them; a finished cell's whole record is not read again."""
    return [(record.key, record.status, record.reason, record.metrics) for record in results]


def fails(*_):
    raise KeyboardInterrupt


def test_every_outcome_has_its_record_and_no_cell_takes_another_down(toy, cell, sweep, records):
    cells = [cell(name) for name in ('toy_fail', 'toy_skip', 'toy_ok')]
    results = sweep().run(cells)
    assert statuses(results) == {'toy_fail': 'failed', 'toy_skip': 'skipped', 'toy_ok': 'done'}
    assert sorted(contents(records)) == sorted(each.file_name for each in cells)
    assert [load_record(records / each.file_name) for each in cells] == results
    failed, skipped, done = results
    assert failed.reason == 'ValueError: boom' and "raise ValueError('boom')" in failed.traceback
    assert [stage.name for stage in failed.stages] == ['seen']
    assert skipped.reason == 'not for toys' and skipped.stages == []
    assert not done.reason and not done.traceback
    assert failed.metrics is skipped.metrics is None
    assert toy.CALLS == ['ToySeen', 'ToyFail', 'ToyEvaluate']


def test_a_record_holds_the_names_that_others_rely_on(cell, sweep, records, task):
    sweep().run([cell('toy_ok', seed=3)])
    content = json.loads(next(records.glob('shapes_k2_zs3-clean_tiny_toy_ok_seed3_*.json')).read_text())
    assert content['schema_version'] == SCHEMA_VERSION and content['status'] == 'done'
    assert content['cell'] == {
        'dataset': 'shapes', 'data': 'shapes-v1', 'split': 'k2', 'k': 2, 'protocol': 'zs3-clean', 'model': 'tiny',
        'method': 'toy_ok', 'seed': 3, 'variant': {}}
    assert content['network'] == {'backbone': 'toy', 'config': '', 'changes': {}, 'weights': 'none', 'sha256': '',
                                  'pretraining': 'none'}
    assert content['secondary'] is None
    for group in ('seen', 'unseen', 'overall'):
        assert content['metrics'][group].keys() == {'pa', 'ma', 'miou'}
    assert content['metrics'] == scores(content['confusion'], task.unseen)
    assert 0 < content['metrics']['hiou'] < 100
    assert len(content['confusion']) == len(content['per_class_iou']) == len(content['classes']) == 21
    assert content['unseen'] == list(task.unseen) and content['images'] == 3 and content['absent_classes'] == []
    assert content['label_access']['level'] == 'none' and content['label_access']['stages'].keys() == {
        'seen', 'evaluate'}
    for stage in content['stages']:
        assert stage.keys() == {
            'name', 'key', 'reused', 'seconds', 'peak_rss_mib', 'peak_gpu_mib', 'energy_j', 'code', 'git_sha',
            'git_diff', 'device', 'threads', 'seeds', 'resumed_from', 'config', 'label_access', 'summary'}
        assert stage['reused'] is False and stage['peak_rss_mib'] > 0 and stage['seconds'] >= 0
    assert content['stages'][0]['summary'] == {'size': 8}
    assert content['stages'][0]['seeds'].keys() == {'global/seen', 'toy'}
    assert content['stages'][-1]['key'] == content['key']
    assert {'git', 'packages', 'hardware', 'argv'} <= content['provenance'].keys()
    del content['checksum']  # the file's, not the record's
    assert Record.model_validate(content).status is Status.DONE


def test_label_access_is_what_training_read_and_not_what_scoring_read(cell, sweep, task):
    peek, ok = sweep().run([cell('toy_peek'), cell('toy_ok')])
    first = task.spec.classes[task.unseen[0]]
    assert peek.label_access['level'] == 'pixels'
    assert peek.label_access['stages']['peek']['train']['unseen_pixels'] == {first: 6}
    assert ok.label_access['level'] == 'none'
    assert ok.label_access['stages']['evaluate']['val']['unseen_pixels'][first] == 1


def test_reading_more_than_the_card_allows_fails_the_cell_and_says_where(cell, sweep, task, toy):
    peek, *_ = sweep().run([cell('toy_peek'), cell('toy_ok')])
    first = task.spec.classes[task.unseen[0]]
    assert peek.status is Status.FAILED and peek.metrics is None
    assert peek.reason == (f"LabelAccessError: stage 'peek' read 'pixels' of unseen classes in 1 images ({first}); "
                           "zs3-clean allows a method that is inductive at most 'image-filter'")
    assert [stage.name for stage in peek.stages] == ['seen', 'peek']
    again, = sweep().run([cell('toy_peek')])  # its artifact is reused, its verdict is not forgotten
    assert again.status is Status.FAILED and again.reason == peek.reason


def test_the_ceiling_may_read_what_it_wants(cell, sweep, toy, monkeypatch):
    monkeypatch.setattr(toy.ToyPeeks, 'role', 'ceiling')
    record, = sweep().run([cell('toy_peek')])
    assert record.status is Status.DONE and record.label_access['level'] == 'pixels'


def test_a_class_without_ground_truth_is_listed(toy, cell, sweep, monkeypatch):
    def run(self, ctx):
        confusion = [[int(row == column and row != 5) for column in range(21)] for row in range(21)]
        EvaluationResult(images=1, confusion=confusion).write(ctx.out)
    monkeypatch.setattr(toy.ToyEvaluate, 'run', run)
    [record] = sweep().run([cell('toy_ok')])
    assert record.absent_classes == [record.classes[5]] and record.per_class_iou[5] is None
    assert record.metrics.overall.miou == 100


def test_a_group_of_classes_without_ground_truth_has_no_score(toy, cell, sweep, task, monkeypatch, tmp_path):
    def run(self, ctx):
        confusion = [[int(row == column and row not in task.unseen) for column in range(21)] for row in range(21)]
        EvaluationResult(images=1, confusion=confusion, secondary_confusion=confusion).write(ctx.out)
    monkeypatch.setattr(toy.ToyEvaluate, 'run', run)
    [record] = sweep().run([cell('toy_ok')])
    assert headline(record) == 'seen 100.0  unseen —  hIoU —'
    content = json.loads((tmp_path / 'records' / cell('toy_ok').file_name).read_text())
    for metrics in (content['metrics'], content['secondary']['metrics']):
        assert metrics['unseen'] == {'pa': None, 'ma': None, 'miou': None} and metrics['hiou'] is None
        assert metrics['seen'] == metrics['overall'] == {'pa': 100, 'ma': 100, 'miou': 100}
    assert content['absent_classes'] == [task.spec.classes[c] for c in task.unseen]
    [again] = sweep().run([cell('toy_ok')])
    assert again.metrics == record.metrics


def test_the_same_seed_gives_the_same_confusion_and_another_one_another(cell, sweep):
    first, = sweep().run([cell('toy_ok')])
    again, = sweep(force=True).run([cell('toy_ok')])
    other, = sweep().run([cell('toy_ok', seed=1)])
    assert again.confusion == first.confusion and again.metrics == first.metrics
    assert other.confusion != first.confusion


def test_cells_share_stages(toy, cell, sweep):
    ok, more = sweep().run([cell('toy_ok'), cell('toy_more')])
    assert toy.CALLS == ['ToySeen', 'ToyEvaluate', 'ToyMore', 'ToyEvaluate']
    assert [stage.reused for stage in more.stages] == [True, False, False]
    assert more.stages[0].model_copy(update={'reused': False}) == ok.stages[0]


def test_a_second_run_runs_nothing_and_changes_no_byte(toy, cell, sweep, records):
    cells = [cell(name) for name in ('toy_ok', 'toy_more', 'toy_skip')]
    first = sweep().run(cells)
    before = contents(records)
    toy.CALLS.clear()
    assert heads(sweep().run(cells)) == heads(first)
    assert toy.CALLS == [] and contents(records) == before


def test_force_runs_every_distinct_stage_once_more(toy, cell, sweep, records):
    cells = [cell('toy_ok'), cell('toy_more')]
    sweep().run(cells)
    toy.CALLS.clear()
    results = sweep(force=True).run(cells)
    assert toy.CALLS == ['ToySeen', 'ToyEvaluate', 'ToyMore', 'ToyEvaluate']
    assert statuses(results) == {'toy_ok': 'done', 'toy_more': 'done'}


def test_a_deleted_record_is_rebuilt_without_running(toy, cell, sweep, records):
    [first] = sweep().run([cell('toy_ok')])
    (records / cell('toy_ok').file_name).unlink()
    toy.CALLS.clear()
    [again] = sweep().run([cell('toy_ok')])
    assert toy.CALLS == [] and all(stage.reused for stage in again.stages)
    for stage in again.stages:
        stage.reused = False
    assert again == first == load_record(records / cell('toy_ok').file_name).model_copy(update={'stages': again.stages})


@pytest.mark.parametrize('content', ['{"status": "do', '{}'])
def test_a_damaged_record_is_written_anew_without_running(toy, cell, sweep, records, content):
    [first] = sweep().run([cell('toy_ok')])
    (records / cell('toy_ok').file_name).write_text(content)
    toy.CALLS.clear()
    [again] = sweep().run([cell('toy_ok')])
    assert toy.CALLS == [] and again.confusion == first.confusion
    assert load_record(records / cell('toy_ok').file_name) == again


def test_a_record_of_other_settings_is_not_taken_for_this_cell(toy, cell, sweep, monkeypatch):
    sweep().run([cell('toy_ok')])
    toy.CALLS.clear()
    monkeypatch.setattr(toy.ToySeen, 'version', 2)
    assert cell('toy_ok').file_name.startswith('shapes_k2_zs3-clean_tiny_toy_ok_seed0_')
    [again] = sweep().run([cell('toy_ok')])
    assert toy.CALLS == ['ToySeen', 'ToyEvaluate'] and again.key == cell('toy_ok').key

    monkeypatch.setattr(toy.ToySeen, 'version', 1)  # back: both results are there, the record is of the other one
    toy.CALLS.clear()
    [back] = sweep().run([cell('toy_ok')])
    assert toy.CALLS == [] and back.key == cell('toy_ok').key != again.key


def test_a_deleted_evaluation_is_run_again(toy, cell, sweep, store):
    [first] = sweep().run([cell('toy_ok')])
    shutil.rmtree(store.path('evaluate', cell('toy_ok').key))
    toy.CALLS.clear()
    [again] = sweep().run([cell('toy_ok')])
    assert toy.CALLS == ['ToyEvaluate'] and again.confusion == first.confusion


def test_a_finished_cell_does_not_need_its_earlier_artifacts(toy, cell, sweep, store):
    [first] = sweep().run([cell('toy_ok')])
    shutil.rmtree(store.path('seen', cell('toy_ok').nodes[0].key))
    toy.CALLS.clear()
    assert heads(sweep().run([cell('toy_ok')])) == heads([first])
    assert toy.CALLS == []


def test_a_damaged_artifact_is_made_again_before_it_is_used(toy, cell, sweep, store):
    sweep().run([cell('toy_ok')])
    seen = store.path('seen', cell('toy_ok').nodes[0].key)
    intact = (seen / 'parts' / 'noise.bin').read_bytes()
    (seen / 'parts' / 'noise.bin').write_bytes(intact[:-1] + b'?')
    toy.CALLS.clear()
    [record] = sweep().run([cell('toy_more')])
    assert toy.CALLS == ['ToySeen', 'ToyMore', 'ToyEvaluate'] and record.status is Status.DONE
    assert (seen / 'parts' / 'noise.bin').read_bytes() == intact
    [warning] = [line for line in store.warnings if 'damaged' in line]
    assert str(seen) in warning


def test_a_failed_stage_is_not_repeated_for_the_next_cell(toy, cell, sweep):
    _, second = sweep().run([cell('toy_fail'), cell('toy_fail_later')])
    assert toy.CALLS == ['ToySeen', 'ToyFail']
    assert second.status is Status.FAILED
    assert 'stage broken failed for shapes k2 toy_fail seed 0: ValueError: boom' in second.reason
    assert '\n' not in second.reason


def test_a_failed_stage_leaves_no_artifact_and_runs_again_next_time(toy, cell, sweep, store):
    sweep().run([cell('toy_fail')])
    seen = cell('toy_fail').nodes[0].key
    assert [path.name for path in store.root.iterdir()] == [f'seen-{seen}']
    toy.CALLS.clear()
    sweep().run([cell('toy_fail')])
    assert toy.CALLS == ['ToyFail']


def test_a_repaired_stage_turns_failed_into_done(toy, cell, sweep, records, monkeypatch):
    sweep().run([cell('toy_fail')])
    monkeypatch.setattr(toy.ToyFail, 'run', toy.ToyStage.run)
    [record] = sweep().run([cell('toy_fail')])
    assert record.status is Status.DONE and not record.reason and not record.traceback
    assert load_record(records / cell('toy_fail').file_name) == record


def test_fail_fast_starts_nothing_after_the_first_failure(toy, cell, sweep, records):
    cells = [cell(name) for name in ('toy_skip', 'toy_fail', 'toy_ok')]
    results = sweep(fail_fast=True).run(cells)
    assert statuses(results) == {'toy_skip': 'skipped', 'toy_fail': 'failed', 'toy_ok': 'not_run'}
    assert 'ToyEvaluate' not in toy.CALLS
    assert '--fail-fast' in load_record(records / cells[2].file_name).reason


def test_an_interrupted_cell_says_so_and_nothing_runs_after_it(toy, cell, sweep, store, records):
    cells = [cell(name) for name in ('toy_kill', 'toy_ok')]
    with pytest.raises(KeyboardInterrupt):
        sweep().run(cells)
    record = load_record(records / cells[0].file_name)
    assert record.status is Status.INTERRUPTED and [stage.name for stage in record.stages] == ['seen']
    assert load_record(records / cells[1].file_name).status is Status.NOT_RUN
    assert [path.name for path in store.root.iterdir()] == [f'seen-{cells[0].nodes[0].key}']


def test_an_interrupted_cell_continues_where_it_was(toy, cell, sweep, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        sweep().run([cell('toy_kill')])
    toy.CALLS.clear()
    monkeypatch.setattr(toy.ToyKill, 'run', toy.ToyStage.run)
    [record] = sweep().run([cell('toy_kill')])
    assert toy.CALLS == ['ToyKill', 'ToyEvaluate'] and record.status is Status.DONE


@pytest.mark.parametrize('stage', ['ToySeen', 'ToyEvaluate'])
def test_an_older_result_survives_an_interrupted_repetition(toy, cell, sweep, records, monkeypatch, stage):
    [first] = sweep().run([cell('toy_ok')])
    before = contents(records)
    with monkeypatch.context() as patch:
        patch.setattr(getattr(toy, stage), 'run', fails)
        with pytest.raises(KeyboardInterrupt):
            sweep(force=True).run([cell('toy_ok')])
    assert contents(records) == before
    assert heads(sweep().run([cell('toy_ok')])) == heads([first])


def test_an_evaluation_that_fits_no_record_fails_its_cell_only(cell, sweep, records):
    odd, ok = sweep().run([cell('toy_odd'), cell('toy_ok')])
    assert odd.status is Status.FAILED and 'examples' in odd.reason
    assert ok.status is Status.DONE
    assert load_record(records / cell('toy_odd').file_name) == odd


def test_an_evaluation_without_a_result_fails_its_cell_only(toy, cell, sweep, monkeypatch):
    monkeypatch.setattr(toy.ToyEvaluate, 'run', toy.ToyStage.run)
    [record] = sweep().run([cell('toy_ok')])
    assert record.status is Status.FAILED and 'result.json' in record.reason


def test_a_rebuilt_record_keeps_the_environment_that_made_the_artifact(cell, sweep, records, monkeypatch):
    from benchmark.records.provenance import environment
    from benchmark.running import cell as module
    sweep().run([cell('toy_ok')])
    made = json.loads(next(records.glob('*.json')).read_text())['provenance']
    next(records.glob('*.json')).unlink()
    monkeypatch.setattr(module, 'environment', lambda: {**environment(), 'code': 'another', 'python': '9.9'})
    record = sweep().run([cell('toy_ok')])[0]
    assert record.provenance['python'] == made['python'] != '9.9'
    assert record.stages[0].reused and record.stages[0].code == made['code']


def test_results_of_other_code_are_reused_with_a_note(cell, sweep, monkeypatch):
    from benchmark.running import cell as module
    sweep().run([cell('toy_ok')])
    monkeypatch.setattr(module, 'code_sha256', lambda: 'another')
    again = sweep()
    lines = []
    monkeypatch.setattr(again.runner.reporter, 'line', lines.append)
    again.run([cell('toy_ok')])
    assert [line for line in lines if line.startswith('note: ') and '--force' in line]


def test_global_random_numbers_do_not_depend_on_what_ran_before(cell, sweep, toy, store):
    import torch

    from benchmark.running.stage import run_node
    node = cell('toy_ok').nodes[0]
    draws = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        run_node(node, store, torch.device('cpu'), lambda done, total: None)
        draws.append(torch.rand(3).tolist())
    assert draws[0] == draws[1]


def test_a_killed_cell_is_done_only_if_its_result_is_there(cell, sweep, store):
    scheduler, one = sweep(), cell('toy_ok')
    scheduler.run([one])
    assert scheduler.runner.lost(one, 'killed', 'its process was killed', 'evaluate', 1).status is Status.DONE
    shutil.rmtree(store.path('evaluate', one.key))  # what is left is the record of an earlier run
    record = sweep().runner.lost(one, 'killed', 'its process was killed', 'evaluate', 2)
    assert record.status is Status.FAILED and record.reason == 'its process was killed in stage evaluate'
    assert [stage.name for stage in record.stages] == ['seen']
