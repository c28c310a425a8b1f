"""The metafiles ``configs/<method>/metafile.yaml``: paper, code, config and published numbers of a method.

Their form is that of mmseg's metafiles, with the evidence beside every statement that was not made here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark import ROOT
from benchmark.reporting.published.facts import PublishedError, load_facts
from benchmark.reporting.published.values import Published, load_published

CONFIGS = ROOT / 'configs'
#: Scores of the published tables that a metafile repeats, and their names there.
METRICS = {'seen.miou': 'seen mIoU', 'unseen.miou': 'unseen mIoU', 'overall.miou': 'mIoU', 'hiou': 'hIoU'}
#: ``code``: read in official code; ``source``: read in a public text; ``memory``: unverified.
Evidence = Literal['code', 'source', 'memory']


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class Paper(_Part):
    """Where a method was published."""

    title: str = Field(alias='Title', min_length=1)
    authors: str = Field(alias='Authors', min_length=1)
    venue: str = Field(alias='Venue', min_length=1)
    year: int = Field(alias='Year', ge=2012, le=2100)
    url: AnyHttpUrl = Field(alias='URL')
    evidence: Evidence = Field(alias='Evidence')


class Code(_Part):
    """The authors' code at the commit that was read."""

    url: AnyHttpUrl = Field(alias='URL')
    commit: str = Field(alias='Commit', pattern=r'^[0-9a-f]{7,40}$')
    note: str = Field(alias='Note', default='')


class Collection(_Part):
    """A family of methods. Without a paper, it is a baseline of this benchmark; without code, none is public."""

    name: str = Field(alias='Name')
    paper: Paper | None = Field(alias='Paper')
    code: Code | None = Field(alias='Code')
    readme: str = Field(alias='README', min_length=80)


class Metadata(_Part):
    """What a method says of itself, see `Method`."""

    role: str = Field(alias='Role')
    setting: str = Field(alias='Setting')
    reads: str = Field(alias='Reads Unseen Labels')


class Result(_Part):
    """One row of the published tables in ``benchmark/reporting/published/data``; percent.

    Attributes:
        dataset, method, variant, split, protocol: which row, in the words of the tables.
        evidence: ``memory`` if it was recalled, else ``source``.
        contradicts: scores that do not follow from seen and unseen mIoU.
        metrics: see `METRICS`.
    """

    dataset: str = Field(alias='Dataset')
    method: str = Field(alias='Method')
    variant: str = Field(alias='Variant', default='')
    split: str = Field(alias='Split')
    protocol: str = Field(alias='Protocol')
    evidence: Evidence = Field(alias='Evidence')
    contradicts: tuple[str, ...] = Field(alias='Contradicts', default=())
    metrics: dict[str, float] = Field(alias='Metrics')

    @model_validator(mode='after')
    def _known(self) -> Result:
        if wrong := {*self.metrics, *self.contradicts} - set(METRICS.values()):
            raise ValueError(f'unknown metrics {sorted(wrong)}')
        return self


class Model(_Part):
    """A method of this repository."""

    name: str = Field(alias='Name')
    collection: str = Field(alias='In Collection')
    config: str = Field(alias='Config')
    metadata: Metadata = Field(alias='Metadata')
    results: tuple[Result, ...] = Field(alias='Results', default=())


class Metafile(_Part):
    """One ``metafile.yaml``."""

    collections: tuple[Collection, ...] = Field(alias='Collections', min_length=1)
    models: tuple[Model, ...] = Field(alias='Models', min_length=1)

    @model_validator(mode='after')
    def _named(self) -> Metafile:
        if wrong := {model.collection for model in self.models} - {part.name for part in self.collections}:
            raise ValueError(f'models are in collections that are not here: {sorted(wrong)}')
        return self


def load_metafile(method: str, folder: Path = CONFIGS) -> Metafile:
    """Reads the metafile of a method.

    Raises:
        PublishedError: it cannot be read, or a key is wrong; one line.
    """
    path = folder / method / 'metafile.yaml'
    try:
        return Metafile.model_validate(yaml.safe_load(path.read_text(encoding='utf-8')))
    except ValidationError as error:
        first = error.errors()[0]
        raise PublishedError(f'{path}: {".".join(map(str, first["loc"]))}: {first["msg"]}') from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PublishedError(f'{path}: {" ".join(str(error).split())}') from None


def published_results(method: str) -> list[Result]:
    """What the metafile of a method must repeat: all rows of the tables that the method follows, in their order."""
    return [_result(row) for dataset in load_facts().datasets for row in load_published(dataset)
            if method in row.facts.own]


def _result(row: Published) -> Result:
    values: dict[str, Any] = {
        'Dataset': row.dataset, 'Method': row.method, 'Variant': row.variant, 'Split': row.split,
        'Protocol': row.protocol, 'Evidence': 'memory' if row.recalled else 'source',
        'Contradicts': tuple(METRICS[score] for score in row.failing),
        'Metrics': {name: row.values[score] for score, name in METRICS.items() if score in row.values}}
    return Result.model_validate(values)
