"""``python -m benchmark show``: a number explained down to its artifacts, and nothing touched."""

from __future__ import annotations

import json

import pytest
from environments import call
from fakes import fake_data, fake_record, scored_record

from benchmark.commands import show
from benchmark.commands.trace import access_text, find_artifact, follows, summary_line
from benchmark.records.files import save_record
from benchmark.store.artifacts import ArtifactStore


@pytest.fixture
def shown(tmp_path, capsys):
    """Saves a record and shows it; returns the printed text, blanks and frames dropped."""
    def run(record, *words, name='shapes_k2_zs3_seed0'):
        save_record(record, tmp_path / 'records' / f'{name}.json')
        code = show.main([name, '--reports', str(tmp_path), '--work-dir', str(tmp_path / 'work'), *words])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return ' '.join(captured.out.replace('│', ' ').split())
    return run


def make_artifact(folder, stage, files=None, **manifest):
    """Leaves a stage's artifact where a run would."""
    store = ArtifactStore(folder / 'artifacts')
    content = {'seconds': stage.seconds, 'environment': {'code': stage.code}, 'inputs': {'seen': 'f00d'}, **manifest}
    with store.create(stage.name, stage.key, content) as path:
        for name, text in (files or {'model.pth': 'weights'}).items():
            (path / name).write_text(text)
    return store.path(stage.name, stage.key)


def test_a_finished_record_is_explained(shown):
    record = scored_record(provenance={
        **fake_data(), 'vectors': {'file': 'words.txt', 'sha256': 'abba'}, 'argv': ['run.py', '--ks', '2'],
        'git': {'sha': 'c0ffee', 'dirty': True, 'diff': 'd1ff'}, 'code': 'c0de', 'packages': {'torch': '2.9.0'},
        'hardware': {'cpu': 'some cpu', 'cores': 2, 'gpu': []}}, attempts=2, variant={'generator.lr': 0.1})
    stage = record.stages[1]
    stage.seeds, stage.energy_j, stage.peak_gpu_mib, stage.threads = {'noise': 7, 'order': 8}, 12.5, 300.0, 2
    stage.resumed_from, stage.summary = 40, {'loss': 0.123456, 'curve': [1, 2]}
    text = shown(record)
    for part in (
            'shapes k2 zs3 (generator.lr=0.1) seed 0: done',
            f'hIoU {record.metrics.hiou}, computed again from the confusion matrix of',
            'and so is the sum over 30 images', f'{record.metrics.unseen.miou:.2f}',
            'shapes-v1 feed (5953 train, 1449 val)',
            'words.txt abba', 'run.py --ks 2', 'c0de, git c0ffee changed (d1ff)', 'torch 2.9.0', 'cpu some cpu',
            'generator.lr=0.1', record.key, record.config_hash, 'attempts 2', 'zs3-clean version',
            'measured image-filter, the card allows image-filter', 'run: 5.5 s, 1200.4 MiB of memory',
            '300 MiB of GPU memory, 12.5 J, 2 threads on cpu, continued at iteration 40',
            'seeds: noise 7, order 8', 'says: loss 0.1235', 'reused: 60.0 s', 'artifact: not there'):
        assert part in text, part


@pytest.mark.parametrize(('status', 'more', 'says'), [
    ('failed', {'reason': 'ValueError: boom', 'traceback': 'Traceback\n  deep [red]down'}, 'error: ValueError: boom'),
    ('skipped', {'reason': 'not for toys'}, 'not for toys'),
    ('not_run', {'reason': 'after a failure'}, 'after a failure')])
def test_a_cell_without_numbers_says_why(shown, status, more, says):
    text = shown(fake_record(status=status, **more))
    assert f'seed 0: {status} {says}' in text and 'mIoU' not in text
    assert ' '.join(more.get('traceback', '').split()) in text  # markup in it is text


def test_a_number_that_does_not_follow_from_its_counts_is_told():
    record = scored_record()
    assert follows(record).endswith('the same, and so is the sum over 30 images')
    record.metrics.hiou += 1e-6
    assert follows(record).startswith('NOT that of the confusion matrix')
    assert follows(fake_record()) == 'the record holds no confusion matrix'


def test_an_intact_artifact_is_told_with_its_files(shown, tmp_path):
    record = fake_record()
    make_artifact(tmp_path / 'work', record.stages[0])
    assert 'artifact: intact' in shown(record)
    text = shown(record, '--stage', 'seen')
    assert 'made from └── seen: f00d' in text and 'files └── model.pth: ' in text and 'config └── type: Some' in text


