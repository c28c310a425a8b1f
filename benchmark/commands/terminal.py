"""Where commands print: text that any terminal can show, and on to the end when nobody reads it any more."""

from __future__ import annotations

import codecs
import contextlib
import errno
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from benchmark.running import interrupts

if TYPE_CHECKING:
    from rich.console import Console

#: What stands for signs that an encoding lacks; of other characters, the code is shown.
SPELLED = {'—': '-', '–': '-', '−': '-', '±': '+-', '×': 'x', '·': '.', '…': '...', '→': '->', '≤': '<=', '≥': '>=',
           '≠': '!=', '▲': '^', '△': '^', '▼': 'v', '▽': 'v', '‘': "'", '’': "'", '“': '"', '”': '"', '\xa0': ' '}
_ERRORS = 'benchmark.spelled'


def spell(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs, which writes what cannot be encoded in ASCII; undecoded bytes of a name as bytes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return ''.join(map(_spelled, error.object[error.start:error.end])), error.end


def _spelled(character: str) -> str:
    code = ord(character)
    if 0xdc80 <= code <= 0xdcff:  # what Python makes of a byte in a file's name that is not UTF-8
        return f'\\x{code - 0xdc00:02x}'
    if 0x2800 <= code <= 0x28ff:  # Braille, of which rich makes its spinner
        return '*'
    return SPELLED.get(character) or character.encode('ascii', 'backslashreplace').decode('ascii')


codecs.register_error(_ERRORS, spell)


class EnduringStream:
    """A text stream that takes everything in silence once its reader is gone, and is the given stream otherwise.

    A sweep so goes on to its records and reports without the terminal or the ``head`` that it printed to.

    Attributes:
        failure (OSError, optional): why nothing arrives any more.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.failure = stream, None

    def __getattr__(self, name: str) -> Any:
        """Everything else."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes, and says that all was written."""
        with self._surviving():
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        """Writes several texts."""
        self.write(''.join(lines))

    def flush(self) -> None:
        """Flushes."""
        with self._surviving():
            self._stream.flush()

    def spell_with(self, errors: str) -> None:
        """Chooses the handler of what cannot be encoded, where the stream has one."""
        if hasattr(self._stream, 'reconfigure'):
            with self._surviving():  # it flushes
                self._stream.reconfigure(errors=errors)

    @contextlib.contextmanager
    def _surviving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error
            with contextlib.suppress(OSError, ValueError):  # a stream without a file has nothing that could be replaced
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())  # which also ends what is still in the stream's buffer
                os.close(nowhere)


def guard(program: str, work: Callable[[], int]) -> int:
    """Does the work of a command, which prints to whatever standard output and error are.

    What their encoding lacks is spelled out. A reader that leaves early, such as ``head``, changes nothing but that
    it sees no more; another failure, such as a full disk, is said at the end, and the exit code is then not 0.

    SIGINT and SIGTERM end it with 130, wherever they strike.

    A current folder that was removed ends every command at once, with 2: the numerical libraries abort in it.

    Args:
        program (str): begins every line about a failure.
        work (Callable): returns the exit code.

    Returns:
        int: the exit code.
    """
    with _enduring('stderr'), _enduring('stdout') as out:
        try:
            os.getcwd()
        except OSError as error:
            complain(program, f'the current folder: {error.strerror}; change to one that exists')
            return 2
        with interrupts.listening():
            try:
                code = work()
                interrupts.check()  # which some library may have made another error of
            except KeyboardInterrupt:
                complain(program, 'interrupted; the same command continues where it was')
                code = 130
        out.flush()
        if out.failure is not None and out.failure.errno != errno.EPIPE:
            complain(program, f'standard output: {out.failure.strerror}')
            code = code or 1
    return code


def complain(program: str, text: str) -> None:
    """Prints one line on standard error, whatever the text."""
    print(f'{program}: {" ".join(line.strip() for line in text.splitlines())}', file=sys.stderr)


def command(main: Callable[[Sequence[str] | None], int]) -> Callable[..., int]:
    """Guards the ``main`` of a file, see `guard`; messages begin with the file's name."""
    @functools.wraps(main)
    def guarded(argv: Sequence[str] | None = None) -> int:
        return guard(Path(inspect.getfile(main)).name, lambda: main(argv))

    return guarded


def console(width: int, **options: Any) -> Console:
    """A console on standard output, as wide as the terminal, or `width` columns where there is none."""
    from rich.console import Console
    return Console(width=None if sys.stdout.isatty() else width, **options)


@contextlib.contextmanager
def _enduring(name: str) -> Iterator[EnduringStream]:
    """Replaces ``sys.stdout`` or ``sys.stderr`` for as long as a command runs."""
    before = getattr(sys, name)
    # None is what the caller closed, as in `>&-`; the file stays open, since a library may keep it.
    stream = before or open(os.devnull, 'w', encoding='utf-8')  # noqa: SIM115
    enduring, errors = EnduringStream(stream), getattr(stream, 'errors', None)
    setattr(sys, name, enduring)
    enduring.spell_with(_ERRORS)
    try:
        yield enduring
    finally:
        enduring.flush()
        enduring.spell_with(errors)
        setattr(sys, name, before)
