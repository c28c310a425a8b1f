"""How settings were chosen: `benchmark.records.selections` as tables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.records.selections import Candidate, Selection
from benchmark.records.values import number
from benchmark.reporting.tables.markup import table
from benchmark.reporting.tables.terminal import interval
from benchmark.stats import Summary

_SCORES = {'seen': 'seen', 'held out': 'held_out', 'hIoU': 'hiou'}
_RIGHT = [*_SCORES, 'behind the best', 'n']


def overview(selections: Sequence[Selection]) -> pd.DataFrame:
    """One line per choice."""
    return pd.DataFrame([{
        'method': one.method, 'split': one.split, 'card': one.protocol, 'network': one.model,
        'candidates': str(len(one.candidates)), 'scored': scored(one),
        'folds × seeds': f'{len(one.folds)} × {len(one.seeds)}',
        'chosen': 'none' if one.chosen is None else _settings(one.candidates[one.chosen], one),
        **_means(None if one.chosen is None else one.candidates[one.chosen])} for one in selections])


def details(one: Selection) -> dict[str, Any]:
    """What the template shows of one choice."""
    return {
        'title': f'{one.method}, split {one.split}, card {one.protocol}, network {one.model}',
        'rule': one.rule, 'held_out': ' or '.join(map(str, one.held_out)), 'split': one.split, 'scored': scored(one),
        'folds': '; '.join(f'{index}: {", ".join(fold.classes)}{_flaw(one, index)}'
                           for index, fold in enumerate(one.folds)),
        'seeds': ', '.join(map(str, one.seeds)), 'argv': shlex.join(one.argv),
        'fixed': ', '.join(f'{name}={_value(value)}' for name, value in sorted(one.fixed.items())),
        'candidates': table(pd.DataFrame([_line(one, index) for index in range(len(one.candidates))]), _RIGHT, keys=1)}


def scored(one: Selection) -> str:
    """Which images gave the scores of a selection."""
    if one.share is None:
        return 'only images with a held-out class'
    return f'{100 * one.share:g}% of the images'


def _flaw(one: Selection, index: int) -> str:
    """What a fold could not measure."""
    if index in one.unscored:
        return ' (no hIoU, takes no part)'
    return f' (no pixel of {", ".join(absent)} scored)' if (absent := one.folds[index].absent) else ''


def _line(one: Selection, index: int) -> dict[str, str]:
    candidate = one.candidates[index]
    marks = [name for name, place in (('best', one.best), ('chosen', one.chosen)) if place == index]
    reasons = sorted({score.reason for score in candidate.scores if score.reason})
    return {'settings': _settings(candidate, one), **_means(candidate), 'behind the best': _behind(one.behind(index)),
            'n': str(sum(score.hiou is not None for score in candidate.scores)),
            '': ', '.join(marks) or '; '.join(reasons)}


def _means(candidate: Candidate | None) -> dict[str, str]:
    return {name: interval(candidate.summary(score) if candidate else None) for name, score in _SCORES.items()}


def _behind(difference: Summary | None) -> str:
    """Mean difference to the best candidate and its standard error, the yardstick of the rule."""
    if difference is None or difference.sd is None:
        return number(difference and difference.mean)
    return f'{number(difference.mean)} (SE {number(difference.sd / difference.n ** 0.5)})'


def _settings(candidate: Candidate, one: Selection) -> str:
    """The settings of a candidate, keys cut to their last component where that is enough."""
    short = {name.rsplit('.', 1)[-1] for name in one.grid}
    return ', '.join(f'{name.rsplit(".", 1)[-1] if len(short) == len(one.grid) else name}={_value(value)}'
                     for name, value in candidate.settings.items()) or 'as in the config'


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
