"""Gets the published data sets and word vectors, and checks what is there; see ``--help``."""

from __future__ import annotations

import fcntl
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import DATA
from benchmark.commands import terminal
from benchmark.commands.arguments import Parser
from benchmark.commands.command import Command
from benchmark.errors import UsageError, check_writable, known
from benchmark.planning.words import items

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

DATASETS = ('voc', 'context', 'cocostuff')
#: Parts of these, which need no preparation of their own.
PARTS = {'voc-mini': 'voc'}
#: Lines shown per kind of problem.
SHOWN = 20
ABOUT = """examples:
  python -m benchmark prepare voc                           # download, unpack, convert; again: continues
  python -m benchmark prepare cocostuff --from ~/downloads  # from archives or unpacked trees that are there
  python -m benchmark prepare embeddings word2vec-google-news-300
  python -m benchmark prepare embeddings --from norm_embed_arr_300.pkl    # the vectors of the ZS3 code
  python -m benchmark prepare embeddings ~/vectors.kv --datasets voc --words zebra,okapi
  python -m benchmark prepare verify voc
exit codes: 0 done, 1 data wrong or incomplete, 2 wrong call, 130 interrupted"""


def add_arguments(parser: Parser) -> None:
    """Adds a subcommand for each data set, for word vectors and for the check."""
    commands = parser.add_subparsers(dest='command', required=True, metavar='ACTION')
    for name in DATASETS:
        command = commands.add_parser(name, aliases=[part for part, whole in PARTS.items() if whole == name],
                                      help=f"make the data set {name} in mmsegmentation's layout")
        command.add_argument('--from', dest='given', type=Path, metavar='DIR',
                             help='take archives or unpacked trees in or below this folder; download nothing')
    command = commands.add_parser('embeddings', help='extract the class vectors of the data sets')
    command.add_argument('source', metavar='NAME|FILE', nargs='?',
                         help="model of gensim's downloader, or a .bin .txt .vec .gz .kv .npz file, or the ZS3 code's "
                              'array of class vectors, .pkl')
    command.add_argument('--from', dest='file', metavar='FILE', help='the same for a file')
    command.add_argument('--datasets', default=','.join(DATASETS), help='whose classes; names or YAML files')
    command.add_argument('--words', default='', help='further words, comma separated')
    command = commands.add_parser('verify', help='count images, masks, classes, ids and overlaps, and read every file')
    command.add_argument('dataset', help=f'{", ".join((*DATASETS, *PARTS))} or a YAML file')
    for command in dict.fromkeys(commands.choices.values()):
        command.add_argument('--root', type=Path,
                             help='folder that holds the data sets (default: data, or the folder of the YAML file)')


def run(args: Namespace) -> int:
    """Prepares or verifies; returns 1 if data is wrong or incomplete."""
    from zs_methods.datasets.acquisition import AcquisitionError

    if args.root is None:
        described = args.command == 'verify' and args.dataset.endswith(('.yaml', '.yml'))
        args.root = Path(args.dataset).parent if described else DATA
    try:
        return _verify(args) if args.command == 'verify' else _prepare(args)
    except AcquisitionError as error:
        COMMAND.complain(str(error))
        return 1


# Files from anywhere are read here, about which libraries warn; what is wrong with one is said once, by its name.
COMMAND = Command('prepare', 'Get the published data sets and word vectors, and check what is there.', ABOUT,
                  add_arguments, run, unheard='')
main = COMMAND.main


def _prepare(args: Namespace) -> int:
    from benchmark.commands.display import Display
    from zs_methods.datasets.acquisition import cocostuff, context, embeddings, voc
    from zs_methods.datasets.acquisition.supply import Supply

    check_writable('--root', args.root)
    given = getattr(args, 'given', None)
    if given is not None and not given.is_dir():
        raise UsageError(f'--from {given}: no such folder')
    with _alone(args.root), Display(_console()) as display:
        if args.command == 'embeddings':
            datasets, words = items(args.datasets), items(args.words)
            try:
                incomplete = embeddings.prepare(_source(args), args.root, datasets, words, display)
            except (KeyError, ValueError) as error:
                raise UsageError(_words(error)) from None
        else:
            whole = PARTS.get(args.command, args.command)
            prepare = {'voc': voc, 'context': context, 'cocostuff': cocostuff}[whole].prepare
            incomplete = prepare(Supply(args.root, given, display))
        if not incomplete and args.command != 'embeddings':
            display.line(f'done; check it with: python -m benchmark prepare verify {args.command} --root {args.root}')
    for line in incomplete:
        COMMAND.complain(line)
    return 1 if incomplete else 0


def _source(args: Namespace) -> str:
    if (args.source is None) == (args.file is None):
        raise UsageError('prepare embeddings takes one source: NAME|FILE, or --from FILE')
    if args.file is not None and not Path(args.file).is_file():
        raise UsageError(f'--from {args.file}: no such file')
    return args.source or args.file


def _verify(args: Namespace) -> int:
    from rich.markup import escape

    from benchmark.commands.display import Display
    from zs_methods.datasets.acquisition import AcquisitionError
    from zs_methods.datasets.acquisition.verify import verify
    from zs_methods.datasets.files import locate
    from zs_methods.datasets.names import visible
    from zs_methods.datasets.spec import load_spec

    if not args.dataset.endswith(('.yaml', '.yml')):
        known('data set', args.dataset, (*DATASETS, *PARTS))
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
    from rich.table import Table

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


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps a second preparation off the same folder; the lock ends with the process, however that ends."""
    root.mkdir(parents=True, exist_ok=True)
    with open(root / '.prepare.lock', 'w', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f'--root {root}: another prepare is at work there') from None
        yield
