"""Prints published numbers and how far each can be trusted, without any run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmark import terminal
from benchmark.errors import Parser, UsageError
from benchmark.reporting.published import tables as published_tables
from benchmark.reporting.published.facts import PublishedError, load_facts
from benchmark.reporting.published.values import Published, load_published


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line: 0 when printed, 2 for a wrong call."""
    parser = Parser(prog='published.py', description=__doc__)
    parser.add_argument('--dataset', default='all', metavar='NAME', help='voc, context, cocostuff or all (default)')
    parser.add_argument('--method', default='', metavar='NAMES',
                        help='comma-separated: names of the tables, such as "ZS3Net", or of methods here, such as zs3')
    parser.add_argument('--markdown', action='store_true', help='print Markdown')
    try:
        arguments = parser.parse_args(argv)
        chosen = choose(arguments.dataset, arguments.method)
    except (UsageError, PublishedError) as error:
        print(f'{parser.prog}: {error}', file=sys.stderr)
        return 2
    (_print_markdown if arguments.markdown else _print_tables)(chosen)
    return 0


def choose(dataset: str = 'all', methods: str = '') -> dict[str, list[Published]]:
    """The published results by data set; those without any are left out.

    Raises:
        UsageError: unknown data set or method; the message lists the known ones.
    """
    known = load_facts().datasets
    if dataset != 'all' and dataset not in known:
        raise UsageError(f'unknown data set {dataset!r}; published numbers are known for: {", ".join(known)}, all')
    rows = {name: load_published(name) for name in known}
    names = {name for part in rows.values() for row in part for name in _names(row)}
    wanted = {name.strip().lower() for name in methods.split(',') if name.strip()}
    unknown = sorted(wanted - names)
    if unknown:
        raise UsageError(f'no published numbers of {", ".join(unknown)}; known: {", ".join(sorted(names))}')
    chosen = {name: [row for row in part if not wanted or wanted & _names(row)]
              for name, part in rows.items() if dataset in ('all', name)}
    return {name: part for name, part in chosen.items() if part}


def _names(row: Published) -> set[str]:
    return {name.lower() for name in (row.method, *row.facts.own)}


def _content(rows: Sequence[Published]) -> dict[Published, str]:
    """The methods of this repository that follow each row."""
    return {row: ', '.join(published_tables.implemented(row)) or published_tables.NONE for row in rows}


def _print_markdown(chosen: dict[str, list[Published]]) -> None:
    from benchmark.reporting.published.values import IDENTITY_TOLERANCE
    from benchmark.reporting.tables.markup import fill

    datasets = [(name, load_facts().datasets[name].title, published_tables.whole(rows, _content(rows),
                                                                                published_tables.claims(name)))
                for name, rows in chosen.items()]
    print(fill('published_page.md.j2', datasets=datasets, identity_tolerance=IDENTITY_TOLERANCE), end='')


def _print_tables(chosen: dict[str, list[Published]]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = terminal.console(180, highlight=False)
    summaries = load_facts().protocols
    for name, rows in chosen.items():
        references = published_tables.References(rows)
        for protocol, group in published_tables.by_protocol(rows).items():
            frame = published_tables.listing(group, references, _content(group))
            table = Table(title=Text(f'{name}, protocol {protocol}: {summaries[protocol].summary}; mIoU in percent'))
            for column in frame.columns:
                table.add_column(Text(column), justify='right' if column in published_tables.SCORES else 'left')
            for row in frame.itertuples(index=False):
                table.add_row(*map(Text, row))
            console.print(table)
        for claim in published_tables.claims(name):
            console.print(Text(f'Papers with Code lists "{claim.claim}, {claim.score} '
                               f'{published_tables.plain(claim.value)}": {claim.verdict}'))
        for mark, text in references.lines:
            console.print(Text(f'{mark}: {text}'))
        console.print()