def test_the_last_stage_must_hold_the_confusion_matrix_of_the_record(tmp_path):
    record = scored_record()
    stage = record.stages[-1]
    make_artifact(tmp_path, stage, {'result.json': json.dumps({'confusion': record.confusion})})
    assert find_artifact(stage, tmp_path, record.confusion).state == 'intact, holds this confusion matrix'
    make_artifact(tmp_path, stage, {'result.json': json.dumps({'confusion': [[1]]})})
    assert find_artifact(stage, tmp_path, record.confusion).state == 'intact, holds ANOTHER confusion matrix'


def test_an_artifact_of_another_run_is_told(tmp_path):
    stage = fake_record().stages[0]
    make_artifact(tmp_path, stage, seconds=1.0)
    assert find_artifact(stage, tmp_path).state == 'intact; of another run than the record'


def change_a_file(path):
    (path / 'model.pth').write_text('weighty')


def change_the_manifest(path):
    text = (path / 'manifest.json').read_text()
    (path / 'manifest.json').write_text(text.replace('model.pth', 'model.pht'))


def remove_a_file(path):
    (path / 'model.pth').unlink()


@pytest.mark.parametrize(('damage', 'says'), [
    (change_a_file, 'model.pth: damaged'), (change_the_manifest, 'manifest.json: damaged'),
    (remove_a_file, 'No such file')])
def test_a_damaged_artifact_is_told_and_left_where_it_is(tmp_path, damage, says):
    stage = fake_record().stages[0]
    path = make_artifact(tmp_path, stage)
    damage(path)
    before = sorted(tmp_path.rglob('*'))
    found = find_artifact(stage, tmp_path)
    assert says in found.state and not found.intact and '\n' not in found.state
    assert sorted(tmp_path.rglob('*')) == before


def test_labels_read_are_one_line():
    counts = {'images': 32, 'images_dropped': 0, 'images_chosen': 3, 'unseen_pixels': {'a': 1000, 'b': 500}}
    assert access_text({'train': counts, 'val': {'images': 0, 'unseen_pixels': {}}}) == \
        'train: 32 images, 3 images chosen, 1,500 pixels of 2 unseen classes'
    assert access_text({}) == 'no labels'


def test_a_headline_is_single_values_only():
    assert summary_line({'loss': 1 / 3, 'steps': 10, 'curve': [[0, 1]], 'amp': False, 'best': None, 'by': 'x'}) == \
        'loss 0.3333, steps 10, amp False, best None, by x'


@pytest.mark.parametrize(('words', 'says'), [
    (['gone'], "no file and no record in {records} is called 'gone'; there are good, odd"),
    (['o'], "'o' is part of 2 records' names: good, odd"),
    (['good', '--stage', 'nose'], "unknown stage 'nose': did you mean 'seen'? known: classifier, seen"),
    (['odd'], 'odd.json: damaged: it does not begin with a checksum'),
    ([], 'the following arguments are required: RECORD')])
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, words, says):
    records = tmp_path / 'records'
    save_record(fake_record(), records / 'good.json')
    (records / 'odd.json').write_text('odd')
    assert show.main([*words, '--reports', str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == '' and captured.err.count('\n') == 1
    assert captured.err.startswith('show: ') and says.format(records=records) in captured.err


def test_it_needs_no_pytorch(tmp_path):
    save_record(scored_record(), tmp_path / 'record.json')
    done = call('show', tmp_path / 'record.json', without=('torch',), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b'')
    assert 'shapes k2 zs3 seed 0: done' in done.stdout.decode()


def test_a_number_that_was_not_measured_is_a_dash(shown):
    record = scored_record(absent=(1, 2))
    text = shown(record)
    pixels = sum(map(sum, record.confusion))
    assert ('hIoU —, no pixel of an unseen class, or of a seen one, among the '
            f'{pixels:,} of the confusion matrix') in text
    assert 'unseen ┃ 2 ┃ — ┃ — ┃ —' in text.replace('│', '┃') or 'unseen 2 — — —' in text
    assert f'{record.metrics.seen.miou:.2f}' in text and '0.00' not in text
    record.metrics.hiou = 0.0
    assert follows(record) == 'NOT that of the confusion matrix, from which follows none'


def test_an_ambiguous_name_is_one_line_that_tells_the_data(tmp_path, capsys):
    for data in ('toy-1234', 'toy-5678'):
        save_record(fake_record(dataset='toy', data=data), tmp_path / 'records' / f'toy_k1_zs3_{data[-2:]}.json')
    assert show.main(['zs3', '--reports', str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'toy_k1_zs3_34 (data toy-1234), toy_k1_zs3_78 (data toy-5678)' in error
    assert show.main(['zs3_34', '--reports', str(tmp_path)]) == 0
    assert 'toy-1234' in capsys.readouterr().out
