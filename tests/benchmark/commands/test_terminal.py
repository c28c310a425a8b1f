"""Tests of benchmark.commands.terminal: what commands do where text cannot be shown, or nobody reads it."""

import errno
import io
import json
import os
import subprocess
import sys

import pytest
from environments import COMMANDS, DOOR, NARROW, call
from rich.console import Console
from rich.table import Table

from benchmark.commands import terminal
from benchmark.commands.terminal import EnduringStream


def narrow_stream(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline='\n')


@pytest.mark.parametrize(('encoding', 'expected'), [
    ('ascii', r'- 3.1 +-0.5 x ... caf\xe9 \u72ac \xff'), ('latin-1', '- 3.1 ±0.5 × ... café \\u72ac \\xff'),
    ('utf-8', '— 3.1 ±0.5 × … café 犬 \\xff')])
def test_what_an_encoding_lacks_is_spelled(monkeypatch, encoding, expected):
    stream = narrow_stream(encoding)
    monkeypatch.setattr(sys, 'stdout', stream)

    @terminal.command
    def main(argv):
        print('— 3.1 ±0.5 × … café 犬 \udcff')  # the last as Python has a byte that is not UTF-8 in a file's name
        return 3

    assert main([]) == 3
    assert sys.stdout is stream and stream.errors == 'strict'
    assert stream.buffer.getvalue().decode(encoding) == f'{expected}\n'


def test_tables_are_drawn_in_ascii(monkeypatch):
    stream = narrow_stream('ascii')
    monkeypatch.setattr(sys, 'stdout', stream)

    @terminal.command
    def main(argv):
        table = Table('hIoU')
        table.add_row('±1')
        terminal.console(40).print(table)
        return 0

    assert main() == 0
    lines = stream.buffer.getvalue().decode('ascii').splitlines()
    assert lines[:4] == ['+------+', '| hIoU |', '|------|', '| +-1   |']


class Broken(io.StringIO):
    """A stream whose file is a pipe that nobody reads."""

    def __init__(self, number=errno.EPIPE):
        super().__init__()
        self.number, self.taken = number, 0

    def write(self, text):
        self.taken += 1
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize(('number', 'code', 'said'), [
    (errno.EPIPE, 0, ''), (errno.ENOSPC, 1, 'standard output: No space left on device')])
def test_a_command_goes_on_when_nothing_it_prints_arrives(monkeypatch, capsys, number, code, said):
    stream, done = Broken(number), []
    monkeypatch.setattr(sys, 'stdout', stream)

    @terminal.command
    def main(argv):
        for line in range(3):
            print(line)
            Console().print(line)
            sys.stdout.flush()
        done.append(True)
        return 0

    assert main() == code and done and stream.taken > 1
    assert said in capsys.readouterr().err


def test_a_pipe_without_a_reader_becomes_nothing(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, 'w', encoding='utf-8') as pipe:
        stream = EnduringStream(pipe)
        stream.write('x' * 100_000)
        stream.flush()
        assert isinstance(stream.failure, BrokenPipeError)
        stream.writelines(['more', 'still more'])
        assert os.path.sameopenfile(pipe.fileno(), os.open(os.devnull, os.O_WRONLY))
        assert not pipe.isatty() and stream.encoding == 'utf-8'


def test_a_closed_standard_output_is_none(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', None)

    @terminal.command
    def main(argv):
        terminal.console(100).print('nothing')
        return 0

    assert main() == 0 and sys.stdout is None


@pytest.mark.parametrize('narrow', NARROW)
@pytest.mark.parametrize('command', ['published', 'show'])
def test_tables_come_out_whole(command, narrow):
    words = ('k2_zs3-clean_tiny_zs3_seed0',) if command == 'show' else ()
    done = call(command, *words, variables=NARROW[narrow])
    assert (done.returncode, done.stderr) == (0, b'')
    lines = done.stdout.decode('latin-1' if narrow == 'latin-1' else 'ascii').splitlines()
    assert len(lines) > 20 and any('hIoU' in line for line in lines) and any('+---' in line for line in lines)


def test_a_reader_that_leaves_ends_a_table_in_silence():
    reader, writer = os.pipe()
    os.close(reader)
    done = call('published', stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b'')


def test_help_for_a_reader_that_leaves_or_is_not_there():
    for redirected in ('| head -1', '>&-', '2>&1 >/dev/null | head -1'):
        line = f'"{sys.executable}" -W ignore "{DOOR}" compare --help {redirected}'
        done = subprocess.run(['bash', '-o', 'pipefail', '-c', line], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b''), redirected


def test_a_current_folder_that_is_gone_is_one_line(tmp_path):
    gone = tmp_path / 'gone'
    gone.mkdir()
    done = call('report', before=['sh', '-c', 'rmdir "$PWD" && exec "$@"', 'sh'], cwd=gone)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.decode() == 'report: the current folder: No such file or directory; change to one that exists\n'


@pytest.mark.slow
@pytest.mark.parametrize('narrow', NARROW)
@pytest.mark.parametrize('command', COMMANDS)
def test_every_command_helps(command, narrow):
    done = call(command, '--help', variables=NARROW[narrow])
    assert done.returncode == 0 and b'usage' in done.stdout.lower()
    assert b'Traceback' not in done.stderr


@pytest.fixture
def micro(micro_root, micro_options, tmp_path):
    """Words of a run of seconds, and where its records are."""
    words = ['--methods', 'zs3', '--ks', '2', '--device', 'cpu', '--launcher', 'inline', '--data-root', micro_root,
             '--work-dir', tmp_path / 'work', '--reports', tmp_path / 'reports', '--cfg-options',
             *micro_options('generator')]
    return words, tmp_path / 'reports'


@pytest.mark.slow
def test_a_sweep_ends_with_its_records_when_its_reader_leaves(micro):
    words, reports = micro
    reader, writer = os.pipe()
    os.close(reader)
    done = call('run', *words, stdout=writer, stderr=writer)
    os.close(writer)
    assert done.returncode == 0
    found = [json.loads(path.read_text(encoding='utf-8')) for path in (reports / 'records').glob('*.json')]
    assert [record['status'] for record in found] == ['done'] * 3
    assert (reports / 'shapes.md').is_file()


@pytest.mark.slow
def test_a_sweep_ends_with_its_table_where_there_is_only_ascii(micro):
    words, reports = micro
    done = call('run', *words, variables=NARROW['C'])
    assert (done.returncode, done.stderr) == (0, b'')
    text = done.stdout.decode('ascii')
    assert '+- is the 95% t-interval' in text and f'report: {reports / "shapes.md"}' in text
