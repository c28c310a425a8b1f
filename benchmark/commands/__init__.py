"""The commands: one file each, with its helpers beside it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from benchmark.commands import terminal
from benchmark.errors import UsageError, known

NAMES = ('run', 'list', 'config', 'report', 'export', 'show', 'compare', 'predict', 'select', 'ablate', 'new-method',
         'check', 'doctor', 'prepare', 'published', 'import_zs3', 'metafiles', 'perf', 'completion')
PROGRAM = 'benchmark'


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that the first word names, or lists all commands.

    Returns:
        int: the command's exit code; 0 for the list if it was asked for, 2 if there is no such command.
    """
    words = [*(sys.argv[1:] if argv is None else argv)]  # `list` is a command here, once it was imported
    if words and words[0] in NAMES:
        return module_of(words[0]).main(words[1:])
    return terminal.guard(PROGRAM, lambda: _without_command(words))


def _without_command(words: Sequence[str]) -> int:
    if words == ['--version']:
        print(_version())
        return 0
    if not words or words[0] in ('-h', '--help'):
        print('\n'.join(_overview()), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    try:
        known('command', words[0], NAMES)
    except UsageError as error:
        terminal.complain(PROGRAM, str(error))
    return 2


def _overview() -> list[str]:
    """The commands and what they do, a line each."""
    width = max(map(len, NAMES))
    return ['usage: python -m benchmark COMMAND ...', '', 'commands:',
            *(f'  {name:<{width}}  {_summary(name)}' for name in NAMES), '',
            'COMMAND --help tells more; --version: the version and the commit.']


def _version() -> str:
    """The version and, in a checkout, the commit and whether files differ from it."""
    from benchmark import __version__
    from benchmark.records import checkout

    found = checkout.state()
    commit = f'commit {found["sha"]}{", changed" if found["dirty"] else ""}' if found['sha'] else 'no checkout of git'
    return f'{PROGRAM} {__version__} ({commit})'


def _summary(name: str) -> str:
    return module_of(name).COMMAND.summary


def module_of(name: str) -> ModuleType:
    """The file of a command."""
    return importlib.import_module(f'benchmark.commands.{name.replace("-", "_")}')
