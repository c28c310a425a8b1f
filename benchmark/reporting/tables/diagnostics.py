"""What stages say about themselves: the tables in their summaries, see `zs_methods.engine.stage.Stage.run`."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import pandas as pd

from benchmark.records.values import NONE
from benchmark.reporting.tables.rows import Section


@dataclass
class _Lines:
    """One line of a table over seeds, or several lines of it taken together: column -> numbers."""

    numbers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    methods: dict[str, None] = field(default_factory=dict)

    def cells(self) -> dict[str, str]:
        return {column: _number(values) for column, values in self.numbers.items()}


@dataclass(frozen=True)
class Diagnostics:
    """The tables of one title.

    Attributes:
        means: one line per K, method and stage: means over its lines and seeds.
        lines: all lines, means over seeds; empty if no stage has more than one.
    """

    title: str
    means: pd.DataFrame
    lines: pd.DataFrame


def diagnostics(section: Section) -> list[Diagnostics]:
    """The tables of all stages, by title; an artifact that several cells share counts once, with all their methods."""
    means: dict[str, dict[tuple, _Lines]] = defaultdict(lambda: defaultdict(_Lines))
    lines: dict[str, dict[tuple, _Lines]] = defaultdict(lambda: defaultdict(_Lines))
    seen: set[str] = set()
    users = _users(section)
    for row in section.rows:
        for record in row.done:
            for stage in record.stages:
                tables = stage.summary.get('tables') or {}
                if not isinstance(tables, dict) or stage.key in seen:
                    continue
                seen.add(stage.key)
                place = (row.unit.label, ', '.join(users[stage.key]), stage.name)
                for title, content in tables.items():
                    for number, line in enumerate(content):
                        texts = tuple((name, str(value)) for name, value in line.items() if _is_text(value))
                        for group in (means[title][place], lines[title][(*place, texts or number)]):
                            _add(group, line)
    return [Diagnostics(title, _frame(means[title]), _frame(lines[title])
                        if len(lines[title]) > len(means[title]) else pd.DataFrame()) for title in means]


def _users(section: Section) -> dict[str, dict[str, None]]:
    """Key of a stage -> the methods that have it."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in section.rows:
        for key in sorted(row.stage_keys):
            found[key].setdefault(row.label)
    return found


def _add(group: _Lines, line: dict[str, Any]) -> None:
    for name, value in line.items():
        if not _is_text(value):
            group.numbers[name] += [] if value is None else [float(value)]


def _is_text(value: Any) -> bool:
    return value is not None and not isinstance(value, Real)


def _frame(groups: dict[tuple, _Lines]) -> pd.DataFrame:
    return pd.DataFrame([{
        'K': key[0], 'method': key[1], 'stage': key[2],
        **(dict(key[3]) if len(key) > 3 and isinstance(key[3], tuple) else {}), **group.cells()}
        for key, group in groups.items()]).fillna(NONE)


def _number(values: list[float]) -> str:
    """The mean with three significant digits, or with none behind the point from 100 on."""
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return NONE
    mean = math.fsum(values) / len(values)
    if abs(mean) >= 100 or mean == int(mean):
        return f'{mean:,.0f}'
    return f'{mean:.3g}'
