"""What the parts of this package say while they work, and the error with which they stop."""

from __future__ import annotations


class AcquisitionError(Exception):
    """Data that is wrong, incomplete or cannot be stored; one line that names the file and the way out."""


class Listener:
    """Hears nothing; a user interface overrides both methods. `step` may be called from any thread."""

    def line(self, text: str) -> None:
        """Takes one line for the user."""

    def step(self, title: str, done: int, total: int, unit: str = 'files') -> None:
        """Takes the progress of a piece of work; `unit` is ``files`` or ``bytes``."""
