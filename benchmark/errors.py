"""Errors that are the caller's to mend, and what most of them are about: names that are none, folders out of reach."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path


class UsageError(Exception):
    """A wrong call; its message is the one line the user gets, and the exit code is 2."""


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """Returns a name that exists; otherwise the error suggests the nearest one.

    Raises:
        UsageError: there is no such name.
    """
    names = sorted(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1, cutoff=0)
    raise UsageError(f'unknown {kind} {name!r}: ' + (
        f'did you mean {near[0]!r}? known: {", ".join(names)}' if near else 'there is none'))


def check_writable(option: str, folder: Path) -> None:
    """Makes sure a folder can be created or written to, without doing either."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise UsageError(f'{option} {folder}: {existing} is not a folder that can be written to')


def check_least(values: object, least: Mapping[str, float]) -> None:
    """Refuses numbers below the least value of their option; None is no number, and may stand everywhere.

    Args:
        values (object): has the numbers as attributes.
        least (Mapping): attribute -> its least value.
    """
    for option, bound in least.items():
        value = getattr(values, option)
        if value is not None and not (isinstance(value, int | float) and value >= bound):
            raise UsageError(f'--{option.replace("_", "-")} takes a number from {bound}, got {value}')
