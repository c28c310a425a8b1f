"""Prints a script that completes commands and options in a shell; see ``--help``."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace

from benchmark import ROOT
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError

#: What the script calls ``python -m benchmark``: shells complete by the name of a command.
ALIAS = 'gzs3'
SHELLS = ('bash', 'zsh', 'tcsh')
ABOUT = f"""examples:
  source <(python -m benchmark completion bash)       # this shell; put the line into ~/.bashrc for all
  {ALIAS} run --me<TAB> zs3 --ks 2                       # {ALIAS} is python -m benchmark of this checkout
Needs shtab: pip install -e '.[completion]' -c constraints.txt
exit codes: 0 printed, 2 wrong call or a missing package"""


def add_arguments(parser: Parser) -> None:
    """Adds the shell."""
    parser.add_argument('shell', choices=SHELLS, metavar='SHELL', help=', '.join(SHELLS))


def whole() -> Parser:
    """One parser of all commands, each with its options."""
    from benchmark.commands import NAMES, module_of

    parser = Parser(prog=ALIAS, add_help=True)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND')
    for name in NAMES:
        command = module_of(name).COMMAND
        command.arguments(commands.add_parser(name, help=command.summary))
    return parser


def run(args: Namespace) -> int:
    """Prints the script.

    Raises:
        UsageError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise UsageError('completion needs a package: pip install shtab') from None
    call = f'{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / "benchmark"))}'
    print(f"alias {ALIAS} '{call}'" if args.shell == 'tcsh' else f'{ALIAS}() {{ {call} "$@"; }}')
    print(shtab.complete(whole(), shell=args.shell))
    return 0


COMMAND = Command('completion', 'Print a script that completes commands and options in a shell.', ABOUT, add_arguments,
                  run)
main = COMMAND.main
