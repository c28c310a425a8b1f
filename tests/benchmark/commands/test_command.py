"""What all commands have in common, the list of them, and their doors."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import warnings
from importlib import import_module

import pytest

from benchmark import ROOT, commands
from benchmark.commands.command import Command
from benchmark.errors import UsageError
from zs_methods import __version__

DOOR, RUN = ROOT / 'benchmark', ROOT / 'benchmark' / 'run.py'
FILES = {path.stem for path in DOOR.joinpath('commands').glob('*.py')}


def command(run, **options):
    """A command that takes ``--number``."""
    return Command('try', 'Try something.', 'examples: none', lambda parser: parser.add_argument('--number', type=int),
                   run, **options)


def failing(error):
    """A command that ends with an error."""
    def run(args):
        raise error
    return command(run)


def test_the_exit_code_is_that_of_the_work(capsys):
    assert command(lambda args: args.number).main(['--number', '3']) == 3
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize(('error', 'code', 'line'), [
    (UsageError('no such thing'), 2, 'no such thing'), (UsageError('first\n  second'), 2, 'first second'),
    (ImportError('no ray'), 2, 'no ray'), (OSError('x.txt: not found'), 1, 'x.txt: not found'),
    (OSError(errno.ENOSPC, 'No space left', 'x.txt'), 1, 'x.txt: No space left'),
    (OSError(errno.EIO, 'broken'), 1, 'system: broken'),
    (KeyboardInterrupt(), 130, 'interrupted; the same command continues where it was')], ids=repr)
def test_a_failure_is_one_line_and_an_exit_code(error, code, line, capsys):
    assert failing(error).main([]) == code
    assert capsys.readouterr() == ('', f'try: {line}\n')


def test_a_bug_is_no_usage_error():
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError()).main([])


@pytest.mark.parametrize(('words', 'line'), [
    (['--nmber', '3'], "unrecognized arguments: --nmber 3: did you mean '--number'?"),
    (['--nmber=3'], "unrecognized arguments: --nmber=3: did you mean '--number'?"),
    (['--colour'], 'unrecognized arguments: --colour'),
    (['--number', 'x'], "argument --number: invalid int value: 'x'")])
def test_a_wrong_call_is_one_line(words, line, capsys):
    assert command(lambda args: 0).main(words) == 2
    assert capsys.readouterr() == ('', f'try: {line}\n')


def test_a_program_that_is_called_otherwise_says_so(capsys):
    odd = command(lambda args: 0, program='try.py', call='try.py')
    assert odd.main(['x']) == 2
    assert capsys.readouterr().err == 'try.py: unrecognized arguments: x\n'
    with pytest.raises(SystemExit) as stopped:
        odd.main(['--help'])
    assert stopped.value.code == 0 and capsys.readouterr().out.startswith('usage: try.py [-h] [--number NUMBER]\n')


@pytest.mark.parametrize(('unheard', 'heard'), [('mmengine', 1), (__name__, 0), ('', 0)])
def test_warnings_of_some_modules_are_not_shown_while_it_runs(unheard, heard):
    def run(args):
        with warnings.catch_warnings(record=True) as caught:
            warnings.warn('of a user', stacklevel=1)
        return len(caught)

    with warnings.catch_warnings():
        warnings.simplefilter('always')
        before = list(warnings.filters)
        assert command(run, unheard=unheard).main([]) == heard
        assert warnings.filters == before


def test_every_command_has_a_file_and_its_name():
    files = {name.replace('-', '_'): name for name in commands.NAMES}
    assert files.keys() <= FILES and len(files) == len(commands.NAMES)
    found = {name for name in FILES - {'__init__', 'command'}
             if hasattr(import_module(f'benchmark.commands.{name}'), 'main')}
    assert found == files.keys()
    for name in commands.NAMES:
        one = commands.module_of(name).COMMAND
        assert one.name == name and one.summary.endswith('.') and 'exit codes: ' in one.about


def test_commands_do_not_import_each_other():
    names = [name.replace('-', '_') for name in commands.NAMES]
    for name in names:
        text = (DOOR / 'commands' / f'{name}.py').read_text(encoding='utf-8')
        others = [other for other in names if f'from benchmark.commands.{other} import' in text]
        assert others == [], name


@pytest.mark.parametrize(('words', 'code'), [((), 2), (('--help',), 0), (('-h',), 0)])
def test_all_commands_are_listed(words, code, capsys):
    assert commands.main(words) == code
    out, err = capsys.readouterr()
    lines = (out or err).splitlines()
    assert bool(out) == bool(words) and not (out and err)
    assert [line.split()[0] for line in lines if line.startswith('  ')] == list(commands.NAMES)
    assert lines[0] == 'usage: python -m benchmark COMMAND ...'


@pytest.mark.parametrize(('found', 'said'), [
    ({'sha': 'f' * 40, 'dirty': False}, f'commit {"f" * 40}'), ({'sha': 'f' * 40, 'dirty': True}, 'f, changed'),
    ({'sha': None, 'dirty': None}, 'no checkout of git')])
def test_the_version_is_told_with_the_commit(found, said, monkeypatch, capsys):
    monkeypatch.setattr('benchmark.records.checkout.state', lambda: found)
    assert commands.main(['--version']) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f'benchmark {__version__} (') and out.endswith(f'{said})\n') and err == ''


@pytest.mark.parametrize(('word', 'near'), [('reprot', 'report'), ('import-zs3', 'import_zs3'), ('runs', 'run')])
def test_an_unknown_command_is_one_line(word, near, capsys):
    assert commands.main([word, '--ks', '2']) == 2
    out, err = capsys.readouterr()
    assert out == '' and err.startswith(f"benchmark: unknown command '{word}': did you mean '{near}'? known: ablate, ")
    assert err.count('\n') == 1


DOORS = {
    'folder': ([DOOR, 'report'], {}), 'module': (['-m', 'benchmark', 'report'], {'PYTHONPATH': str(ROOT)}),
    'safe folder': ([DOOR, 'report'], {'PYTHONSAFEPATH': '1'}), 'run.py': ([RUN], {}),
    'safe run.py': ([RUN], {'PYTHONSAFEPATH': '1'}), 'isolated': (['-I', RUN], {})}


@pytest.mark.parametrize('door', DOORS)
def test_every_door_opens_from_another_folder(door, tmp_path):
    """Nothing there, and nothing of the harness by its short name, is imported in place of another module."""
    for name in ('argparse', 'benchmark', 'warnings', 'errno'):
        (tmp_path / f'{name}.py').write_text(f'raise SystemExit("{name} of the user")', encoding='utf-8')
    words, variables = DOORS[door]
    environment = {**{name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}, **variables}
    folder = tmp_path if door != 'module' else ROOT  # which puts the current folder in front, as always
    done = subprocess.run([sys.executable, *map(str, words), '--nonsense'], cwd=folder, env=environment,
                          capture_output=True, text=True, check=False)
    name = 'run.py' if 'run.py' in door or door == 'isolated' else 'report'
    assert (done.returncode, done.stdout, done.stderr) == (2, '', f'{name}: unrecognized arguments: --nonsense\n')


@pytest.mark.parametrize('safe', ['', '1'])
@pytest.mark.parametrize('door', [DOOR, RUN], ids=['folder', 'run.py'])
def test_the_folder_of_the_harness_is_no_place_to_import_from(door, safe, tmp_path):
    hook = tmp_path / 'sitecustomize.py'
    hook.write_text('import atexit, sys\natexit.register(lambda: print("PATH", sys.path, file=sys.stderr))\n',
                    encoding='utf-8')
    done = subprocess.run([sys.executable, str(door), '--help'], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': str(tmp_path), 'PYTHONSAFEPATH': safe}, check=True)
    path = done.stderr.rpartition('PATH ')[2]
    assert path.startswith(f'[{str(ROOT)!r}, ') and f'{str(DOOR)!r}' not in path


def test_a_link_to_the_main_command_leads_to_its_checkout(tmp_path):
    link = tmp_path / 'bench'
    link.symlink_to(RUN)
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    done = subprocess.run([sys.executable, '-I', str(link), '--help'], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith('usage: ')


def test_main_of_the_door_can_be_called_from_a_script_without_a_guard(tmp_path):
    script = tmp_path / 'mine.py'
    script.write_text('import sys\nfrom benchmark.run import main\nsys.exit(main(["--nonsense"]))\n', encoding='utf-8')
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(ROOT)},
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, 'run.py: unrecognized arguments: --nonsense\n')
