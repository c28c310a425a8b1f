"""What all commands have in common."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.errors import UsageError
from benchmark.running.devices import UNHEARD, contained


@dataclass(frozen=True)
class Command:
    """A command of ``python -m benchmark``; a file of this folder has one as ``COMMAND``, and its `main` as ``main``.

    Files of commands are imported for every ``--help``: what is heavy, `run` imports.

    Attributes:
        name (str): the first word after ``python -m benchmark``.
        summary (str): one sentence.
        about (str): examples and exit codes, shown below the arguments.
        arguments (Callable): adds its arguments to a parser.
        run (Callable): does what the parsed arguments ask for and returns the exit code, see `main`.
        program (str): begins the lines about failures; the name by default.
        call (str): how it is called, for the line on usage; by default through ``python -m benchmark``.
        abbreviations (bool): an option may be shortened to what no other begins with.
        unheard (str): pattern of modules whose warnings are not shown; they are about code that no user can mend.
    """

    name: str
    summary: str
    about: str
    arguments: Callable[[Parser], None]
    run: Callable[[Namespace], int]
    program: str = ''
    call: str = ''
    abbreviations: bool = True
    unheard: str = UNHEARD

    def parse(self, argv: Sequence[str] | None = None) -> Namespace:
        """Parses words, or those that the process was called with.

        Raises:
            UsageError: a wrong call, in one line.
            SystemExit: the words ask for help, which is now printed.
        """
        parser = Parser(prog=self.call or f'python -m benchmark {self.name}', description=self.summary,
                        epilog=self.about, allow_abbrev=self.abbreviations)
        self.arguments(parser)
        return parser.parse_args(argv)

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Parses and runs; every failure that is no bug is one line on standard error.

        Returns:
            int: what `run` returns: 0, or 1 where something failed or differs; 1 for an error of the system, 2 for a
            wrong call or a missing package, 130 when interrupted.
        """
        return terminal.guard(self.program or self.name, lambda: self._attempt(argv))

    def complain(self, text: str) -> None:
        """Prints a line about a failure."""
        terminal.complain(self.program or self.name, text)

    def _attempt(self, argv: Sequence[str] | None) -> int:
        with contained(self.unheard):
            try:
                return self.run(self.parse(argv))
            except (UsageError, ImportError) as error:
                self.complain(str(error))
                return 2
            except OSError as error:
                # One that this code has raised has no number, and names the file itself.
                self.complain(f'{error.filename or "system"}: {error.strerror}' if error.errno else str(error))
                return 1
