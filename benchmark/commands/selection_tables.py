"""What `benchmark.commands.select` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.records.selection_pairs import Pair
    from benchmark.records.selections import Candidate, Selection


def show(selection: Selection, console: Console) -> None:
    """Prints the table of all settings and the choice."""
    from rich.table import Table
    from rich.text import Text

    from benchmark.records.values import number
    from benchmark.reporting.tables.terminal import interval

    table = Table(title=Text(
        f'{selection.method} on {selection.dataset} {selection.split}: mIoU on held-out seen classes, '
        f'{len(selection.folds)} draws of {" or ".join(map(str, selection.held_out))} classes, '
        f'seeds {", ".join(map(str, selection.seeds))}; '
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
        note = note or (f' (no pixel of {", ".join(fold.absent)} in the images scored)' if fold.absent else '')
        console.print(f'held out: {", ".join(fold.classes)}{note}', highlight=False, markup=False)
    if selection.chosen is not None:
        console.print('chosen: ' + (_settings(selection.candidates[selection.chosen]) or 'nothing to vary'),
                      highlight=False, markup=False, soft_wrap=True)


def show_pairs(selection: Selection, pairs: Sequence[Pair], console: Console) -> None:
    """Prints, for two settings each, their difference by the selection and by the real splits."""
    from rich.table import Table
    from rich.text import Text

    from benchmark.reporting.tables.terminal import interval

    table = Table(title=Text(
        f'{selection.method} on {selection.dataset}: hIoU of A - B, paired; ± is the 95% t-interval'))
    for title in ('A', 'B', 'selection', 'real splits', 'sign'):
        table.add_column(title, justify='left' if title in 'AB' else 'right', overflow='fold')
    for pair in pairs:
        sign = ('same' if pair.same else 'OTHER') + ('' if pair.beyond_noise else ', within noise')
        table.add_row(*(Text(_settings(selection.candidates[place])) for place in (pair.first, pair.second)),
                      *(Text(f'{interval(one)} (n={one.n})') for one in (pair.selected, pair.real)), sign)
    console.print(table)
    clear = [pair for pair in pairs if pair.beyond_noise]
    console.print(f'the same sign: {sum(pair.same for pair in pairs)} of {len(pairs)} pairs; of the {len(clear)} that '
                  f'differ beyond noise in both: {sum(pair.same for pair in clear)}', highlight=False, soft_wrap=True)


def _settings(candidate: Candidate) -> str:
    return ' '.join(f'{key}={value}' for key, value in candidate.settings.items())
