"""Records of older schemas, brought up to the present one on reading; the files stay as they are."""

from __future__ import annotations

from typing import Any

#: Records of schema 1 lack what cannot be found out later: which network and weights all methods of a table share.
OLDEST = 2


def upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Brings a record's content to the present schema, version by version.

    Args:
        content (dict): as in the file, without its checksum; not changed.

    Raises:
        ValueError: it is too old.
    """
    while (step := _STEPS.get(version := content['schema_version'])) is not None:
        content = {**step(content), 'schema_version': version + 1}
    if version < OLDEST:
        raise ValueError(f'schema {version} is too old to be upgraded; run the cell again')
    return content


def _from_2(content: dict[str, Any]) -> dict[str, Any]:
    """Version 3 says how a cell failed, and of every stage the seeds by name, energy and GPU memory.

    What was not measured stays at the defaults; a failed cell's kind follows from its reason.
    """
    if content.get('status') != 'failed':
        return content
    reason = str(content.get('reason', ''))
    kind = 'label-access' if reason.startswith('LabelAccessError') else \
        'upstream' if reason.startswith('RuntimeError: not run:') else 'error'
    return {**content, 'failure': kind}


_STEPS = {2: _from_2}
