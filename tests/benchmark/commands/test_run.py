"""The command as a whole: exit codes, what it prints and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.launchers.base import LAUNCHERS
from benchmark.records.files import load_record, load_records
from zs_methods.registry import METHODS

RUN = Path(__file__).resolve().parents[3] / 'benchmark' / 'run.py'
TOY_PLUGIN = Path(__file__).parents[1] / 'toy_plugin.py'


def records_of(reports):
    return {(record.cell.method, record.cell.k, record.cell.seed): record
            for record in load_records(reports / 'records')}


def test_list_shows_every_method_with_what_it_reads(run_py, capsys, untouched):
    assert run_py('--list') == 0
    text = capsys.readouterr().out
    rows = [line.split()[:4] for line in text.splitlines() if line.split()]
    assert rows[0][:3] == ['method', 'role', 'setting'] and 'oracle' in text.split('all leaves out')[1]
    assert [row[0] for row in rows if row[0] in METHODS.module_dict] == sorted(METHODS.module_dict)
    assert all(row in rows for row in [
        ['oracle', 'ceiling', 'inductive', 'pixels'], ['seen_only', 'floor', 'inductive', 'image-filter'],
        ['zs3', 'method', 'inductive', 'image-filter'], ['zs3_released', 'imported', 'inductive', 'layout'],
        ['zsmmd', 'method', 'transductive', 'image-filter']])
    assert not untouched['--work-dir'].parent.exists()


def test_list_follows_protocol_and_plugin(run_py, capsys):
    assert run_py('--list', '--protocol', 'spnet', '--plugin', TOY_PLUGIN) == 0
    access = {line.split()[0]: line.split()[3] for line in capsys.readouterr().out.splitlines()
              if len(line.split()) > 3}
    assert access['zs3'] == access['toy_ok'] == 'ignore-mask' and access['oracle'] == 'pixels'


def test_help_gives_examples_and_exit_codes(run_py, capsys):
    with pytest.raises(SystemExit) as stopped:
        run_py('--help')
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert 'python benchmark/run.py --methods zs3,zsmmd --ks 2,4,6,8,10' in text and 'exit codes' in text


def test_dry_run_prints_the_trie_and_creates_nothing(run_py, capsys, untouched):
    assert run_py('--methods', 'zs3,zsmmd', '--ks', '2,4', '--dry-run') == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == 'shapes k2 zs3-clean seed 0' and out[1].split()[0] == 'seen'
    assert len(out) == 2 + 56 + 2
    assert out[-2] == '8 cells, 56 distinct stages: 0 reused, 56 to run'
    assert out[-1].startswith('about ') and ' min of work of one process' in out[-1]
    assert not untouched['--work-dir'].parent.exists()


def test_a_good_run_leaves_records_and_a_report(toy, toy_run, capsys, untouched):
    assert toy_run('toy_ok,toy_skip', '--ks', '2,4', '--seeds', '0,1') == 0
    captured = capsys.readouterr()
    reports = untouched['--reports']
    assert records_of(reports).keys() == {(name, k, seed) for name in ('toy_ok', 'toy_skip') for k in (2, 4)
                                          for seed in (0, 1)}
    assert 'toy_ok' in (reports / 'shapes.md').read_text()
    assert f'report: {reports / "shapes.md"}' in captured.out and captured.err == ''
    assert 'shapes k4 toy_skip seed 1: skipped: not for toys' in captured.out and '[8/8] ' in captured.out
    assert toy.CALLS == ['ToySeen', 'ToyEvaluate'] * 4


def test_a_second_run_reuses_everything(toy, toy_run, capsys, untouched):
    toy_run('toy_ok', '--ks', 2)
    files = {path: path.read_bytes() for path in untouched['--reports'].rglob('*.*') if path.is_file()}
    toy.CALLS.clear()
    capsys.readouterr()
    assert toy_run('toy_ok', '--ks', 2) == 0
    assert toy.CALLS == [] and '(reused)' in capsys.readouterr().out
    assert {path: path.read_bytes() for path in files} == files
    toy_run('toy_ok', '--ks', 2, '--force')
    assert toy.CALLS == ['ToySeen', 'ToyEvaluate']


def test_dry_run_after_a_run_shows_what_is_reused(toy_run, capsys):
    toy_run('toy_ok', '--ks', 2)
    capsys.readouterr()
    assert toy_run('toy_more', '--ks', 2, '--dry-run') == 0
    *_, last, estimate = capsys.readouterr().out.splitlines()
    assert last == '1 cells, 3 distinct stages: 1 reused, 2 to run' and estimate.startswith('about ')


def test_dry_run_tells_what_force_and_skip_would_do(toy_run, capsys):
    toy_run('toy_ok', '--ks', '2')
    capsys.readouterr()
    assert toy_run('toy_ok,toy_skip', '--ks', '2', '--force', '--dry-run') == 0
    out = capsys.readouterr().out
    assert '  reuse' not in out and out.count('  run') == 2
    assert 'shapes k2 toy_skip seed 0  skipped: not for toys' in out


def test_a_failed_cell_gives_exit_code_1_after_all_others_ran(toy_run, capsys, untouched):
    assert toy_run('toy_fail,toy_ok', '--ks', 2) == 1
    captured = capsys.readouterr()
    assert '1 of 2 cells failed, 0 not run' in captured.out and captured.err == ''
    assert {key[0]: record.status.value for key, record in records_of(untouched['--reports']).items()} == {
        'toy_fail': 'failed', 'toy_ok': 'done'}
    assert 'boom' in (untouched['--reports'] / 'shapes.md').read_text()


def test_fail_fast_counts_what_was_not_run(toy_run, capsys):
    assert toy_run('toy_fail,toy_ok', '--ks', '2,4', '--fail-fast') == 1
    assert '1 of 4 cells failed, 3 not run' in capsys.readouterr().out


def test_an_interrupt_gives_exit_code_130_and_one_line(toy_run, capsys, untouched):
    assert toy_run('toy_kill,toy_ok', '--ks', 2) == 130
    assert capsys.readouterr().err == 'run.py: interrupted; the same command continues where it was\n'
    assert {key[0]: record.status.value for key, record in records_of(untouched['--reports']).items()} == {
        'toy_kill': 'interrupted', 'toy_ok': 'not_run'}


def test_a_damaged_record_of_another_run_is_named_in_one_line(toy_run, capsys, untouched):
    foreign = untouched['--reports'] / 'records' / 'foreign.json'
    foreign.parent.mkdir(parents=True)
    foreign.write_text('{"schema_version": 2, "status": "odd"}')
    assert toy_run('toy_ok', '--ks', 2) == 1
    captured = capsys.readouterr()
    assert captured.err.count('\n') == 1 and str(foreign) in captured.err
    done = next(foreign.parent.glob('shapes_k2_zs3-clean_tiny_toy_ok_seed0_*.json'))
    assert load_record(done).status.value == 'done'


def test_a_file_that_is_no_record_stops_a_run_before_it_begins(toy_run, capsys, untouched):
    foreign = untouched['--reports'] / 'records' / 'foreign.json'
    foreign.parent.mkdir(parents=True)
    foreign.write_text('{')
    assert toy_run('toy_ok', '--ks', 2) == 2
    assert 'foreign.json' in capsys.readouterr().err
    assert not untouched['--work-dir'].exists()


def test_records_that_cannot_be_written_are_one_line(toy_run, capsys, untouched):
    untouched['--reports'].mkdir(parents=True)
    (untouched['--reports'] / 'records').write_text('a file in the way')
    assert toy_run('toy_ok', '--ks', 2) == 1
    captured = capsys.readouterr()
    assert captured.err.count('\n') == 1 and 'records' in captured.err


def test_data_that_cannot_be_prepared_is_one_line(toy_run, capsys, untouched, monkeypatch):
    def full(*_):
        raise OSError(28, 'No space left on device', 'img_dir')
    monkeypatch.setattr('benchmark.planning.data.prepare_data', full)
    assert toy_run('toy_ok', '--ks', 2) == 1
    assert capsys.readouterr().err == 'run.py: img_dir: No space left on device\n'
    assert not untouched['--reports'].exists()


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    """Folder where the embedded data set is generated once for all tests of this file."""
    return tmp_path_factory.mktemp('data')


@pytest.mark.slow
@pytest.mark.parametrize('kind', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_training_leaves_nothing_half_done(shapes, tmp_path, kind):
    command = [sys.executable, str(RUN), '--ks', '2', '--device', 'cpu', '--data-root', str(shapes),
               '--work-dir', str(tmp_path / 'work'), '--reports', str(tmp_path / 'reports')]
    artifacts = tmp_path / 'work' / 'artifacts'
    # A shell that runs pytest in the background makes its children ignore Ctrl-C; undo that.
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                               env={**os.environ, 'OMP_NUM_THREADS': '1'})
    try:
        until = time.monotonic() + 240
        while not list(artifacts.glob('.seen-*.partial-*')):
            assert process.poll() is None and time.monotonic() < until, 'stage seen never began'
            time.sleep(0.2)
        time.sleep(3)  # into the training loop
        process.send_signal(kind)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == 'run.py: interrupted; the same command continues where it was'
    assert 'Traceback' not in stderr
    assert list(artifacts.iterdir()) == []
    statuses = [load_record(path).status.value for path in (tmp_path / 'reports' / 'records').iterdir()]
    # One cell trains the network that all others wait for.
    assert sorted(set(statuses)) == ['interrupted', 'not_run'] and statuses.count('interrupted') == 1


def test_dry_run_names_what_is_skipped_and_why(run_py, capsys):
    assert run_py('--methods', 'zs5', '--ks', 2, '--protocol', 'zs3-official', '--dry-run') == 0
    assert 'shapes k2 zs5 seed 0  skipped: it continues the sequential' in capsys.readouterr().out


def test_a_plugin_may_bring_a_launcher(toy_run, tmp_path, capsys):
    plugin = tmp_path / 'own_launcher.py'
    plugin.write_text("from benchmark.launchers.base import LAUNCHERS\n"
                      "from benchmark.launchers.inline import InlineLauncher\n\n"
                      "@LAUNCHERS.register_module(name='mine', force=True)\nclass Mine(InlineLauncher):\n"
                      "    def start(self, job):\n        print('started by mine')\n        super().start(job)\n")
    assert toy_run('toy_ok', '--ks', 2, '--plugin', plugin, '--launcher', 'mine') == 0
    assert 'started by mine' in capsys.readouterr().out
    LAUNCHERS.module_dict.pop('mine')
