"""``python benchmark/run.py ...``: the main command, ``python -m benchmark run ...``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

if not __package__:  # run as a script: import from the checkout, and never a file of this folder as a top-level module
    _ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:1] = [_ROOT, *sys.path[:1]] if getattr(sys.flags, 'safe_path', False) else [_ROOT]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    from benchmark.commands.run import main
    return main(argv)


if __name__ == '__main__':
    sys.exit(main())
