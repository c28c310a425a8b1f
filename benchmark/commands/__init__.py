"""The commands: one file each."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

NAMES = ('run', 'report', 'show', 'compare', 'select', 'ablate', 'check', 'prepare', 'published', 'import_zs3', 'perf',
         'metafiles')


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that the first word names; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    return importlib.import_module(f'benchmark.commands.{words[0]}').main(words[1:])
