"""Says what of this environment is known to break, what is there, and what to do; see ``--help``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmark import DATA, WORK
from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command

ABOUT = """examples:
  python -m benchmark doctor
  python -m benchmark doctor --data-root /data
ok: does not apply here. handled: applies, and this project gets by; what it costs is said. problem: something will
fail; the last column says what to do.
exit codes: 0 nothing is wrong, 1 there are problems, 2 wrong call"""
_STYLES = {'problem': 'bold red', 'handled': 'yellow', 'ok': 'green'}


def add_arguments(parser: Parser) -> None:
    """Adds the folders that are looked at."""
    parser.add_argument('--data-root', type=Path, default=DATA, metavar='DIR',
                        help='folder that holds the data sets (default: data)')
    parser.add_argument('--work-dir', type=Path, default=WORK, metavar='DIR',
                        help='folder of the artifacts (default: work_dirs)')


def run(args: Namespace) -> int:
    """Prints versions, known breakages and data; returns 1 if something will fail."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from benchmark.commands import breakages
    from benchmark.commands.findings import data_rows, machine_rows, version_rows

    console = terminal.console(140)

    def show(title: str, *titles: str, rows: list[tuple[str, ...]]) -> None:
        table = Table(*titles, title=Text(title), title_justify='left', box=SIMPLE_HEAD, pad_edge=False,
                      show_header=any(titles))
        for row in rows:
            table.add_row(*(Text(cell, _STYLES.get(cell, '')) for cell in row))
        console.print(table)

    findings = breakages.examine()
    show('Versions', '', '', rows=version_rows())
    show('Machine', '', '', rows=machine_rows(args.work_dir))
    show('Known breakages of torch, mmcv, mmengine and mmseg', 'what', 'here', 'because', 'what to do',
         rows=[(one.what, one.state, one.because, one.todo) for one in findings])
    show('Data sets', 'data set', 'images', 'word vectors', 'what to do', rows=data_rows(args.data_root))
    problems = [one for one in findings if one.state == 'problem']
    for one in problems:
        console.print(Text(f'problem: {one.what}: {one.because}. {one.todo}'), soft_wrap=True)
    console.print(f'{len(problems)} problems' if problems else 'no problems', highlight=False)
    return 1 if problems else 0


COMMAND = Command('doctor', 'Say which known breakages apply here, what is installed and found, and what to do.',
                  ABOUT, add_arguments, run)
main = COMMAND.main
