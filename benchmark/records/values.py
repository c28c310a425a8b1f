"""Numbers as text, and what stands where there is none; needs nothing, so that every command can use it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

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


def variant_text(variant: Mapping[str, Any], full: bool = False) -> str:
    """Writes changed settings as ``key=value, ...``, keys cut to their last component unless ``full``."""
    def name(key: str) -> str:
        return key if full else key.rsplit('.', 1)[-1]

    return ', '.join(f'{name(key)}={json.dumps(value, ensure_ascii=False, sort_keys=True)}'
                     for key, value in sorted(variant.items()))
