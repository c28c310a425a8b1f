"""Prints published numbers and how far each can be trusted; see ``--help``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError
from benchmark.planning.words import items
from zs_methods.wording import nearest

if TYPE_CHECKING:
    from benchmark.reporting.published.values import Published

ABOUT = """examples:
  python -m benchmark published --dataset voc
  python -m benchmark published --method ZS3Net,zsmmd --markdown
exit codes: 0 printed, 2 wrong call, or a table that is damaged, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds what to print."""
    parser.add_argument('--dataset', default='all', metavar='NAME', help='voc, context, cocostuff or all (default)')
    parser.add_argument('--method', default='', metavar='NAMES',
                        help='comma-separated: names of the tables, such as "ZS3Net", or of methods here, such as zs3')
    parser.add_argument('--markdown', action='store_true', help='print Markdown')


def run(args: Namespace) -> int:
    """Prints what was chosen.

    Raises:
        UsageError: unknown data set or method, or a damaged table.
    """
    from benchmark.reporting.published.facts import PublishedError

    try:
        chosen = choose(args.dataset, args.method)
    except PublishedError as error:
        raise UsageError(str(error)) from error
    (_print_markdown if args.markdown else _print_tables)(chosen)
    return 0


COMMAND = Command('published', 'Print published numbers and how far each can be trusted, without any run.', ABOUT,
                  add_arguments, run)
main = COMMAND.main


def choose(dataset: str = 'all', methods: str = '') -> dict[str, list[Published]]:
    """The published results by data set; those without any are left out.

    Raises:
        UsageError: unknown data set or method; the message lists the known ones.
    """
    from benchmark.reporting.published.facts import load_facts
    from benchmark.reporting.published.values import load_published

    known = load_facts().datasets
    if dataset != 'all' and dataset not in known:
        raise UsageError(f'unknown data set {dataset!r}: did you mean {nearest(dataset, [*known, "all"])!r}? published '
                         f'numbers are known for: {", ".join(known)}, all')
    rows = {name: load_published(name) for name in known}
    names = {name for part in rows.values() for row in part for name in _names(row)}
    wanted = {name.lower() for name in items(methods)}
    unknown = sorted(wanted - names)
    if unknown:
        raise UsageError(f'no published numbers of {", ".join(unknown)}: did you mean {nearest(unknown[0], names)!r}? '
                         f'known: {", ".join(sorted(names))}')
    chosen = {name: [row for row in part if not wanted or wanted & _names(row)]
              for name, part in rows.items() if dataset in ('all', name)}
    return {name: part for name, part in chosen.items() if part}


def _names(row: Published) -> set[str]:
    return {name.lower() for name in (row.method, *row.facts.own)}


def _content(rows: Sequence[Published]) -> dict[Published, str]:
    """The methods of this repository that follow each row."""
    from benchmark.reporting.published import tables as published_tables

    return {row: ', '.join(published_tables.implemented(row)) or published_tables.NONE for row in rows}


def _print_markdown(chosen: dict[str, list[Published]]) -> None:
    from benchmark.reporting.published import tables as published_tables
    from benchmark.reporting.published.facts import load_facts
    from benchmark.reporting.published.values import IDENTITY_TOLERANCE
    from benchmark.reporting.tables.markup import fill

    datasets = [(name, load_facts().datasets[name].title, published_tables.whole(rows, _content(rows),
                                                                                published_tables.claims(name)))
                for name, rows in chosen.items()]
    print(fill('published_page.md.j2', datasets=datasets, identity_tolerance=IDENTITY_TOLERANCE), end='')


def _print_tables(chosen: dict[str, list[Published]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from benchmark.reporting.published import tables as published_tables

    console = terminal.console(180, highlight=False)
    for name, rows in chosen.items():
        references = published_tables.References(rows)
        for split, group in published_tables.by_split(rows).items():
            frame = published_tables.listing(group, references, _content(group))
            table = Table(title=Text(f'{name}, {split}: mIoU in percent'))
            for column in frame.columns:
                table.add_column(Text(column), justify='right' if column in published_tables.SCORES else 'left')
            for row in frame.itertuples(index=False):
                table.add_row(*map(Text, row))
            console.print(table)
        console.print(Text(f'{published_tables.UNVERIFIED}: unverified, recalled and not read in the paper; '
                           f'{published_tables.CONTRADICTING}: contradicts the other values, see the note'))
        for protocol, summary in published_tables.protocols(rows):
            console.print(Text(f'protocol {protocol}: {summary}'))
        for claim in published_tables.claims(name):
            console.print(Text(f'Papers with Code lists "{claim.claim}, {claim.score} '
                               f'{published_tables.plain(claim.value)}": {claim.verdict}'))
        for mark, text in references.lines:
            console.print(Text(f'{mark}: {text}'))
        console.print()
