"""Where candidates may come from."""

from __future__ import annotations

#: ``seen-images`` are pixels of the seen classes, so all its candidates are mistakes of the classifier: inductive.
#: ``unlabelled`` are pixels of training images with an unseen class: transductive.
NAMES = ('synthetic', 'seen-images', 'unlabelled')


def check_source(source: str) -> None:
    """Makes sure that a source of candidates exists."""
    if source not in NAMES:
        raise ValueError(f'feedback source {source!r} is not known; known: {", ".join(NAMES)}')
