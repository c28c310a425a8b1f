"""The speed measurement; its result is not judged here."""

from __future__ import annotations

import re

import pytest
from environments import call
from fakes import fake_record, save_all

from benchmark.commands.perf import main


@pytest.mark.slow
def test_the_last_line_is_the_ratio(tmp_path):
    done = call('perf', 'generator', '--repeats', '1', cwd=tmp_path, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r'ratio \d+\.\d\d', done.stdout.splitlines()[-1])
    assert float(done.stdout.split()[-1]) > 0


@pytest.mark.parametrize(('words', 'says'), [
    (('plna',), "perf: unknown measurement 'plna': did you mean 'plan'? known: generator, gpu, launchers, plan, "
                'report\n'),
    ((), 'perf: the following arguments are required: MEASUREMENT\n')])
def test_only_known_measurements_are_taken(words, says, capsys):
    assert main(words) == 2
    assert capsys.readouterr() == ('', says)


@pytest.mark.parametrize('what', ['plan', 'report'])
def test_plans_and_reports_are_measured(what, tmp_path, capsys):
    save_all([fake_record(seed=seed) for seed in (0, 1)], tmp_path)
    assert main((what, '--number', '100', '--records', str(tmp_path / 'records'))) == 0
    out = capsys.readouterr().out
    assert re.fullmatch(r'ratio \d+\.\d\d', out.splitlines()[-1])
    if what == 'plan':
        assert re.match(r'(\d+) cells of 2 seeds, \1 finished; ', out)
    else:
        assert re.search(r'^ +100 records: ', out, re.MULTILINE)


def test_without_records_there_is_nothing_to_measure(tmp_path, capsys):
    assert main(('report', '--records', str(tmp_path))) == 2
    assert 'no records there' in capsys.readouterr().err
