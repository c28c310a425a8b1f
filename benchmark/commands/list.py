"""What there is to choose from: methods, data sets, cards, networks, launchers; see ``--help``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import DATA
from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.commands.listings import KINDS, show

ABOUT = """examples:
  python -m benchmark list
  python -m benchmark list methods networks
  python -m benchmark list methods --plugin path/to/mine.py
exit codes: 0 listed, 2 wrong call"""


def add_arguments(parser: Parser) -> None:
    """Adds what to list."""
    parser.add_argument('kinds', nargs='*', metavar='KIND', help=f'{", ".join(KINDS)}; all by default')
    parser.add_argument('--protocol', default='zs3-clean', help='card that the label access of methods is told for')
    parser.add_argument('--plugin', type=Path, action='append', default=[], metavar='FILE',
                        help='Python file with methods or launchers of yours')
    parser.add_argument('--data-root', type=Path, default=DATA, metavar='DIR',
                        help='folder that holds the data sets (default: data)')


def run(args: Namespace) -> int:
    """Prints a table for each kind.

    Raises:
        UsageError: no such kind, card or plugin.
    """
    from benchmark.errors import known
    from benchmark.planning.methods import load_plugins
    from zs_methods.protocols import PROTOCOLS

    kinds = [known('kind', kind, KINDS) for kind in args.kinds] or list(KINDS)
    load_plugins(args.plugin)
    known('protocol', args.protocol, PROTOCOLS)
    console = terminal.console(160)
    for kind in kinds:
        show(*KINDS[kind](args.protocol, args.data_root), console)
    return 0


COMMAND = Command('list', 'List methods, data sets, cards, networks and launchers.', ABOUT, add_arguments, run)
main = COMMAND.main
