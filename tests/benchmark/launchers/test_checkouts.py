"""Which code a job runs: that of the script that was called, whatever else could be imported."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

from benchmark import ROOT
from benchmark.records.files import Status, load_records

#: Two stages of two iterations.
QUICK = ('train_cfg.max_iters=2', 'train_dataloader.batch_size=4')
LAUNCHERS = {'local': ('local',), 'serial': ('serial',), 'inline': ('inline',), 'ray': ('ray', 'num_cpus=2'),
             'slurm': ('slurm', 'cluster=local', 'timeout_min=60')}
NEEDS = {'ray': 'ray', 'slurm': 'submitit'}


@pytest.fixture(scope='session')
def second(tmp_path_factory):
    """Another checkout, whose evaluation fails in its own way."""
    folder = tmp_path_factory.mktemp('second')
    for name in ('benchmark', 'zs_methods', 'configs'):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
    file = folder / 'zs_methods' / 'stages' / 'evaluate.py'
    text = file.read_text(encoding='utf-8')
    planted = text.replace('        network = self._assemble(ctx)\n', "        raise RuntimeError('planted')\n", 1)
    assert planted != text
    file.write_text(planted, encoding='utf-8')
    return folder


@pytest.fixture
def run(second, micro_root, tmp_path):
    """Runs the second checkout's main command, while the first one is what an import finds."""
    def call(launcher, cwd, *more, script=None):
        kind, *options = LAUNCHERS[launcher]
        words = ['--methods', 'seen_only', '--ks', '2', '--device', 'cpu', '--data-root', micro_root,
                 '--work-dir', tmp_path / 'work', '--reports', tmp_path / 'reports', '--launcher', kind,
                 *(['--launcher-options', *options] if options else []), '--cfg-options', *QUICK, *more]
        done = subprocess.run([sys.executable, script or second / 'benchmark' / 'run.py', *map(str, words)], cwd=cwd,
                              env={**os.environ, 'PYTHONPATH': str(ROOT)}, capture_output=True, text=True, timeout=300)
        return done, load_records(tmp_path / 'reports' / 'records')
    return call


def planted(done, records):
    """Whether every cell ran into what the second checkout says."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ''
    assert {(record.status, record.reason) for record in records} == {(Status.FAILED, 'RuntimeError: planted')}


@pytest.mark.slow
@pytest.mark.parametrize('launcher', list(LAUNCHERS))
def test_jobs_run_the_code_of_the_script_that_was_called(run, tmp_path, launcher):
    if launcher in NEEDS and not importlib.util.find_spec(NEEDS[launcher]):
        pytest.skip(f"{NEEDS[launcher]} is not installed: pip install -e '.[{launcher}]'")
    planted(*run(launcher, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize('launcher', list(LAUNCHERS))
def test_nothing_is_imported_from_the_current_folder(run, tmp_path, launcher):
    if launcher in NEEDS and not importlib.util.find_spec(NEEDS[launcher]):
        pytest.skip(f"{NEEDS[launcher]} is not installed: pip install -e '.[{launcher}]'")
    here = tmp_path / 'here'
    for name in ('benchmark', 'zs_methods'):
        (here / name).mkdir(parents=True)
        (here / name / '__init__.py').write_text("raise SystemExit('a folder of the user')\n")
    for name in ('select', 'queue', 'statistics', 'calibrate', 'stats', 'plan', 'launching'):
        (here / f'{name}.py').write_text(f"raise SystemExit('{name} of the user')\n")
    planted(*run(launcher, here))


@pytest.mark.slow
def test_processes_of_torchrun_run_it_too(run, second, tmp_path):
    here = tmp_path / 'here'
    here.mkdir()
    (here / 'queue.py').write_text("raise SystemExit('queue of the user')\n")
    planted(*run('serial', here, '--processes', '2'))


@pytest.mark.slow
def test_the_folder_of_the_scripts_is_a_place_like_any_other(run, second):
    planted(*run('local', second / 'benchmark'))


@pytest.mark.slow
def test_a_script_without_a_guard_may_call_main(run, second, tmp_path):
    script = tmp_path / 'mine.py'
    script.write_text(f'import sys\nsys.path.insert(0, {str(second)!r})\nprint("once")\n'
                      'from benchmark.commands.run import main\nsys.exit(main(sys.argv[1:]))\n')
    done, records = run('local', tmp_path, script=script)
    planted(done, records)
    assert done.stdout.count('once') == 1


@pytest.mark.slow
def test_a_path_too_long_for_a_socket_is_no_obstacle(run, tmp_path, monkeypatch):
    long = tmp_path / ('a' * 120)
    long.mkdir()
    monkeypatch.setenv('TMPDIR', str(long))
    planted(*run('local', tmp_path))


@pytest.mark.slow
def test_a_file_edited_while_the_run_goes_on_is_noticed_by_those_that_would_load_it(run, second, tmp_path):
    if not importlib.util.find_spec('submitit'):
        pytest.skip("submitit is not installed: pip install -e '.[slurm]'")
    copy = tmp_path / 'copy'
    shutil.copytree(second, copy)
    # The driver edits its own checkout once it knows what it has loaded, before any job is submitted.
    script = tmp_path / 'mine.py'
    script.write_text(f'import sys\nsys.path.insert(0, {str(copy)!r})\nfrom benchmark.commands.run import main\n'
                      'from benchmark.records.provenance import loaded_code\nloaded_code()\n'
                      f'open({str(copy / "benchmark" / "stats.py")!r}, "a").write("# edited\\n")\n'
                      'sys.exit(main(sys.argv[1:]))\n')
    done, records = run('slurm', tmp_path, script=script)
    assert done.returncode == 2
    assert 'run.py: a job has loaded other code than this run was started with' in done.stderr.splitlines()[-1]
    assert {record.status for record in records} == {Status.NOT_RUN}
    assert list((tmp_path / 'work' / 'artifacts').glob('*')) == []
