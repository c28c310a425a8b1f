"""Chooses a method's settings on held-out seen classes.

For a split, some of its seen classes play the unseen ones. The real unseen classes are ignored, and every image that
holds one takes no part. Of the other training images a share is scored and never trained on, whatever classes it holds:
a fold is to a method what a real split is. No validation image and no unseen class has a say. With ``--ks`` left out,
the split is the largest K: where splits are nested, its seen classes are unseen at no other K, so one choice serves
them all.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.commands import terminal
from benchmark.commands.arguments import Settings
from benchmark.commands.command import Command
from benchmark.commands.requests import add_arguments, request_of, run_options_of
from benchmark.commands.selection_tables import show, show_pairs
from benchmark.errors import UsageError
from benchmark.planning.words import numbers

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.planning.run_options import RunOptions
    from benchmark.planning.selection_plan import SelectionRequest
    from benchmark.records.selections import Selection

ABOUT = """examples:
  python -m benchmark select --methods zs3 --grid classifier.unseen_weight=10,30,100 generator.iterations=400,800
  python -m benchmark select --methods zs3 --ks 10 --folds 6 --held-out 3 --seeds 0,1 --grid generator.samples=32,64
  python -m benchmark select --methods zs3,zsmmd --dataset voc --data-root data --cfg-options generator.samples=32
  python -m benchmark select --methods zs3 --grid classifier.unseen_weight=10,30,100 --check
The choice is the highest mean hIoU; of all settings whose paired difference to it is within one standard error, the
first in the order of the grid: put cheap values first. It is written, with every score, to <reports>/selection/. The
same grid on another split (--ks) adds a table over the draws of both, and the one setting that serves them all.
exit codes: 0 chosen, 1 some trainings failed or are missing, 2 wrong call, 130 interrupted (the same command
continues)."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('what is chosen')
    group.add_argument('--grid', action=Settings, metavar='KEY=VALUE,VALUE,...',
                       help='settings and the values to try, e.g. generator.iterations=400,800')
    group.add_argument('--held-out', default='2,4', metavar='K,...',
                       help='numbers of classes that play the unseen ones (default: 2,4)')
    group.add_argument('--folds', type=int, default=4, metavar='N',
                       help='draws of held-out classes for each of these numbers (default: 4)')
    group.add_argument('--share', type=float, default=0.25, metavar='X',
                       help='share of the images that is scored and never trained on (default: 0.25)')
    group.add_argument('--dry-run', action='store_true', help='count the trainings and stop')
    group.add_argument('--check', action='store_true',
                       help='train nothing: set the finished selection of the same words beside the records of the '
                            'real splits in <reports>/records')
    add_arguments(parser)


def asked_for(args: argparse.Namespace) -> SelectionRequest:
    """What the parsed words ask for.

    Raises:
        UsageError: a list or number that is none.
    """
    from benchmark.planning.selection_plan import SelectionRequest

    held_out = numbers('--held-out', args.held_out)
    if args.folds < 1 or min(held_out) < 1:
        raise UsageError(f'--folds and --held-out take numbers from 1, got {args.folds} and {args.held_out}')
    if not 0 < args.share < 1:
        raise UsageError(f'--share takes a number between 0 and 1, got {args.share}')
    return SelectionRequest(request_of(args), _grid(args), held_out, args.folds, args.share)


def _grid(args: argparse.Namespace) -> dict[str, list[Any]]:
    """The values of every setting that varies."""
    grid = {key: values if isinstance(values, list) else [values] for key, values in args.grid.items()}
    for key, values in grid.items():
        if not values or any(values.count(value) > 1 for value in values):
            raise UsageError(f'--grid {key}: every value once, got {values}')
        if key in args.cfg_options:
            raise UsageError(f'--grid {key}: --cfg-options sets it too')
    return grid


