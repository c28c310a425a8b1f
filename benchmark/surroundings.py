"""Environment variables that libraries stumble over while they are imported, mended for this process and its jobs."""

from __future__ import annotations

import importlib.util
import logging
import os

from zs_methods.compat import ensure_home


def settle() -> None:
    """Changes only what cannot work as it is.

    - ``HOME``, where there is none, see `ensure_home`.
    - ``MPLBACKEND`` of a notebook or a desktop becomes Agg, which every machine has; matplotlib refuses a name that it
      does not know when it is imported. A notebook's own backend stays in the notebook, where it can be imported.
    - What a job prints is spelled in ASCII where the encoding lacks a sign, as commands do it
      (`benchmark.commands.terminal`).
    """
    ensure_home()
    if not _importable(os.environ.get('MPLBACKEND', '')):
        os.environ['MPLBACKEND'] = 'agg'
    encoding, _, errors = os.environ.get('PYTHONIOENCODING', '').partition(':')
    os.environ['PYTHONIOENCODING'] = f'{encoding}:{errors or "backslashreplace"}'
    # That it keeps its cache in a temporary folder where the user's cannot be written to is nothing to be told.
    logging.getLogger('matplotlib').setLevel(logging.ERROR)


def _importable(backend: str) -> bool:
    """Whether a backend of matplotlib is a module that is there."""
    prefix, _, module = backend.partition('module://')
    try:
        return not prefix and bool(module) and importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
