"""Compares the labels that a stage was measured to read with what the protocol card allows."""

from __future__ import annotations

from typing import Any

from benchmark.planning.plan import Cell
from benchmark.records.files import StageRecord
from zs_methods.datasets import audit
from zs_methods.evaluation import LAST
from zs_methods.protocols import stronger_access


class LabelAccessError(Exception):
    """A stage read more labels of unseen classes than its protocol card allows."""


def beyond(stage: str, access: dict[str, Any], allowed: str) -> str:
    """What a stage was measured to read of unseen labels if it is more than allowed; scoring may read all.

    Args:
        stage (str): its name.
        access (dict): as measured, by subset.
        allowed (str): one of `ACCESS`.

    Returns:
        str: one of `ACCESS`, or '' if it kept to what is allowed.
    """
    level = audit.level(access)
    return '' if stage == LAST or stronger_access(level, allowed) == allowed else level


def check_access(cell: Cell, stage: StageRecord) -> None:
    """Checks one stage of a cell; floor and ceiling may read all.

    Raises:
        LabelAccessError: it read more; names stage, images and classes.
    """
    if cell.card.role not in ('floor', 'method'):
        return
    allowed = cell.protocol.allowed(cell.card.setting)
    level = beyond(stage.name, stage.label_access, allowed)
    if not level:
        return
    read = [counts for subset, counts in stage.label_access.items() if not subset.endswith(' for diagnosis')]
    images = sum(counts['images_unseen'] or counts['images_masked'] or counts['images_chosen'] for counts in read)
    classes = sorted({name for counts in read for name in counts['unseen_pixels']})
    raise LabelAccessError(
        f'stage {stage.name!r} read {level!r} of unseen classes in {images} images'
        f'{" (" + ", ".join(classes) + ")" if classes else ""}; {cell.protocol.name} allows a method that is '
        f'{cell.card.setting} at most {allowed!r}')
