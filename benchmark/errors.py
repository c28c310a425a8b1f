"""Errors that are the caller's to mend, and a command line that reports its own as such."""

from __future__ import annotations

import argparse
from typing import NoReturn


class UsageError(Exception):
    """A wrong call; its message is the one line the user gets, and the exit code is 2."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raises instead of printing the usage."""
        raise UsageError(message)
