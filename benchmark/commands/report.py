"""Renders the pages of a folder of records."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import LOCAL
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command

ABOUT = """examples:
  python -m benchmark report
  python -m benchmark report --data-root data    # with photographs, if they are there
  python -m benchmark report --reports reports   # the committed reference
The same records always give the same bytes.
exit codes: 0 rendered, 1 a page cannot be written, 2 wrong call, or a record that cannot be read, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds the folders."""
    parser.add_argument('--reports', type=Path, default=LOCAL, metavar='DIR',
                        help='folder with records/*.json; pages and figures are written into it (default: '
                             'reports/local, shown beside the reference in reports)')
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help='your data sets; photographs of published ones, which no record keeps, come from them')


def run(args: Namespace) -> int:
    """Renders, and names what was written."""
    from benchmark.reporting.refresh import reference_of
    from benchmark.reporting.render import render

    for path in render(args.reports, args.data_root, reference_of(args.reports)):
        print(path)
    return 0


COMMAND = Command('report', 'Render Markdown and figures from the records in a folder, and from nothing else.', ABOUT,
                  add_arguments, run)
main = COMMAND.main
