"""The harness: plans, runs, records and reports; it knows no loss and no network.

As a library, ``import benchmark as gzs3``: `run`, `plan`, `load`, `frame`, `table`, `model`, see `benchmark.api`, which
is imported by the first use of one of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.surroundings import settle

settle()  # before any other import: libraries read these variables when they are imported

from zs_methods import __version__  # noqa: E402  the number of both

if TYPE_CHECKING:
    from benchmark.api import UsageError, frame, load, model, plan, run, table

__all__ = ['DATA', 'LOCAL', 'REFERENCE', 'ROOT', 'WORK', 'UsageError', '__version__', 'frame', 'load', 'model', 'plan',
           'run', 'table']

#: The checkout; folders that no option names hang on it, whatever the current one is.
ROOT = Path(__file__).resolve().parents[1]
#: Data sets; artifacts and all else that runs leave for later ones.
DATA, WORK = ROOT / 'data', ROOT / 'work_dirs'
#: Records and pages that are committed, which no run changes unless it is told to; those of the user's own runs.
REFERENCE = ROOT / 'reports'
LOCAL = REFERENCE / 'local'


def __getattr__(name: str) -> Any:
    """The functions of `benchmark.api`."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from benchmark import api

    return getattr(api, name)


def __dir__() -> list[str]:
    """All names, those that are not imported yet among them."""
    return sorted({*globals(), *__all__})
