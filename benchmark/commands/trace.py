"""From a record back to what it was made of: does the number follow from its counts, are the artifacts still there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.records.files import Record, StageRecord
from benchmark.store.checksums import file_sha256, read_json
from zs_methods.evaluation.scores import scores

if TYPE_CHECKING:
    pass


def follows(record: Record) -> str:
    """One line on whether a finished record's hIoU is that of its confusion matrix, and that of its images.

    Raises:
        CountsError: the confusion matrices of the images do not add up.
    """
    import numpy as np

    from benchmark.reporting.statistics.bootstrap import image_counts

    if not record.confusion:
        return 'the record holds no confusion matrix'
    counts = np.array(record.confusion)
    found, told = scores(counts, record.unseen)['hiou'], record.metrics.hiou
    if (found is None) != (told is None) or (found is not None and abs(found - told) > 1e-9):
        return f'NOT that of the confusion matrix, from which follows {"none" if found is None else found}'
    if found is None:
        return f'no pixel of an unseen class, or of a seen one, among the {counts.sum():,} of the confusion matrix'
    text = f'computed again from the confusion matrix of {counts.sum():,} pixels: the same'
    return text + (f', and so is the sum over {record.images} images' if image_counts(record) else '')


@dataclass
class Artifact:
    """What a work folder holds of a stage.

    Attributes:
        path: where it is, or would be.
        state: one line.
        intact: all files are there and have their checksums.
        files: name -> SHA-256, as the manifest has them.
        inputs: names and keys of the stages it was made from.
    """

    path: Path
    state: str
    intact: bool = False
    files: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


def find_artifact(stage: StageRecord, work_dir: Path, confusion: list[list[int]] | None = None) -> Artifact:
    """Looks for the artifact of a stage; nothing is moved or changed.

    Args:
        stage (StageRecord): as a record has it.
        work_dir (Path): where runs keep ``artifacts``.
        confusion (list, optional): the record's confusion matrix, which the artifact of its last stage must hold.
    """
    path = work_dir / 'artifacts' / f'{stage.name}-{stage.key}'
    if not path.is_dir():
        return Artifact(path, 'not there')
    try:
        manifest = read_json(path / 'manifest.json')
        found = Artifact(path, 'intact', True, manifest['files'], manifest.get('inputs', {}))
        for name, sha256 in found.files.items():
            if file_sha256(path / name) != sha256:
                raise ValueError(f'{path / name}: damaged: its content is not that of its checksum')
        scored = confusion and 'result.json' in found.files
        result = json.loads((path / 'result.json').read_text(encoding='utf-8')) if scored else {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Artifact(path, str(error).replace(f'{path}/', ''))
    if 'confusion' in result:
        found.state += ', holds this confusion matrix' if result['confusion'] == confusion else \
            ', holds ANOTHER confusion matrix'
    if _made(manifest) != (stage.seconds, stage.code):
        found.state += '; of another run than the record'
    return found


def _made(manifest: dict[str, Any]) -> tuple[Any, Any]:
    """What tells two runs of the same stage apart."""
    return manifest.get('seconds'), manifest.get('environment', {}).get('code')


def access_text(access: dict[str, Any]) -> str:
    """The labels a stage was measured to read, in one line."""
    parts = []
    for subset, counts in access.items():
        numbers = [f'{value:,} {name.replace("_", " ")}' for name, value in counts.items()
                   if isinstance(value, int) and value]
        pixels = counts.get('unseen_pixels') or {}
        numbers += [f'{sum(pixels.values()):,} pixels of {len(pixels)} unseen classes'] if pixels else []
        if numbers:
            parts.append(f'{subset}: {", ".join(numbers)}')
    return '; '.join(parts) or 'no labels'


def summary_line(summary: dict[str, Any]) -> str:
    """The single numbers and words of a stage's summary, in one line."""
    def text(value: Any) -> str:
        return f'{value:.4g}' if isinstance(value, float) else str(value)

    return ', '.join(f'{name} {text(value)}' for name, value in summary.items()
                     if isinstance(value, int | float | str) or value is None)
