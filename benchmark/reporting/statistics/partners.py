"""Which rows of a unit are set against which, beside methods with their own settings against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from benchmark.reporting.tables.contrasts import TRANSDUCTIVE, contrasts
from benchmark.reporting.tables.rows import Row

Both: TypeAlias = tuple[Row, Row]


def beside(rows: Sequence[Row]) -> list[Both]:
    """All pairs below with a row that is no method with its own settings, each once."""
    found = {(first.label, second.label): (first, second)
             for first, second in (*variants(rows), *controls(rows), *transductive(rows))
             if not (first.main and second.main)}
    return list(found.values())


def variants(rows: Sequence[Row]) -> list[Both]:
    """Methods with their own settings, and variants of them."""
    return [(own, row) for row in rows if row.variant and (own := _only(rows, row.method, {}))]


def controls(rows: Sequence[Row]) -> list[Both]:
    """What has a term of its loss, and what equals it but for that term.

    That is a method registered as a control of another, where all changed settings are the same; or a variant with a
    weight of 0, against the row that has all its other changed settings.
    """
    found = []
    for row in rows:
        settings = _variant(row)
        others = {key: value for key, value in settings.items() if not (key.endswith('.weight') and value == 0)}
        if row.card.controls:
            partner = _only(rows, row.card.controls, settings)
        else:
            partner = _only(rows, row.method, others) if others != settings else None
        found += [(partner, row)] if partner else []
    return found


def transductive(rows: Sequence[Row]) -> list[Both]:
    """Transductive methods that say they are compared, at equal access to the labels of unseen classes.

    Where their own settings differ in access, a variant of one of them that has the access of the other stands for it,
    the one with the fewest changes; there may be one of either. Without any, the pair is that of their own settings.
    """
    cards = {row.method: row.card for row in rows if row.main}
    found = []
    for first, second, _ in contrasts(cards):
        own = _only(rows, first, {}), _only(rows, second, {})
        if cards[first].setting == TRANSDUCTIVE and all(own):
            found += _at_equal_access(rows, *own) or [own]
    return found


def _at_equal_access(rows: Sequence[Row], first: Row, second: Row) -> list[Both]:
    """One pair per access at which two methods can be compared; one of each pair has its own settings."""
    choices = [[row for row in rows if row.method == own.method] for own in (first, second)]
    equal = [both for both in product(*choices)
             if both[0].access == both[1].access and both[0].card.setting == TRANSDUCTIVE
             and not all(row.variant for row in both)]
    equal.sort(key=lambda both: (sum(len(_variant(row)) for row in both), [row.label for row in both]))
    best: dict[tuple[str, str], Both] = {}
    for both in equal:
        best.setdefault(both[0].access, both)
    return list(best.values())


def _only(rows: Sequence[Row], method: str, variant: Mapping[str, Any]) -> Row | None:
    """The row of a method with these changed settings; None unless there is exactly one."""
    found = [row for row in rows if row.method == method and _variant(row) == variant]
    return found[0] if len(found) == 1 else None


def _variant(row: Row) -> dict[str, Any]:
    return row.records[0].cell.variant
