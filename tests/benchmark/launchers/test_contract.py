"""What every launcher has to do, each started for real."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from launching import PLUGIN, cells, launch_toys

from benchmark.errors import UsageError
from benchmark.records.files import Failure, Status, load_records
from benchmark.store.artifacts import ArtifactStore
from benchmark.store.locks import is_alive
from benchmark.surroundings import arithmetic

LAUNCHING = Path(__file__).parents[2] / 'launching.py'
WORDS = {'serial': ('--launcher', 'serial'), 'local': ('--launcher', 'local', '--workers', '2'),
         'ray': ('--launcher', 'ray', '--launcher-options', 'num_cpus=2'),
         'slurm': ('--launcher', 'slurm', '--workers', '2', '--launcher-options', 'cluster=local', 'timeout_min=60')}


@pytest.fixture(params=[
    'serial', 'local', pytest.param('ray', marks=pytest.mark.slow), pytest.param('slurm', marks=pytest.mark.slow)])
def words(request):
    """Command-line words of a launcher; one whose package is not installed is skipped."""
    package = {'ray': 'ray', 'slurm': 'submitit'}.get(request.param)
    if package and not importlib.util.find_spec(package):
        pytest.skip(f"{package} is not installed: pip install -e '.[{request.param}]'")
    return WORDS[request.param]


def runs(folder):
    """Every stage that has started, in order."""
    return (folder / 'work' / 'ran.log').read_text().split()


def leftovers(folder):
    """Files that no finished sweep may leave."""
    return [path for path in folder.rglob('.*')] + list((folder / 'work' / 'jobs').glob('*'))


def test_cells_fail_alone_share_stages_and_are_not_dispatched_again(words, tmp_path):
    methods = ('launched_ok', 'launched_more', 'launched_fail', 'launched_killed')
    found = launch_toys(tmp_path, methods, (0, 1), *words)  # more cells than slots
    assert {(name, seed): record.status.value for (name, seed), record in found.items()} == {
        (name, seed): 'failed' if name in ('launched_fail', 'launched_killed') else 'done'
        for name in methods for seed in (0, 1)}
    assert found['launched_fail', 0].reason == 'ValueError: boom' and found['launched_fail', 0].failure is Failure.ERROR
    killed = found['launched_killed', 0]
    assert killed.failure is Failure.KILLED and 'deadly' in killed.reason
    assert [stage.name for stage in killed.stages] == ['seen']
    started = runs(tmp_path)
    assert sum(name.startswith('seen-') for name in started) == 2  # one per seed, whatever the number of cells
    assert {record.cell.method: record.status for record in load_records(tmp_path / 'reports' / 'records')
            if record.cell.seed == 0} == {name: found[name, 0].status for name in methods}
    assert leftovers(tmp_path) == []

    again = launch_toys(tmp_path, ('launched_ok', 'launched_more'), (0, 1), *words)
    assert runs(tmp_path) == started
    assert {record.status for record in again.values()} == {Status.DONE}


def test_order_and_launcher_do_not_change_a_number(words, tmp_path):
    methods, seeds = ('launched_ok', 'launched_more'), (0, 1)
    launch_toys(tmp_path / 'inline', methods, seeds, '--launcher', 'inline')
    backwards = cells(tmp_path / 'there', methods, seeds)[::-1]
    launch_toys(tmp_path / 'there', methods, seeds, *words, plan=backwards)
    one, other = (
        {path.name: json.loads(path.read_text())['confusion'] for path in (tmp_path / place).rglob('shapes_*.json')}
        for place in ('inline', 'there'))
    assert one == other and len(one) == 4
    for path in (tmp_path / 'there').rglob('shapes_*.json'):  # a job of any launcher is told before it loads torch
        assert json.loads(path.read_text())['provenance']['hardware']['arithmetic'] == arithmetic(own=False)


def test_a_retry_gets_past_a_kill_and_a_time_out_ends_what_hangs(words, tmp_path):
    found = launch_toys(tmp_path, ('launched_flaky', 'launched_hang'), (0,), *words, '--retry', 1, '--timeout', 5)
    assert found['launched_flaky', 0].status is Status.DONE and found['launched_flaky', 0].attempts == 2
    hung = found['launched_hang', 0]
    assert hung.failure is Failure.TIMEOUT and hung.attempts == 2
    assert hung.reason == 'stage hanging ran longer than 5 s (--timeout)'
    assert leftovers(tmp_path) == []
    if 'slurm' not in words and 'ray' not in words:  # there, it is the cluster that ends what a job has started
        assert not is_alive(int((tmp_path / 'work' / 'child').read_text()), None)


@pytest.mark.parametrize('kind', [signal.SIGKILL, signal.SIGTERM])
def test_a_driver_that_ended_early_is_continued(words, tmp_path, kind):
    methods = 'launched_slow,launched_more'
    driver = subprocess.Popen([sys.executable, LAUNCHING, tmp_path, methods, '3', *words], cwd=LAUNCHING.parents[1],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                              env={**os.environ, 'PYTHONPATH': str(LAUNCHING.parents[1])})
    artifacts, until = tmp_path / 'work' / 'artifacts', time.monotonic() + 120
    while not list(artifacts.glob('slow-*')):
        assert driver.poll() is None and time.monotonic() < until, driver.communicate(timeout=5)[0]
        time.sleep(0.02)
    driver.send_signal(kind)
    driver.communicate(timeout=60)
    if kind is signal.SIGTERM:  # the driver had time to write down what it had not begun
        told = {record.status for record in load_records(tmp_path / 'reports' / 'records')}
        assert told & {Status.INTERRUPTED, Status.NOT_RUN}
    made = {path: (path / 'manifest.json').read_bytes() for path in artifacts.glob('[a-z]*') if path.is_dir()}
    found = launch_toys(tmp_path, methods.split(','), range(3), *words)
    assert {record.status for record in found.values()} == {Status.DONE} and len(found) == 6
    assert made and all((path / 'manifest.json').read_bytes() == content for path, content in made.items())
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize('more', [(), ('--deterministic',)])
def test_the_record_tells_whether_repetition_was_asked_to_be_exact(tmp_path, more):
    record = launch_toys(tmp_path, ('launched_ok',), (0,), *WORDS['serial'], *more)['launched_ok', 0]
    assert record.status is Status.DONE
    assert record.provenance['hardware']['deterministic'] is bool(more)


@pytest.mark.parametrize('stage', ['hanging', 'swallowing'])
def test_what_an_interrupted_driver_writes_down(tmp_path, stage):
    method = {'hanging': 'launched_hang', 'swallowing': 'launched_swallow'}[stage]
    driver = subprocess.Popen([sys.executable, LAUNCHING, tmp_path, f'{method},launched_ok', '1', *WORDS['serial']],
                              cwd=LAUNCHING.parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, 'PYTHONPATH': str(LAUNCHING.parents[1])})
    artifacts, until = tmp_path / 'work' / 'artifacts', time.monotonic() + 120
    while not list(artifacts.glob(f'.{stage}-*')):
        assert driver.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(60) != 0
    records = {record.cell.method: record for record in load_records(tmp_path / 'reports' / 'records')}
    assert records[method].status is Status.INTERRUPTED
    assert [stage.name for stage in records[method].stages] == ['seen']
    assert records['launched_ok'].status is Status.NOT_RUN
    assert leftovers(tmp_path) == []


def test_waiting_for_the_stage_of_another_sweep_is_no_time_out(tmp_path):
    cell, = cells(tmp_path, ('launched_ok',), (0,))
    seen, store = cell.nodes[0], ArtifactStore(tmp_path / 'work' / 'artifacts')
    with ThreadPoolExecutor(1) as pool, store.lock(seen.name, seen.key) as held:
        waiting = pool.submit(launch_toys, tmp_path, ('launched_ok',), (0,), *WORDS['serial'], '--timeout', 5)
        until = time.monotonic() + 120
        while not any('waiting for' in told.read_text() for told in tmp_path.glob('work/jobs/*/*/events.jsonl')):
            assert not waiting.done() and time.monotonic() < until
            time.sleep(0.05)
        time.sleep(6)
        held.release()
        assert waiting.result()['launched_ok', 0].status is Status.DONE


def test_an_edited_plugin_is_not_taken_for_what_was_planned(tmp_path, monkeypatch):
    plan, edited = cells(tmp_path, ('launched_ok',), (0,)), [(PLUGIN, '0' * 64)]
    monkeypatch.setattr('benchmark.launchers.launch.imported_files', lambda: edited)
    record = launch_toys(tmp_path, (), (), *WORDS['serial'], plan=plan)['launched_ok', 0]
    assert record.status is Status.FAILED
    assert record.reason.startswith('ImportError: plugin launched.py has changed since the run began; start it again')


def test_a_job_that_loaded_other_code_computes_nothing_and_ends_the_sweep(words, tmp_path, monkeypatch):
    monkeypatch.setattr('benchmark.launchers.scheduler.program_sha256', lambda: 'another')
    with pytest.raises(UsageError, match='a job has loaded other code than this run was started with, from '):
        launch_toys(tmp_path, ('launched_ok', 'launched_more'), (0, 1), *words)
    assert not (tmp_path / 'work' / 'ran.log').exists()
    assert {record.status for record in load_records(tmp_path / 'reports' / 'records')} == {Status.NOT_RUN}
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(('words', 'line'), [
    (('serial', '--address', 'auto'), '--address: this launcher takes none'),
    (('local', '--launcher-options', 'num_cpus=2'), '--launcher-options: this launcher takes none'),
    (('inline', '--timeout', '5'), '--timeout: --launcher inline has no process that could be killed')])
def test_an_option_that_would_be_ignored_is_refused(tmp_path, words, line):
    with pytest.raises(UsageError, match=line):
        launch_toys(tmp_path, ('launched_ok',), (0,), '--launcher', *words)


def test_two_sweeps_in_one_folder_make_every_stage_once(tmp_path):
    command = [sys.executable, LAUNCHING, tmp_path, 'launched_slow,launched_more', '2', *WORDS['local']]
    drivers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**os.environ, 'PYTHONPATH': str(LAUNCHING.parents[1])}) for _ in range(2)]
    outputs = [driver.communicate(timeout=120)[0] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], outputs
    for output in outputs:
        assert set(json.loads(output.splitlines()[-1]).values()) == {'done'}, output
    assert len(runs(tmp_path)) == len(set(runs(tmp_path))) == 12
    assert leftovers(tmp_path) == []
