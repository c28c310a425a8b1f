"""``python -m benchmark COMMAND ...``, or ``python path/to/benchmark COMMAND ...`` from anywhere."""

from __future__ import annotations

import os
import sys

if not __package__:  # run by the folder's path: import from the checkout, and never a file of this folder by its name
    _ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:1] = [_ROOT, *sys.path[:1]] if getattr(sys.flags, 'safe_path', False) else [_ROOT]

from benchmark.commands import main

if __name__ == '__main__':
    sys.exit(main())
