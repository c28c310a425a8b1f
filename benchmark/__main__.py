"""``python -m benchmark COMMAND ...``, or ``python path/to/benchmark COMMAND ...`` from anywhere."""

from __future__ import annotations

import os
import sys

if not __package__:  # run by its path: import from the checkout, and never a file of this folder by its name
    _FOLDER = os.path.dirname(os.path.realpath(__file__))
    if os.path.realpath(sys.path[0]) == _FOLDER:
        del sys.path[0]
    sys.path.insert(0, os.path.dirname(_FOLDER))

from benchmark.commands import main

if __name__ == '__main__':
    sys.exit(main())
