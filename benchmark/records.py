"""The record: one JSON file per cell, the only thing reports read.

This file declares every key once. Numbers are raw (percent, unrounded); rounding is the report's business.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 2


class Status(str, Enum):
    """How a cell ended."""

    DONE = 'done'
    FAILED = 'failed'
    SKIPPED = 'skipped'
    INTERRUPTED = 'interrupted'


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid')


class CellId(_Part):
    """What the number is about.

    ``split`` is ``k<K>`` or the name of a split of ``k`` unseen classes; ``protocol`` and ``model`` name the card and
    the DeepLab config, ``variant`` holds the ``--cfg-options`` that changed this method's settings.
    """

    dataset: str
    split: str
    k: int
    protocol: str
    model: str
    method: str
    seed: int
    variant: dict[str, Any] = {}


class Group(_Part):
    """Pixel accuracy, mean class accuracy and mean IoU of a group of classes, in percent."""

    pa: float
    ma: float
    miou: float


class Metrics(_Part):
    """Scores of one joint prediction over all classes; ``hiou`` = 2SU/(S+U) of the unrounded mIoUs."""

    seen: Group
    unseen: Group
    overall: Group
    hiou: float


class StageRecord(_Part):
    """One stage of the cell.

    ``seconds``, ``peak_rss_mib`` (of the whole process while the stage ran), ``code``, ``git_sha`` and ``device`` are
    those of the run that made the artifact; ``config`` is what built the stage.
    """

    name: str
    key: str
    reused: bool
    seconds: float
    peak_rss_mib: float
    code: str
    git_sha: str | None
    device: str
    config: dict[str, Any]
    label_access: dict[str, Any]
    summary: dict[str, Any]


class Example(_Part):
    """One validation image: base64 of a JPEG, and of palette-less PNGs of class ids (255 = ignore)."""

    name: str
    image: str
    truth: str
    prediction: str


class MethodCard(_Part):
    """What the method says of itself, as the report prints it."""

    summary: str
    role: str
    setting: str
    reads_unseen_gt: str
    source: str = ''
    deviations: list[str] = []
    note: str = ''


class NetworkCard(_Part):
    """The network that all methods of a table share.

    ``config`` is a hash of the DeepLab config's ``model``, ``changes`` holds the ``--cfg-options`` that changed it.
    ``weights`` names what the backbone starts from (a file's name, ``torchvision://...`` or ``none``), ``sha256`` is
    that of the file, ``pretraining`` says what those weights were trained on.
    """

    backbone: str
    config: str = ''
    changes: dict[str, Any] = {}
    weights: str
    sha256: str = ''
    pretraining: str


class Secondary(_Part):
    """Scores of the same predictions at another resolution, with the labels resized too."""

    resolution: str
    metrics: Metrics
    confusion: list[list[int]]


class Record(_Part):
    """One finished, failed, skipped or interrupted cell.

    Attributes:
        key: hash of the last stage: data, split, settings of all stages and seed.
        settings: hash of the same without the seed; records with different values are never averaged.
        protocol: the whole card, with its version.
        network: the network and its backbone weights.
        classes, unseen: class names and ids of the unseen ones (``done`` only, like all that follow).
        metrics, confusion: at the original resolution; pixel counts, rows = ground truth, columns = prediction.
        secondary: the same at the paper's resolution, where the data set has one.
        confusion_per_image: zlib + base64 of int32 rows (image, truth, prediction, pixels).
        per_class_iou: percent; None for a class without ground truth (listed in ``absent_classes``).
        provenance: environment of the run that made the last stage (``done``), or of this one.
        label_access: unseen labels the training stages really read: ``level`` and counts per subset.
        reason, traceback: why the cell was skipped or failed.
    """

    schema_version: Literal[2] = SCHEMA_VERSION
    status: Status
    cell: CellId
    key: str
    settings: str
    protocol: dict[str, Any]
    network: NetworkCard
    method: MethodCard
    reason: str = ''
    traceback: str = ''
    classes: list[str] = []
    palette: list[list[int]] = []
    unseen: list[int] = []
    images: int = 0
    metrics: Metrics | None = None
    confusion: list[list[int]] = []
    secondary: Secondary | None = None
    confusion_per_image: str = ''
    per_class_iou: list[float | None] = []
    absent_classes: list[str] = []
    label_access: dict[str, Any] = {}
    stages: list[StageRecord] = []
    examples: list[Example] = []
    provenance: dict[str, Any] = Field(default_factory=dict)


def write_json(path: Path, content: dict) -> None:
    """Writes atomically: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}-{uuid.uuid4().hex[:6]}')
    try:
        with open(temporary, 'w', encoding='utf-8') as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.write('\n')
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_record(record: Record, path: Path) -> None:
    """Writes one record atomically."""
    write_json(path, record.model_dump(mode='json'))


def load_record(path: Path) -> Record:
    """Reads one record.

    Raises:
        ValueError: the file is not a record of this schema; the message names it and the first wrong key.
    """
    try:
        return Record.model_validate_json(path.read_bytes())
    except ValueError as error:
        first = str(error).split('\n')[1:3]
        raise ValueError(f'{path}: not a record of schema {SCHEMA_VERSION}: {" ".join(s.strip() for s in first)}') \
            from None


def foreign_records(folder: Path) -> list[Path]:
    """Records of another schema in a folder, found by their first bytes, so that a run can refuse to begin."""
    mark = re.compile(rb'\s*\{\s*"schema_version": (\d+)')
    found = []
    for path in sorted(folder.glob('*.json')):
        with open(path, 'rb') as file:
            match = mark.match(file.read(100))
        if not match or int(match[1]) != SCHEMA_VERSION:
            found.append(path)
    return found


def load_records(folder: Path) -> list[Record]:
    """Reads all records of a folder, ordered by file name."""
    return [load_record(path) for path in sorted(folder.glob('*.json'))]
