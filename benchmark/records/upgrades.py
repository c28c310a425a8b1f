"""Records of older schemas, brought up to the present one on reading; the files stay as they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

#: Records of schema 1 lack what cannot be found out later: which network and weights all methods of a table share.
OLDEST = 2
_FACTS = Path(__file__).with_name('facts_of_schema_4.yaml')


def upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Brings a record's content to the present schema, version by version.

    Args:
        content (dict): as in the file, without its checksum; not changed.

    Raises:
        ValueError: it is too old, or of another shape than its version says.
    """
    while (step := _STEPS.get(version := content['schema_version'])) is not None:
        try:
            content = {**step(content), 'schema_version': version + 1}
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f'schema {version}, but not of its shape: {type(error).__name__}: {error}') from error
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


def _from_3(content: dict[str, Any]) -> dict[str, Any]:
    """Version 4 says which data a cell is about, and null where a group of classes has no ground truth.

    Until then, the data were told by the provenance only, and such a group scored 0.
    """
    data = (content.get('provenance') or {}).get('data') or {}
    found = {**content, 'cell': {**content['cell'], 'data': data.get('name', '')}}
    if content.get('metrics'):
        found['metrics'] = _measured(content['metrics'], content['confusion'], content['unseen'])
    if part := content.get('secondary'):
        found['secondary'] = {**part, 'metrics': _measured(part['metrics'], part['confusion'], content['unseen'])}
    return found


def _from_4(content: dict[str, Any]) -> dict[str, Any]:
    """Version 5 says what a method continues, what it is compared with and whether it generates features."""
    return {**content, 'method': {**content['method'], **facts(content['cell']['method'])}}


@cache
def _every_method() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(_FACTS.read_text(encoding='utf-8'))


def facts(method: str) -> dict[str, Any]:
    """What version 4 did not tell of a method, by its name; nothing of one that was not part of this repository."""
    return _every_method().get(method, {})


def _measured(metrics: dict[str, Any], confusion: list[list[int]], unseen: list[int]) -> dict[str, Any]:
    """The scores without those of groups that have no pixel in the rows of a confusion matrix."""
    present = {index for index, row in enumerate(confusion) if any(row)}
    groups = {'seen': present.difference(unseen), 'unseen': present.intersection(unseen), 'overall': present}
    gone = [name for name, classes in groups.items() if not classes] if confusion else []
    return {**metrics, **{name: dict.fromkeys(metrics[name]) for name in gone}, **({'hiou': None} if gone else {})}


_STEPS = {2: _from_2, 3: _from_3, 4: _from_4}
