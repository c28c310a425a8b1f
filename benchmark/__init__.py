"""The harness: plans, runs, records and reports; it knows no loss and no network."""

from pathlib import Path

from benchmark.surroundings import settle

settle()  # before any other import: libraries read these variables when they are imported

from zs_methods import __version__  # noqa: E402  the number of both

__all__ = ['DATA', 'LOCAL', 'REFERENCE', 'ROOT', 'WORK', '__version__']

#: The checkout; folders that no option names hang on it, whatever the current one is.
ROOT = Path(__file__).resolve().parents[1]
#: Data sets; artifacts and all else that runs leave for later ones.
DATA, WORK = ROOT / 'data', ROOT / 'work_dirs'
#: Records and pages that are committed, which no run changes unless it is told to; those of the user's own runs.
REFERENCE = ROOT / 'reports'
LOCAL = REFERENCE / 'local'
