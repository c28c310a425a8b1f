"""Compares the labels that a stage was measured to read with what the protocol card allows."""

from __future__ import annotations

from benchmark.planning.plan import Cell
from benchmark.records.files import StageRecord
from zs_methods.datasets import audit
from zs_methods.protocols import Protocol, stronger_access


class LabelAccessError(Exception):
    """A stage read more labels of unseen classes than its protocol card allows."""


def check_access(cell: Cell, stage: StageRecord) -> None:
    """Checks one stage of a cell; scoring may read all, and so may floor and ceiling.

    Raises:
        LabelAccessError: it read more; names stage, images and classes.
    """
    if stage.name == 'evaluate' or cell.card.role not in ('floor', 'method'):
        return
    if cell.task.withheld:  # the images to score are training images, and feature maps of them are a stage of its own
        return
    protocol, level = Protocol.model_validate(cell.protocol), audit.level(stage.label_access)
    allowed = protocol.allowed(cell.card.setting)
    if stronger_access(level, allowed) == allowed:
        return
    read = [counts for subset, counts in stage.label_access.items() if not subset.endswith(' for diagnosis')]
    images = sum(counts['images_unseen'] or counts['images_masked'] or counts['images_chosen'] for counts in read)
    classes = sorted({name for counts in read for name in counts['unseen_pixels']})
    raise LabelAccessError(
        f'stage {stage.name!r} read {level!r} of unseen classes in {images} images'
        f'{" (" + ", ".join(classes) + ")" if classes else ""}; {protocol.name} allows a method that is '
        f'{cell.card.setting} at most {allowed!r}')
