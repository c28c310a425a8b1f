"""Tests of benchmark.surroundings: environments of notebooks, services and containers."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from environments import COMMANDS, NOBODY, call, can_be_nobody

from benchmark import surroundings

needs_root = pytest.mark.skipif(not can_be_nobody(), reason='becoming a user without a name needs root and setpriv')


@pytest.mark.parametrize(('before', 'after'), [
    (None, 'agg'), ('nonsense', 'agg'), ('TkAgg', 'agg'), ('module://no.such_module', 'agg'), ('module://', 'agg'),
    ('module://os.nothing', 'agg'), ('module://json.decoder', 'module://json.decoder'), ('Agg', 'agg')])
def test_only_a_backend_that_is_there_stays(monkeypatch, before, after):
    if before is None:
        monkeypatch.delenv('MPLBACKEND')
    else:
        monkeypatch.setenv('MPLBACKEND', before)
    surroundings.settle()
    assert os.environ['MPLBACKEND'] == after


@pytest.mark.parametrize(('before', 'after'), [
    ('', ':backslashreplace'), ('ascii', 'ascii:backslashreplace'), ('utf-8:strict', 'utf-8:strict')])
def test_jobs_print_what_their_encoding_lacks(monkeypatch, before, after):
    monkeypatch.setenv('PYTHONIOENCODING', before)
    surroundings.settle()
    surroundings.settle()
    assert os.environ['PYTHONIOENCODING'] == after


def test_a_home_is_given_only_where_there_is_none(monkeypatch):
    monkeypatch.setenv('HOME', '/somewhere')
    surroundings.settle()
    assert os.environ['HOME'] == '/somewhere'

    def nobody():
        raise RuntimeError('Could not determine home directory.')

    monkeypatch.setattr('pathlib.Path.home', nobody)
    surroundings.settle()
    assert os.environ['HOME'] == '/'


@pytest.fixture
def reports(tmp_path):
    """A folder with one of the committed records."""
    committed = Path(surroundings.__file__).parents[1] / 'reports' / 'records'
    record = next(committed.glob('shapes_k2_*_zs3_seed0_*.json'))
    (tmp_path / 'reports' / 'records').mkdir(parents=True)
    shutil.copy(record, tmp_path / 'reports' / 'records')
    return tmp_path / 'reports'


@pytest.mark.parametrize('backend', ['module://matplotlib_inline.backend_inline', 'module://no.such_module', 'nonsense',
                                     'TkAgg'])
def test_figures_are_drawn_whatever_a_notebook_has_set(reports, backend):
    done = call('report', '--reports', reports, variables={'MPLBACKEND': backend, 'DISPLAY': None})
    assert (done.returncode, done.stderr) == (0, b'')
    assert list((reports / 'figures').glob('*.png'))


@pytest.mark.parametrize('variables', [{'HOME': '/nonexistent'}, {'HOME': '/proc', 'MPLCONFIGDIR': '/proc/none'},
                                       {'LANG': None, 'LC_ALL': None, 'PATH': None}], ids=str)
def test_a_report_needs_no_home_and_says_nothing_of_it(reports, variables):
    done = call('report', '--reports', reports, variables=variables)
    assert (done.returncode, done.stderr) == (0, b'')


@pytest.fixture
def own_folder():
    """A folder of `NOBODY`; those of pytest are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, 12345, 12345)
        yield Path(name)


@pytest.mark.slow
@needs_root
@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_works_for_a_user_without_a_name(command, tmp_path):
    done = call(command, '--help', before=NOBODY, variables={'HOME': None}, cwd='/')
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
@needs_root
@pytest.mark.parametrize('launcher', ['inline', 'local'])
def test_a_user_without_a_name_runs_and_reports(launcher, own_folder, micro_root, micro_options):
    folder = own_folder
    variables = {'HOME': None, 'PYTHONDONTWRITEBYTECODE': '1'}
    words = ['--reports', folder / 'reports']
    done = call('run', '--methods', 'zs3', '--ks', '2', '--device', 'cpu', '--launcher', launcher, '--data-root',
                micro_root, '--work-dir', folder / 'work', *words, '--cfg-options', *micro_options('generator'),
                before=NOBODY, variables=variables, cwd='/')
    assert (done.returncode, done.stderr) == (0, b''), done.stderr.decode()
    done = call('report', *words, before=NOBODY, variables=variables, cwd='/')
    assert (done.returncode, done.stderr) == (0, b''), done.stderr.decode()


@pytest.mark.slow
@needs_root
def test_a_current_folder_that_cannot_be_written_to_is_one_line(micro_root):
    done = call('run', '--methods', 'zs3', '--ks', '2', '--device', 'cpu', '--data-root', micro_root, before=NOBODY,
                cwd='/')
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.decode().splitlines()
    assert line == 'run.py: --work-dir work_dirs: / is not a folder that can be written to'
