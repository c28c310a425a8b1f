"""Gets the published data sets and word vectors, and checks what is there; see ``--help``."""

from __future__ import annotations

import fcntl
import sys
import threading
import time
import warnings
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmark import terminal
from benchmark.errors import Parser, UsageError
from benchmark.planning.options import check_writable, known
from benchmark.running.progress import PLAIN_EVERY_S
from zs_methods.datasets.acquisition import AcquisitionError, Listener

DATASETS = ('voc', 'context', 'cocostuff')
#: Lines shown per kind of problem.
SHOWN = 20
EXAMPLES = """examples:
  python benchmark/prepare.py voc                           # download, unpack, convert; again: continues
  python benchmark/prepare.py cocostuff --from ~/downloads  # from archives or unpacked trees that are there
  python benchmark/prepare.py embeddings word2vec-google-news-300
  python benchmark/prepare.py embeddings ~/vectors.kv --datasets voc --words zebra,okapi
  python benchmark/prepare.py verify voc
exit codes: 0 done, 1 data wrong or incomplete, 2 wrong call, 130 interrupted."""


def parse(argv: Sequence[str] | None) -> Namespace:
    """Parses the command line.

    Raises:
        UsageError: a wrong call, in one line.
    """
    parser = Parser(prog='prepare.py', description=__doc__, epilog=EXAMPLES,
                    formatter_class=RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name in DATASETS:
        command = commands.add_parser(name, help=f"make the data set {name} in mmsegmentation's layout")
        command.add_argument('--from', dest='given', type=Path, metavar='DIR',
                             help='take archives or unpacked trees in or below this folder; download nothing')
    command = commands.add_parser('embeddings', help='extract the class vectors of the data sets')
    command.add_argument('source', metavar='NAME|FILE',
                         help="model of gensim's downloader, or a .bin .txt .vec .gz .kv .npz file")
    command.add_argument('--datasets', default=','.join(DATASETS), help='whose classes; names or YAML files')
    command.add_argument('--words', default='', help='further words, comma separated')
    command = commands.add_parser('verify', help='count images, masks, classes, ids and overlaps, and read every file')
    command.add_argument('dataset', help=f'{", ".join(DATASETS)} or a YAML file')
    for command in commands.choices.values():
        command.add_argument('--root', type=Path,
                             help='folder that holds the data sets (default: data, or the folder of the YAML file)')
    args = parser.parse_args(argv)
    if args.root is None:
        described = args.command == 'verify' and args.dataset.endswith(('.yaml', '.yml'))
        args.root = Path(args.dataset).parent if described else Path('data')
    return args


class Display(Listener):
    """Shows lines and progress: bars on a terminal, now and then a line elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(TextColumn('{task.description}'), BarColumn(), TextColumn('{task.fields[text]}'),
                             TimeRemainingColumn(), console=console, transient=True) if console.is_terminal else None
        self._task: tuple[str, TaskID | None] = ('', None)
        self._said, self._lock = time.monotonic(), threading.Lock()

    def __enter__(self) -> Display:
        """Shows the bars."""
        if self.bars:
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Removes the bars."""
        if self.bars:
            self.bars.stop()

    def line(self, text: str) -> None:
        """Prints one line above the bars."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def step(self, title: str, done: int, total: int, unit: str = 'files') -> None:
        """Moves the bar of a piece of work; another piece takes its place."""
        text = f'{done}/{total}' if unit == 'files' else f'{done / 1e6:.1f}/{total / 1e6:.1f} MB'
        with self._lock:
            if self.bars:
                if self._task[0] != title:
                    if self._task[1] is not None:
                        self.bars.remove_task(self._task[1])
                    self._task = title, self.bars.add_task(title, total=total, text=text)
                self.bars.update(self._task[1], completed=done, total=total, text=text)
            elif time.monotonic() - self._said >= PLAIN_EVERY_S:
                self._said = time.monotonic()
                self.line(f'{title} {text}')


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        int: 0 done, 1 data wrong or incomplete, 2 for a wrong call, 130 when interrupted.
    """
    warnings.filterwarnings('ignore')
    try:
        args = parse(argv)
        return _verify(args) if args.command == 'verify' else _prepare(args)
    except UsageError as error:
        return _fail(str(error), 2)
    except AcquisitionError as error:
        return _fail(str(error), 1)
    except OSError as error:
        where = error.filename or ('system' if error.errno else '')  # our own have no number and name the file
        return _fail(f'{where}: {error.strerror}' if where else str(error), 1)


def _fail(line: str, code: int) -> int:
    print(f'prepare.py: {" ".join(line.split())}', file=sys.stderr)
    return code


def _prepare(args: Namespace) -> int:
    from zs_methods.datasets.acquisition import cocostuff, context, embeddings, voc
    from zs_methods.datasets.acquisition.supply import Supply

    check_writable('--root', args.root)
    given = getattr(args, 'given', None)
    if given is not None and not given.is_dir():
        raise UsageError(f'--from {given}: no such folder')
    with _alone(args.root), Display(_console()) as display:
        if args.command == 'embeddings':
            datasets, words = _items(args.datasets), _items(args.words)
            try:
                incomplete = embeddings.prepare(args.source, args.root, datasets, words, display)
            except (KeyError, ValueError) as error:
                raise UsageError(_words(error)) from None
        else:
            prepare = {'voc': voc, 'context': context, 'cocostuff': cocostuff}[args.command].prepare
            incomplete = prepare(Supply(args.root, given, display))
        if not incomplete and args.command != 'embeddings':
            display.line(f'done; check it with: python benchmark/prepare.py verify {args.command} --root {args.root}')
    for line in incomplete:
        _fail(line, 1)
    return 1 if incomplete else 0


def _verify(args: Namespace) -> int:
    from zs_methods.datasets.acquisition.verify import verify
    from zs_methods.datasets.files import locate
    from zs_methods.datasets.names import visible
    from zs_methods.datasets.spec import load_spec

    if not args.dataset.endswith(('.yaml', '.yml')):
        known('data set', args.dataset, DATASETS)
    try:
        spec = load_spec(args.dataset)
    except (KeyError, ValueError) as error:
        text = _words(error)
        raise UsageError(text if args.dataset in text else f'{args.dataset}: {text}') from None
    root = locate(spec, args.root)
    if not root.is_dir():
        raise AcquisitionError(f'{visible(root)}: no such folder; --root is the folder that holds the data sets')
    console = _console()
    with Display(console) as display:
        findings = verify(spec, root, display)
    for kind, lines in findings.problems.items():
        for line in lines[:SHOWN]:
            print(f'{kind}: {line}', file=sys.stderr)
        if len(lines) > SHOWN:
            print(f'{kind}: and {len(lines) - SHOWN} more', file=sys.stderr)
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    say(f'{spec.title} in {visible(root)}')
    titles = 'subset', 'images', 'published', 'with mask'
    console.print(_table(titles, [(label, images, '-' if published is None else published, masks)
                                  for label, images, published, masks in findings.rows]))
    coverage = findings.coverage
    counts = [coverage.counts[label].tolist() for label in coverage.counts]
    console.print(_table(('images with', *coverage.counts), zip(map(escape, spec.classes), *counts, strict=True)))
    if findings.unread:
        say(f'{findings.unread} masks could not be read and are not counted')
    splits = {f'k{name}' if isinstance(name, int) else name: spec.unseen(name) for name in spec.splits}
    for line in coverage.warnings(splits):
        say(f'warning: {line}')
    if 'ids' in findings.problems:
        say(f'ids: {spec.lookup().known}')
    found = sum(map(len, findings.problems.values()))
    say(f'{found} problems' if found else 'no problems: every file was read')
    return 1 if found else 0


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of names and numbers."""
    table = Table()
    for i, title in enumerate(titles):
        table.add_column(title, justify='right' if i else 'left')
    for row in rows:
        table.add_row(*map(str, row))
    return table


def _console() -> Console:
    return terminal.console(100)


def _words(error: Exception) -> str:
    """An error's own words; KeyError would quote them."""
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(',') if item.strip()]


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps a second preparation off the same folder; the lock ends with the process, however that ends."""
    root.mkdir(parents=True, exist_ok=True)
    with open(root / '.prepare.lock', 'w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f'--root {root}: another prepare.py is at work there') from None
        yield
