"""How messages are worded: errors in one line, and the nearest of what is known in place of what is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks; a KeyError's without the quotes that it would add."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return ' '.join(str(text).split())


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of several names, at least one, that is spelled most like a name."""
    return difflib.get_close_matches(name, sorted(names), n=1, cutoff=0)[0]


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """Says in one line that there is no such name, which is nearest to it, and which there are.

    Args:
        kind (str): of thing, such as ``method``.
        name (str): that is not among `names`.
        names (Iterable[str]): at least one.
    """
    names = sorted(names)
    return f'unknown {kind} {name!r}: did you mean {nearest(name, names)!r}? known: {", ".join(names)}'
