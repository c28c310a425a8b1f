"""Chooses a method's settings on held-out seen classes; see ``--help``.

For a split, some of its seen classes play the unseen ones. The real unseen classes are ignored, and every image that
holds one takes no part; scored are the training images that hold a held-out class. No validation image and no unseen
class has a say. With ``--ks`` left out, the split is the largest K: where splits are nested, its seen classes are
unseen at no other K, so one choice serves them all.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmark import terminal
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.records.selections import Selection

EXAMPLES = """examples:
  python -m benchmark select --methods zs3 --grid classifier.unseen_weight=10,30,100 generator.iterations=400,800
  python -m benchmark select --methods zs3 --ks 10 --folds 5 --held-out 2 --seeds 0,1 --grid generator.samples=32,64
  python -m benchmark select --methods zs3,zsmmd --dataset voc --data-root data --cfg-options generator.samples=32
further options, as for run.py: --methods --ks (one) --splits (one) --seeds --dataset --protocol --train-list
--data-root --model --backbone-weights --pretraining --vectors --work-dir --reports --plugin --cfg-options --device
--processes --force --fail-fast --dry-run
The choice is the highest mean hIoU; of all settings whose paired difference to it is within one standard error, the
first in the order of the grid: put cheap values first. It is written, with every score, to <reports>/selection/.
exit codes: 0 chosen, 1 some trainings failed or are missing, or no fold has an hIoU, 2 wrong call, 130 interrupted
(the same command continues)."""


@terminal.command
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Returns:
        int: the exit code, see `EXAMPLES`.
    """
    warnings.filterwarnings('ignore', module='mmengine|mmcv|mmseg|PIL')
    try:
        return _run(parse(argv))
    except (UsageError, ImportError) as error:
        print(f'select.py: {error}', file=sys.stderr)
        return 2
    except OSError as error:
        print(f'select.py: {error}', file=sys.stderr)
        return 1


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parses the command line: its own options, and those of ``run.py``.

    Raises:
        UsageError: a wrong call, in one line.
    """
    from benchmark.arguments import Settings
    from benchmark.planning import options

    parser = options.Parser(prog='select.py', description="Choose a method's settings on held-out seen classes.",
                            epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument('--grid', action=Settings, metavar='KEY=VALUE,VALUE,...',
                        help='settings and the values to try, e.g. generator.iterations=400,800')
    parser.add_argument('--folds', type=int, default=3, metavar='N', help='draws of held-out classes (default: 3)')
    parser.add_argument('--held-out', type=int, default=3, metavar='N', help='classes in a draw (default: 3)')
    own, others = parser.parse_known_args(argv)
    args = options.parse(others)
    if args.list:
        raise UsageError('--list: run.py --list prints the methods')
    if own.folds < 1 or own.held_out < 1:
        raise UsageError(f'--folds and --held-out take a number from 1, got {own.folds} and {own.held_out}')
    args.folds, args.held_out = own.folds, own.held_out
    args.grid = {key: values if isinstance(values, list) else [values] for key, values in own.grid.items()}
    for key, values in args.grid.items():
        if not values or any(values.count(value) > 1 for value in values):
            raise UsageError(f'--grid {key}: every value once, got {values}')
        if key in args.cfg_options:
            raise UsageError(f'--grid {key}: --cfg-options sets it too')
    return args


def _run(args: argparse.Namespace) -> int:
    import logging

    from mmengine.logging import MMLogger

    from benchmark.launchers.launch import launch
    from benchmark.planning.options import select_device
    from benchmark.planning.request import prepare_data
    from benchmark.planning.selection_plan import plan, summarise
    from benchmark.running.progress import Reporter
    from benchmark.store.artifacts import ArtifactStore

    args.device = select_device(args.device)
    console = terminal.console(120)
    task, plans = plan(args)
    cells = [cell for groups in plans.values() for group in groups for cell in group]
    store = ArtifactStore(args.work_dir / 'artifacts', warn=lambda line: console.print(line, markup=False))
    if args.dry_run:
        nodes = {node.key: node for cell in cells for node in cell.nodes}
        reused = 0 if args.force else sum(store.exists(node.name, key) for key, node in nodes.items())
        console.print(f'{len(cells)} cells, {len(nodes)} distinct stages: {reused} reused, {len(nodes) - reused} to '
                      'run', highlight=False)
        return 0
    MMLogger.get_instance('mmengine', log_level=logging.WARNING)
    source = prepare_data(args, task, console)
    incomplete = False
    with Reporter(console, len(cells)) as reporter:
        store.warn = reporter.line
        # These records are the memory of an interrupted selection; no table of results may show them.
        records = iter(launch(args, cells, store, args.work_dir / 'selection', reporter, source))
        finished = {name: [[next(records) for _ in group] for group in groups] for name, groups in plans.items()}
    for name, groups in plans.items():
        selection = summarise(args, task, name, groups, finished[name], source)
        path = save(args.reports / 'selection', selection)
        show(selection, console)
        console.print(f'selection: {path}', highlight=False, markup=False, soft_wrap=True)
        incomplete |= not all(candidate.complete for candidate in selection.candidates)
        if selection.chosen is None:
            print(f'select.py: {name}: nothing chosen: {_why(selection)}', file=sys.stderr)
    return int(incomplete)


def _why(selection: Selection) -> str:
    """Why there is no choice."""
    if len(selection.unscored) == len(selection.folds):
        return 'no fold has an hIoU, for want of ground truth of a held-out class, or of a seen one'
    reason = next((score.reason for one in selection.candidates for score in one.scores if score.reason), '')
    return f'no setting has all its numbers ({reason})' if reason else 'no setting has all its numbers'


def save(folder: Path, selection: Selection) -> Path:
    """Writes a selection under a name that its repetition has too, and no other."""
    from benchmark.records.selections import save_selection
    from benchmark.store.artifacts import content_hash

    about = selection.model_dump(mode='json', include={
        'data', 'split', 'unseen', 'protocol', 'model', 'network', 'folds', 'seeds', 'grid', 'fixed'})
    path = folder / f'{selection.dataset}_{selection.method}_{content_hash(about)[:8]}.json'
    save_selection(selection, path)
    return path


def show(selection: Selection, console: Console) -> None:
    """Prints the table of all settings and the choice."""
    from rich.table import Table
    from rich.text import Text

    from benchmark.reporting.tables.terminal import interval
    from benchmark.reporting.tables.values import number

    table = Table(title=Text(
        f'{selection.method} on {selection.dataset} {selection.split}: mIoU on held-out seen classes, '
        f'{len(selection.folds)} x {selection.held_out} classes, seeds {", ".join(map(str, selection.seeds))}; '
        '± is the 95% t-interval'))
    for key in selection.grid:
        table.add_column(Text(key), justify='right', overflow='fold')
    for title in ('seen', 'held out', 'hIoU', 'best - this, paired', ''):
        table.add_column(title, justify='right')
    for index, candidate in enumerate(selection.candidates):
        behind = selection.behind(index)
        mark = ' '.join(word for word, at in (('best', selection.best), ('chosen', selection.chosen)) if at == index)
        reason = next((score.reason for score in candidate.scores if score.reason), '')
        table.add_row(*(Text(str(value)) for value in candidate.settings.values()),
                      *(Text(interval(candidate.summary(name))) for name in ('seen', 'held_out', 'hiou')),
                      Text(reason.split(':')[0] or interval(behind) if index != selection.best else number(None)),
                      Text(mark))
    console.print(table)
    for index, fold in enumerate(selection.folds):
        note = ' (no hIoU: takes no part in the choice)' if index in selection.unscored else ''
        console.print(f'held out: {", ".join(fold.classes)}{note}', highlight=False, markup=False)
    if selection.chosen is not None:
        settings = selection.candidates[selection.chosen].settings
        console.print('chosen: ' + (' '.join(f'{key}={value}' for key, value in settings.items()) or 'nothing to vary'),
                      highlight=False, markup=False, soft_wrap=True)
