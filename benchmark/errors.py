"""Errors that are the caller's to mend."""

from __future__ import annotations


class UsageError(Exception):
    """A wrong call; its message is the one line the user gets, and the exit code is 2."""
