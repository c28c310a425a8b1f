"""Finished cells that are run again."""

from __future__ import annotations

import torch

from benchmark.commands import rerun as verify
from benchmark.launchers.launch import launch
from benchmark.records.files import load_record, save_record
from zs_methods.evaluation import EvaluationResult


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_what_is_the_same_again_is_said_to_be_and_nothing_else_changes(toy, toy_run, capsys, untouched):
    toy_run('toy_ok,toy_more', '--ks', 2)
    before = contents(untouched['--work-dir'].parent)
    toy.CALLS.clear()
    assert toy_run('toy_ok,toy_more', '--ks', 2, '--verify', 2) == 0
    assert '2 of 2 identical to the pixel' in capsys.readouterr().out
    assert toy.CALLS.count('ToySeen') == 1 and toy.CALLS.count('ToyEvaluate') == 2  # from the beginning
    assert contents(untouched['--work-dir'].parent) == before


def test_as_many_are_drawn_as_are_asked_for(toy_run, capsys):
    toy_run('toy_ok', '--ks', '2,4,6,8', '--seeds', '0,1')
    for number in range(1, 6):
        capsys.readouterr()
        assert toy_run('toy_ok', '--ks', '2,4,6,8', '--seeds', '0,1', '--verify', number) == 0
        assert f'{number} of {number} identical to the pixel' in capsys.readouterr().out


def test_one_pixel_more_is_noticed(toy_run, capsys, untouched):
    toy_run('toy_ok', '--ks', 2)
    path = next((untouched['--reports'] / 'records').glob('*.json'))
    record = load_record(path)
    record.confusion[0][0] += 1
    save_record(record, path)
    assert toy_run('toy_ok', '--ks', 2, '--verify', 1) == 1
    out = capsys.readouterr().out
    assert 'not known' in out and '0 of 1 identical to the pixel\n' in out
    assert "whether within the seeds' interval is not known (1 finished seeds, 3 needed); nothing that records" in out


def changed(untouched, change):
    """Changes all records there are; returns how often."""
    paths = sorted((untouched['--reports'] / 'records').glob('*.json'))
    for index, path in enumerate(paths):
        record = load_record(path)
        change(record, index)
        save_record(record, path)
    return len(paths)


def test_what_another_processor_moves_is_judged_by_the_seeds(toy_run, capsys, untouched):
    def elsewhere(record, index):
        record.confusion[0][0] += 1
        record.provenance['hardware'] |= {'cpu': 'Another CPU', 'arithmetic': {'MKL_CBWR': 'AUTO'}}
        record.provenance['packages']['torch'] = '2.0'

    toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2')
    assert changed(untouched, elsewhere) == 3
    capsys.readouterr()
    assert toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2', '--verify', 2) == 0
    out = capsys.readouterr().out
    assert "0 of 2 identical to the pixel, 2 within the seeds' interval" in out
    lines = [line for line in out.splitlines() if ": within the seeds' interval (hIoU " in line]
    assert len(lines) == 2 and all(', 3 seeds); not the same as then: packages.torch (2.0, now ' in line and
                                   'hardware.cpu (Another CPU, now ' in line for line in lines)
    assert all(len(line) <= 80 for line in out.splitlines() if line[:1] in '┏┃┡│└')


def test_what_lies_beyond_the_seeds_is_an_error(toy_run, capsys, untouched):
    def better(record, index):
        record.confusion[0][0] += 1
        record.metrics.hiou = 90.0 + index / 10

    toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2')
    changed(untouched, better)
    capsys.readouterr()
    assert toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2', '--verify', 1) == 1
    out = capsys.readouterr().out
    assert "beyond the seeds' interval (hIoU 89.60 to 90.60, 3 seeds); nothing that records tell of" in out


def test_seeds_of_other_settings_do_not_count(toy_run, capsys, untouched):
    toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2')
    changed(untouched, lambda record, index: (record.confusion[0].__setitem__(0, 10**6),
                                              setattr(record, 'settings', f'{record.settings}{index}')))
    assert toy_run('toy_ok', '--ks', 2, '--seeds', '0', '--verify', 1) == 1
    assert '(1 finished seeds, 3 needed)' in capsys.readouterr().out


