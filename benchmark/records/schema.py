"""The schema of a record: one JSON file per cell, the only thing reports read.

This file declares every key once. Numbers are raw (percent, unrounded); rounding is the report's business. The keys
are published as `record.schema.json`, which ``python -m benchmark.records.schema`` prints.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.records.values import variant_text
from benchmark.store.checksums import content_hash

SCHEMA_VERSION: Final = 5


class Status(str, Enum):
    """How a cell ended, or that it was not begun (after ``--fail-fast``, say)."""

    DONE = 'done'
    FAILED = 'failed'
    SKIPPED = 'skipped'
    INTERRUPTED = 'interrupted'
    NOT_RUN = 'not_run'


class Failure(str, Enum):
    """Why a cell failed.

    ``killed`` by a signal; ``label-access``: more labels read than the card allows; ``upstream``: a stage that another
    cell shares failed there.
    """

    ERROR = 'error'
    KILLED = 'killed'
    MEMORY = 'out-of-memory'
    TIMEOUT = 'timeout'
    ACCESS = 'label-access'
    UPSTREAM = 'upstream'


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid')


class CellId(_Part):
    """What the number is about.

    ``dataset`` is only a name, which others may give to data of their own; ``data`` is the fingerprint of images, masks
    and lists. ``split`` is ``k<K>`` or the name of a split of ``k`` unseen classes; ``protocol`` and ``model`` name the
    card and the DeepLab config, ``variant`` holds the ``--cfg-options`` that changed this method's settings.
    """

    dataset: str
    data: str
    split: str
    k: int
    protocol: str
    model: str
    method: str
    seed: int
    variant: dict[str, Any] = {}

    @property
    def named(self) -> str:
        """The method and, in brackets, the settings that make a variant of it."""
        return f'{self.method} ({variant_text(self.variant, full=True)})' if self.variant else self.method


class Group(_Part):
    """Pixel accuracy, mean class accuracy and mean IoU of a group of classes, in percent.

    All are None if no image scored holds ground truth of the group: what was not measured is not 0.
    """

    pa: float | None
    ma: float | None
    miou: float | None


class Metrics(_Part):
    """Scores of one joint prediction over all classes.

    ``hiou`` = 2SU/(S+U) of the unrounded mIoUs, 0 if both are 0, None if one of them was not measured.
    """

    seen: Group
    unseen: Group
    overall: Group
    hiou: float | None


class StageRecord(_Part):
    """One stage of the cell.

    All but ``reused`` is of the run that made the artifact.

    Attributes:
        key: address of the artifact.
        seconds: of wall-clock time; what interrupted runs took up to the checkpoint is part of it.
        peak_rss_mib: resident memory of the whole process while the stage, or its last part, ran; processes that it
            started (``--processes``) are not part of it.
        peak_gpu_mib: GPU memory that was allocated at once; None without a GPU.
        energy_j: of the machine's processors and the stage's GPU while it ran, whatever else ran there; None where
            no counter could be read.
        code: hash of the files of `zs_methods`.
        git_sha, git_diff: commit, and hash of what differed from it (None: nothing).
        config: what built the stage, resolved.
        seeds: the seeds that it drew from, by what they vary.
        threads: of PyTorch's CPU operations.
        resumed_from: iteration of the checkpoint from which it went on after an interruption.
        label_access: unseen labels read, by subset.
    """

    name: str
    key: str
    reused: bool
    seconds: float
    peak_rss_mib: float
    peak_gpu_mib: float | None = None
    energy_j: float | None = None
    code: str
    git_sha: str | None
    git_diff: str | None = None
    device: str
    config: dict[str, Any]
    seeds: dict[str, int] = {}
    threads: int | None = None
    resumed_from: int | None = None
    label_access: dict[str, Any]
    summary: dict[str, Any]


class Example(_Part):
    """One validation image: base64 of a JPEG, and of palette-less PNGs of class ids (255 = ignore).

    Of published data sets, image and truth are '': they belong to their owners.
    """

    name: str
    image: str
    truth: str
    prediction: str


class MethodCard(_Part):
    """What the method says of itself: all that a report knows of it.

    Attributes:
        title: its name in papers; '' if it has none but that of the command line.
        continues: the method whose trained parts it trains further.
        controls: the method that it equals but for a term of the loss that it leaves out.
        generates: whether it makes features of unseen classes with a generator.
        compared_with: methods that the report sets it against, in words.
        shows: what the difference to some of these shows, such as ``what calibration adds``.
    """

    summary: str
    role: str
    setting: str
    reads_unseen_gt: str
    source: str = ''
    deviations: list[str] = []
    note: str = ''
    title: str = ''
    continues: str | None = None
    controls: str | None = None
    generates: bool = False
    compared_with: list[str] = []
    shows: dict[str, str] = {}


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


class RecordHead(_Part):
    """What tells whether a cell has to run; `load_head` reads it much faster than the whole record.

    Attributes:
        key: hash of the last stage: data, split, settings of all stages and seed.
        settings: hash of the same without the seed; records with different values are never averaged.
        config_hash: hash of the resolved configs of all stages, by name; data, split and seed have no part in it.
        code: hash of the files of `zs_methods` that made the last stage (``done``), or that ran.
        protocol: the whole card, with its version.
        network: the network and its backbone weights.
        attempts: times the cell was started until it ended.
        reason, failure: why the cell has no numbers; ``failure`` for ``failed`` only.
        images: number of images scored (``done`` only).
        metrics: at the original resolution (``done`` only).
    """

    schema_version: Literal[5] = SCHEMA_VERSION
    status: Status
    cell: CellId
    key: str
    settings: str
    config_hash: str = ''
    code: str = ''
    protocol: dict[str, Any]
    network: NetworkCard
    method: MethodCard
    attempts: int = 1
    reason: str = ''
    failure: Failure | None = None
    images: int = 0
    metrics: Metrics | None = None


class Record(RecordHead):
    """One cell, however it ended.

    Attributes:
        traceback: of what failed.
        classes, unseen: class names and ids of the unseen ones (``done`` only, like all that follow).
        confusion: at the original resolution; pixel counts, rows = ground truth, columns = prediction.
        secondary: the same at the paper's resolution, where the data set has one.
        confusion_per_image: zlib + base64 of int32 rows (image, truth, prediction, pixels).
        per_class_iou: percent; None for a class without ground truth (listed in ``absent_classes``).
        provenance: environment of the run that made the last stage (``done``), or of this one; data, vectors and
            the command line.
        label_access: unseen labels the training stages really read: ``level`` and counts per subset.
    """

    traceback: str = ''
    classes: list[str] = []
    palette: list[list[int]] = []
    unseen: list[int] = []
    confusion: list[list[int]] = []
    secondary: Secondary | None = None
    confusion_per_image: str = ''
    per_class_iou: list[float | None] = []
    absent_classes: list[str] = []
    label_access: dict[str, Any] = {}
    stages: list[StageRecord] = []
    examples: list[Example] = []
    provenance: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode='after')
    def _complete(self) -> Record:
        """Fills in what follows from the rest."""
        if self.status is Status.DONE and self.stages and not self.config_hash:
            self.config_hash = content_hash({stage.name: stage.config for stage in self.stages})
        if self.status is Status.FAILED and self.failure is None:
            self.failure = Failure.ERROR
        self.code = self.code or str(self.provenance.get('code', ''))
        return self


def json_schema() -> dict[str, Any]:
    """The JSON schema of a record's file, its checksum included."""
    schema = Record.model_json_schema(mode='serialization')
    checksum = {'description': 'of every byte of the file after this line', 'pattern': '^sha256:[0-9a-f]{64}$',
                'type': 'string'}
    return {'$schema': 'https://json-schema.org/draft/2020-12/schema', **schema,
            'properties': {'checksum': checksum, **schema['properties']},
            'required': ['checksum', *schema['required']]}


if __name__ == '__main__':
    print(json.dumps(json_schema(), indent=1))
