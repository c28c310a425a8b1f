"""Numbers as text, and what stands where there is none; needs nothing, so that every command can use it."""

from __future__ import annotations

import math

#: Stands where there is no value.
NONE = '—'


def number(value: float | None, digits: int = 1, sign: bool = False) -> str:
    """Writes a number, with its sign if asked, or a dash where there is none."""
    if value is None or math.isnan(value):
        return NONE
    return f'{round(value, digits) + 0.0:{"+" if sign else ""}.{digits}f}'


def difference(first: float | None, second: float | None) -> float | None:
    """``first - second``; None where one of them is missing."""
    return None if first is None or second is None else first - second
