"""Lists and numbers of a request, as people write them."""

from __future__ import annotations

from benchmark.errors import UsageError


def items(text: str) -> list[str]:
    """The parts of a comma-separated list, without the empty ones."""
    return [item.strip() for item in text.split(',') if item.strip()]


def names(option: str, text: str) -> tuple[str, ...]:
    """Parses a comma-separated list of names."""
    found = tuple(dict.fromkeys(items(text)))
    if not found:
        raise UsageError(f'{option} takes names separated by commas')
    return found


def numbers(option: str, text: str) -> tuple[int, ...]:
    """Parses a comma-separated list of whole numbers."""
    found = items(text)
    if not found or not all(item.isdecimal() and len(item) < 10 for item in found):
        raise UsageError(f'{option} takes whole numbers separated by commas, got {text!r}')
    return tuple(dict.fromkeys(map(int, found)))
