"""Which categories of the backbone's pre-training show which classes of a data set.

Images of an unseen class that pre-training has had labels for are a use of labels that no audit of the loader can
measure: it happened before. The tables in ``data/pretraining/`` make it visible; they are judgements, see their heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

TABLES = Path(__file__).parents[1] / 'published' / 'data' / 'pretraining'
#: What may follow the name where a table speaks for the whole pre-training.
_WHOLE = ('', 'all classes')


class Shown(BaseModel):
    """Categories that show one class.

    Attributes:
        also (tuple[str, ...]): names that other data sets have for the class.
        categories (tuple[str, ...]): the class itself or kinds of it.
        partial (tuple[str, ...]): parts, roles, near relatives, or what is regularly pictured with it.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    also: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()

    @model_validator(mode='after')
    def _apart(self) -> Shown:
        names = (*self.categories, *self.partial)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f'named twice: {", ".join(twice)}')
        return self


class OverlapTable(BaseModel):
    """One pre-training and all classes of some data sets.

    Attributes:
        name (str): as in reports.
        names (tuple[str, ...]): beginnings of what a run may call it, in small letters.
        source (str): where the names of the categories are from.
        judged (str): day of the judgement.
        datasets (tuple[str, ...]): every class of these is answered.
        classes (dict[str, Shown]): name of a class -> what shows it.
        none (tuple[str, ...]): names of classes that no category shows.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: str
    names: tuple[str, ...]
    source: str
    judged: str
    datasets: tuple[str, ...]
    classes: dict[str, Shown]
    none: tuple[str, ...]

    @model_validator(mode='before')
    @classmethod
    def _day(cls, content: Any) -> Any:
        """YAML makes a date of it."""
        return {**content, 'judged': str(content['judged'])} if 'judged' in content else content

    @model_validator(mode='after')
    def _once(self) -> OverlapTable:
        names = [name for key, shown in self.classes.items() for name in (key, *shown.also)] + list(self.none)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f'classes answered twice: {", ".join(twice)}')
        return self

    @property
    def answers(self) -> dict[str, Shown]:
        """Name of a class -> what shows it, for every name."""
        return {**{name: shown for key, shown in self.classes.items() for name in (key, *shown.also)},
                **dict.fromkeys(self.none, Shown())}


@cache
def load_tables() -> tuple[OverlapTable, ...]:
    """All tables of the package.

    Raises:
        pydantic.ValidationError: a table is wrong; it names the key.
    """
    return tuple(OverlapTable.model_validate(yaml.safe_load(file.read_text(encoding='utf-8')))
                 for file in sorted(TABLES.glob('*.yaml')))


def pretraining_table(pretraining: str) -> OverlapTable | None:
    """The table for what a run says of its backbone, such as ``ImageNet-1k, all classes``; None if there is none."""
    text = pretraining.casefold().strip()
    return next((table for table in load_tables() if text.startswith(table.names)), None)


def pretraining_overlap(dataset: str, classes: Sequence[str], pretraining: str) -> dict[str, Shown] | None:
    """What of the pre-training shows each class.

    Args:
        dataset (str): name of the data set.
        classes (Sequence[str]): names of its classes, such as the unseen ones.
        pretraining (str): as a run declares it; ``none`` shows no class.

    Returns:
        dict[str, Shown]: class -> categories, in the order given; None if nobody has judged this data set or
        pre-training.

    Raises:
        KeyError: the data set has no such class.
    """
    if pretraining.casefold().strip() == 'none':
        return dict.fromkeys(classes, Shown())
    table = pretraining_table(pretraining)
    if table is None or dataset not in table.datasets:
        return None
    if unknown := [name for name in classes if name not in table.answers]:
        raise KeyError(f'no such class in the table of {table.name}: {", ".join(unknown)}')
    return {name: table.answers[name] for name in classes}


def overlap_rows(dataset: str, unseen: Sequence[str], pretraining: str, limit: int = 6) -> list[dict[str, str]]:
    """Rows for a report: ``class``, ``categories``, ``partly``, each text; of long lists the first `limit`.

    Empty if there is nothing to say: no pre-training, or nobody has judged it; see `overlap_line`.
    """
    found = pretraining_overlap(dataset, unseen, pretraining) or {}
    return [{'class': name, 'categories': _few(shown.categories, limit), 'partly': _few(shown.partial, limit)}
            for name, shown in found.items() if shown.categories or shown.partial]


def overlap_line(dataset: str, unseen: Sequence[str], pretraining: str) -> str:
    """One sentence for a report: which unseen classes the pre-training shows."""
    if pretraining.casefold().strip() == 'none':
        return 'The backbone was not pre-trained.'
    found = pretraining_overlap(dataset, unseen, pretraining)
    if found is None:
        return (f'Whether the backbone\'s pre-training ({pretraining or "not declared"}) shows unseen classes is not '
                'known.')
    table = pretraining_table(pretraining)
    shown = {name: row.categories for name, row in found.items() if row.categories}
    partly = [name for name, row in found.items() if row.partial and not row.categories]
    names = '; '.join(f'{name} ({_few(categories, 3)})' for name, categories in shown.items())
    line = f'{len(shown)} of {len(found)} unseen classes have categories of their own in {table.name}' + (
        f': {names}' if names else '')
    if partly:
        line += f'; only in part or beside others: {", ".join(partly)}'
    text = pretraining.casefold().strip()
    if not any(text.removeprefix(name).strip(' ,') in _WHOLE for name in table.names):
        line += f'. The run declares {pretraining!r}: what that leaves out or adds is not known here'
    return f'{line}.'


def overlap_count(dataset: str, unseen: Sequence[str], pretraining: str) -> str:
    """For beside a table: how many unseen classes the pre-training shows; '' if none, or if nobody has judged it."""
    try:
        found = pretraining_overlap(dataset, unseen, pretraining) or {}
    except KeyError:  # a data set of that name with classes of its own
        return ''
    shown = sum(bool(row.categories) for row in found.values())
    return f'{shown} of {len(found)} unseen classes have categories of their own in the pre-training' if shown else ''


def _few(names: Sequence[str], limit: int) -> str:
    more = len(names) - limit
    return ', '.join(names[:limit]) + (f' and {more} more' if more > 0 else '')