def test_without_unseen_classes_the_seen_ones_decide(toy_run, capsys, untouched):
    def blind(record, index):
        record.confusion[0][0] += 1
        record.metrics.hiou, record.metrics.seen.miou = 0.0, 90.0 + index / 10

    toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2')
    changed(untouched, blind)
    assert toy_run('toy_ok', '--ks', 2, '--seeds', '0,1,2', '--verify', 1) == 1
    assert "beyond the seeds' interval (seen mIoU 89.60 to 90.60, 3 seeds)" in capsys.readouterr().out


def test_a_cell_that_fails_is_no_repetition(toy, toy_run, capsys, monkeypatch):
    toy_run('toy_ok', '--ks', 2)

    def run(self, ctx):
        raise ValueError('not this time')
    monkeypatch.setattr(toy.ToyEvaluate, 'run', run)
    assert toy_run('toy_ok', '--ks', 2, '--verify', 1) == 1
    assert 'failed: ValueError: not this time' in capsys.readouterr().out


def test_another_seed_is_another_result(toy_run, untouched, capsys):
    """The comparison can fail: a record under the name of another seed is one with other settings."""
    toy_run('toy_ok', '--ks', 2, '--seeds', '0,1')
    first, second = sorted((untouched['--reports'] / 'records').glob('*.json'))
    swapped = load_record(second).model_copy(update={'key': load_record(first).key, 'cell': load_record(first).cell})
    save_record(swapped, first)
    assert toy_run('toy_ok', '--ks', 2, '--verify', 1) == 1
    assert '0 of 1 identical to the pixel' in capsys.readouterr().out


def test_a_cell_is_repeated_as_exactly_as_it_was_made(toy_run, untouched, monkeypatch):
    toy_run('toy_ok', '--ks', 2)
    path = next((untouched['--reports'] / 'records').glob('*.json'))
    record = load_record(path)
    record.provenance['hardware']['deterministic'] = True
    save_record(record, path)
    asked = []
    monkeypatch.setattr(verify, 'launch', lambda cells, options, *more: asked.append(options.deterministic) or launch(
        cells, options, *more))
    try:
        assert toy_run('toy_ok', '--ks', 2, '--verify', 1) == 0
    finally:
        torch.use_deterministic_algorithms(False)
    assert asked == [True]


def test_a_damaged_record_is_named_and_not_drawn(toy_run, capsys, untouched):
    toy_run('toy_ok', '--ks', '2,4')
    path = next((untouched['--reports'] / 'records').glob('*k2*.json'))
    path.write_bytes(path.read_bytes()[:-9])
    capsys.readouterr()
    assert toy_run('toy_ok', '--ks', '2,4', '--verify', 1) == 0
    out = capsys.readouterr().out
    assert f'{path.name}: damaged' in out and '1 of 1 identical to the pixel' in out


def test_what_a_killed_verification_left_is_removed(toy_run, untouched):
    toy_run('toy_ok', '--ks', 2)
    left = untouched['--work-dir'] / 'verify-0a1b2c3d'
    (left / 'artifacts').mkdir(parents=True)
    mine = left.with_name('verify-notes')
    mine.mkdir()
    assert toy_run('toy_ok', '--ks', 2, '--verify', 1) == 0
    assert list(untouched['--work-dir'].glob('verify-*')) == [mine]


def test_more_than_there_are_is_a_wrong_call(toy_run, capsys):
    toy_run('toy_ok', '--ks', 2)
    capsys.readouterr()
    assert toy_run('toy_ok', '--ks', '2,4', '--verify', 2) == 2
    assert capsys.readouterr().err == (
        'run.py: --verify 2: 1 of the 2 requested cells have a record of these settings\n')


def test_what_has_no_hiou_is_compared_by_its_pixels(toy, toy_run, capsys, monkeypatch):
    def run(self, ctx):
        confusion = [[int(row == column and row not in ctx.task.unseen) for column in range(21)] for row in range(21)]
        EvaluationResult(images=1, confusion=confusion).write(ctx.out)
    monkeypatch.setattr(toy.ToyEvaluate, 'run', run)
    toy_run('toy_ok', '--ks', 2)
    assert toy_run('toy_ok', '--ks', 2, '--verify', 1) == 0
    out = capsys.readouterr().out
    assert out.count('seen 100.0  unseen —  hIoU —') == 2 and '1 of 1 identical to the pixel' in out
    assert [line.split('│')[2:4] for line in out.splitlines() if 'identical' in line and '│' in line] == [
        ['         — ', '        — ']]