def _run(args: argparse.Namespace) -> int:
    from benchmark.commands.execution import say
    from benchmark.launchers.launch import launch
    from benchmark.launchers.sweep import check_options, count_stages, quieten
    from benchmark.planning import data
    from benchmark.planning.selection_plan import plan, summarise
    from benchmark.records.selection_pool import pools
    from benchmark.running.progress import Reporter

    asked = asked_for(args)
    # These records are the memory of an interrupted selection; no table of results may show them.
    options = run_options_of(args, records=args.work_dir / 'selection')
    console = terminal.console(120)
    check_options(asked.request, options, args.reports)
    task, plans = plan(asked, options)
    cells = [cell for groups in plans.values() for group in groups for cell in group]
    if args.dry_run:
        say(console, f'{len(cells)} cells, {count_stages(cells, options)}')
        return 0
    if args.check:
        unscored = {name: summarise(asked, task, name, groups, [[]] * len(groups), options.records, {})
                    for name, groups in plans.items()}
        return max(check(asked, options, planned, args.reports, console) for planned in unscored.values())
    quieten()
    source = data.prepare_data(task, console)
    incomplete = False
    with Reporter(console, len(cells)) as reporter:
        records = iter(launch(cells, options, reporter, source))
        finished = {name: [[next(records) for _ in group] for group in groups] for name, groups in plans.items()}
    for name, groups in plans.items():
        selection = summarise(asked, task, name, groups, finished[name], options.records, source)
        path = save(args.reports / 'selection', selection)
        show(selection, console)
        for pool in pools(_asked_alike(selection, args.reports / 'selection')):
            show(pool, console)
        say(console, f'selection: {path}')
        incomplete |= not all(candidate.complete for candidate in selection.candidates)
        if selection.chosen is None:
            COMMAND.complain(f'{name}: nothing chosen: {_why(selection)}')
    return int(incomplete)


def _asked_alike(selection: Selection, folder: Path) -> list[Selection]:
    """The selections of a folder that asked the same, of whatever split."""
    from benchmark.records.selection_pool import question
    from benchmark.records.selections import load_selections

    try:
        return [one for one in load_selections(folder) if question(one) == question(selection)]
    except ValueError as error:
        raise UsageError(str(error)) from None


def _why(selection: Selection) -> str:
    """Why there is no choice."""
    if len(selection.unscored) == len(selection.folds):
        return 'no fold has an hIoU, for want of ground truth of a held-out class, or of a seen one'
    reason = next((score.reason for one in selection.candidates for score in one.scores if score.reason), '')
    return f'no setting has all its numbers ({reason})' if reason else 'no setting has all its numbers'


def save(folder: Path, selection: Selection) -> Path:
    """Writes a selection under a name that its repetition has too, and no other."""
    from benchmark.records.selections import save_selection

    path = path_of(folder, selection)
    save_selection(selection, path)
    return path


def path_of(folder: Path, selection: Selection) -> Path:
    """Where a selection is written; its scores have no part in the name."""
    from benchmark.store.artifacts import content_hash

    about = selection.model_dump(mode='json', include={
        'data', 'split', 'unseen', 'protocol', 'model', 'network', 'folds', 'share', 'seeds', 'grid', 'fixed'})
    return folder / f'{selection.dataset}_{selection.method}_{content_hash(about)[:8]}.json'


def check(asked: SelectionRequest, options: RunOptions, planned: Selection, reports: Path, console: Console) -> int:
    """Prints the sign of every paired difference by the selection and by the real splits.

    Args:
        asked: the same words as for the selection.
        options: as for it.
        planned: the selection without scores.
        reports: folder of records and selections.
        console: where to.

    Returns:
        int: 1 if no two settings have records.

    Raises:
        UsageError: the selection is not finished, or a file cannot be read.
    """
    from benchmark.planning.selection_check import real_scores
    from benchmark.records.files import load_head
    from benchmark.records.selection_pairs import pairs
    from benchmark.records.selections import load_selection

    path = path_of(reports / 'selection', planned)
    if not path.is_file():
        raise UsageError(f'--check: no selection at {path}; the same words without --check make it')
    try:
        selection = load_selection(path)
        real = real_scores(asked, options, planned.method,
                           map(load_head, sorted((reports / 'records').glob('*.json'))))
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    found = pairs(selection, real)
    if not found:
        COMMAND.complain(f'{planned.method}: no two of the settings have records of real splits in {reports}/records')
        return 1
    show_pairs(selection, found, console)
    return 0


COMMAND = Command('select', "Choose a method's settings on held-out seen classes.", ABOUT, _arguments, _run)
main = COMMAND.main
