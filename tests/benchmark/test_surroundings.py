"""Tests of benchmark.surroundings: environments of notebooks, services and containers."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from environments import COMMANDS, NOBODY, call, can_be_nobody

from benchmark import ROOT, WORK, surroundings

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
def test_a_checkout_that_cannot_be_written_to_is_one_line(micro_root):
    done = call('run', '--methods', 'zs3', '--ks', '2', '--device', 'cpu', '--data-root', micro_root, before=NOBODY,
                cwd='/')
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.decode().splitlines()
    existing = WORK if WORK.exists() else ROOT
    assert line == f'run.py: --work-dir {WORK}: {existing} is not a folder that can be written to'


@pytest.fixture
def without_arithmetic(monkeypatch):
    """An environment in which no variable of the arithmetic is set."""
    for variables in surroundings.ARITHMETIC.values():
        for name in variables:
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(('flags', 'count'), [
    ('fpu sse2 avx2 fma', 6), ('fpu sse2 avx fma', 0), ('fpu avx2', 0), (None, 0)])
def test_the_arithmetic_is_set_where_the_processor_has_it(monkeypatch, tmp_path, without_arithmetic, flags, count):
    """Code for AVX2 would kill a process elsewhere."""
    said = tmp_path / 'cpuinfo'
    if flags:
        said.write_text(f'processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\nbugs\t\t: none\n')
    monkeypatch.setattr(surroundings, 'Path', lambda path: said)
    surroundings.settle()
    assert len(surroundings.arithmetic(own=False)) == count


def test_the_users_own_arithmetic_stays(monkeypatch, without_arithmetic):
    monkeypatch.setenv('MKL_CBWR', 'AUTO')
    monkeypatch.setattr(surroundings, '_has_avx2', lambda: True)
    surroundings.settle()
    assert surroundings.arithmetic(own=False)['MKL_CBWR'] == 'AUTO'


def test_what_came_too_late_is_not_claimed(monkeypatch, without_arithmetic):
    monkeypatch.setattr(surroundings, '_has_avx2', lambda: True)
    monkeypatch.setattr(surroundings, '_EARLIER', frozenset({'torch', 'numpy'}))
    surroundings.settle()
    assert surroundings.arithmetic() == {'OPENCV_IPP': 'avx2'} and len(surroundings.arithmetic(own=False)) == 6


@pytest.mark.skipif(not surroundings._has_avx2(), reason='the variables are for processors with AVX2')
def test_the_arithmetic_is_in_force_before_a_library_is_loaded(without_arithmetic):
    """By what the libraries themselves say of it."""
    said = subprocess.run([sys.executable, '-c', """
from benchmark.records.provenance import environment
import numpy
hardware = environment()['hardware']
chosen = {one['current'] for one in numpy.lib.introspect.opt_func_info('^add$')['add'].values()}
print(hardware['cpu_capability'], len(hardware['arithmetic']), chosen)
"""], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said.startswith('AVX2 6 ') and 'AVX512' not in said and 'X86_V4' not in said
