"""Says what differs between two records, and whether their numbers differ beyond noise; see ``--help``."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark import REFERENCE
from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError
from benchmark.records.differences import OWN, differences, first_stage
from benchmark.records.files import Record, Status, find_record, load_record, record_folders
from benchmark.records.values import difference, number

ABOUT = """examples:
  python -m benchmark compare k2_zs3-clean_tiny_zs3_seed0 k2_zs3-clean_tiny_zsmmd_seed0
  python -m benchmark compare k2_zs3-clean_tiny_zs3_seed0    # one of your runs with the reference
  python -m benchmark compare reports/records/shapes_k2_zs3-clean_tiny_zs3_seed0_379cbb87.json other/records/...json
Images: validation images are drawn with replacement, the same for both. Seeds: all finished records of the same
settings beside A and B. A difference is beyond noise only if both say so.
exit codes: 0 compared, 1 the numbers cannot be compared, 2 wrong call or a record that cannot be read,
130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds the two records and where to look."""
    parser.add_argument('A', help="a record's path, or a part of its name that no other has")
    parser.add_argument('B', nargs='?', help="another one (default: the reference's record of A)")
    parser.add_argument('--reports', type=Path, metavar='DIR',
                        help='folder with records/*.json (default: reports/local, then the reference in reports)')


def run(args: Namespace) -> int:
    """Prints what differs, then the numbers; returns 1 if they cannot be compared.

    Raises:
        UsageError: there is no such record, or one of them, or a record beside it, cannot be read.
    """
    console = terminal.console(160, soft_wrap=not sys.stdout.isatty())
    try:
        folders = record_folders(args.reports)
        path = find_record(args.A, *folders)
        paths = [path, find_record(args.B, *folders) if args.B else _of_reference(path)]
        first, second = map(load_record, paths)
        show_differences(first, second, console)
        reason = why_not(first, second)
        if not reason:
            show_scores(first, second, console)
            reason = without_hiou(first, second)
        if reason:
            console.print(Text(f'the numbers cannot be compared: {reason}'))
            return 1
        from benchmark.commands.noise import noise
        for line in noise(first, second, paths):
            console.print(Text(line))
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    return 0


COMMAND = Command('compare', 'Say what differs between two records, and whether their numbers differ beyond noise.',
                  ABOUT, add_arguments, run)
main = COMMAND.main


def _of_reference(path: Path) -> Path:
    """The committed record of the cell that a record is of."""
    other = REFERENCE / 'records' / path.name
    if not other.is_file() or other.resolve() == path.resolve():
        raise UsageError(f'{path.stem}: the reference has no other record of this cell; name a second one')
    return other


def show_differences(first: Record, second: Record, console: Console) -> None:
    """Prints what the records are about and what they have differently."""
    for name, record in zip('AB', (first, second), strict=True):
        cell = record.cell
        console.print(Text(f'{name}: {cell.dataset} {cell.split} {cell.protocol} {cell.model} {cell.named} '
                           f'seed {cell.seed}: {record.status.value}, key {record.key}'))
    found = differences(first, second)
    if found:
        table = Table(title='what differs')
        for title in ('', 'what', 'A', 'B'):
            table.add_column(title, overflow='fold')
        before = ''
        for area, *line in found:
            table.add_row('' if area == before else area, *map(Text, line))
            before = area
        console.print(table)
        others = dict.fromkeys(area for area, *_ in found if area not in OWN)
        if others:
            console.print(Text(f'{", ".join(others)} differ too: a difference in numbers may be theirs'))
    else:
        console.print('nothing that can matter for a number differs')
    console.print(Text(first_stage(first, second)))


def show_scores(first: Record, second: Record, console: Console) -> None:
    """Prints both records' mIoU and hIoU and their differences."""
    table = Table(title=Text(f'mIoU in percent, {first.images} images'))
    for title in ('', 'A', 'B', 'A - B'):
        table.add_column(title, justify='right' if title else 'left')
    scores = [[*(getattr(metrics, group).miou for group in ('seen', 'unseen', 'overall')), metrics.hiou]
              for metrics in (first.metrics, second.metrics)]
    for name, one, other in zip(('seen', 'unseen', 'overall', 'hIoU'), *scores, strict=True):
        table.add_row(name, number(one, 2), number(other, 2), number(difference(one, other), 2, sign=True))
    console.print(table)


def why_not(first: Record, second: Record) -> str:
    """Why the numbers of two records mean different things; empty if they can be compared."""
    for name, record in zip('AB', (first, second), strict=True):
        if record.status is not Status.DONE:
            return f'{name} is {record.status.value}' + (f' ({record.reason})' if record.reason else '')
    unseen = [sorted(record.classes[c] for c in record.unseen) for record in (first, second)]
    data = [(record.provenance.get('data') or {}).get('sha256', '') for record in (first, second)]
    for what, one, other in (
            ('data sets', first.cell.dataset, second.cell.dataset), ('data', first.cell.data, second.cell.data),
            ('classes', first.classes, second.classes), ('unseen classes', *unseen),
            ('numbers of images', first.images, second.images), ('fingerprints of the data', *data)):
        if one != other:
            texts = [', '.join(value) if isinstance(value, list) else str(value) or 'none' for value in (one, other)]
            return f'their {what} differ: {texts[0]} and {texts[1]}'
    return ''


def without_hiou(first: Record, second: Record) -> str:
    """Why there is no hIoU to compare; empty if there is, or if every pixel count agrees."""
    missing = [name for name, record in zip('AB', (first, second), strict=True) if record.metrics.hiou is None]
    if not missing or first.confusion == second.confusion:
        return ''
    return f'no hIoU of {" and ".join(missing)}, for want of ground truth of an unseen class, or of a seen one'
