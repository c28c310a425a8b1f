"""Writes results for other programs: every cell as CSV, the leaderboard as LaTeX."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import LOCAL
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import check_writable, known
from benchmark.planning.words import items

ABOUT = """examples:
  python -m benchmark export --dataset shapes --protocol zs3-clean --methods zs3,zsmmd --out tables
  python -m benchmark export --dataset shapes --score unseen_miou --reports reports    # of the committed reference
Writes results.csv, a line per cell under stable columns, and results.tex, a table for each card and network that needs
the package booktabs.
exit codes: 0 written, 1 a file cannot be written, 2 wrong call, or a record that cannot be read, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds what to export, and where to."""
    parser.add_argument('--dataset', required=True, metavar='NAME', help='one that has records')
    parser.add_argument('--protocol', metavar='NAME', help='one protocol card (default: all that have records)')
    parser.add_argument('--methods', default='', metavar='NAMES', help='comma-separated (default: all)')
    parser.add_argument('--model', metavar='NAME', help='one network (default: all that have records)')
    parser.add_argument('--score', default='hiou', metavar='NAME',
                        help='score of the LaTeX table, a column of the CSV such as unseen_miou (default: hiou)')
    parser.add_argument('--reports', type=Path, default=LOCAL, metavar='DIR',
                        help='folder with records/*.json (default: reports/local)')
    parser.add_argument('--out', type=Path, default=Path(), metavar='DIR', help='where to (default: here)')


def run(args: Namespace) -> int:
    """Writes both files, and names them.

    Raises:
        UsageError: nothing of that name has records, there is no such score, or records cannot be read.
    """
    from benchmark.reporting.choice import methods_of, sections_of
    from benchmark.reporting.export import SCORES, as_csv, as_latex
    from benchmark.reporting.render import load
    from benchmark.reporting.tables.markup import put

    known('score', args.score, SCORES)
    check_writable('--out', args.out)
    sections = sections_of(load(args.reports / 'records'), args.dataset, args.protocol, args.model)
    methods = methods_of(sections, items(args.methods))
    for name, text in (('results.csv', as_csv(sections, methods)),
                       ('results.tex', '\n'.join(as_latex(one, methods, args.score) for one in sections))):
        print(put(args.out / name, text))
    return 0


COMMAND = Command('export', 'Write every cell as CSV and the leaderboard as LaTeX.', ABOUT, add_arguments, run)
main = COMMAND.main
