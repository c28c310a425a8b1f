"""The metafiles ``configs/<method>/metafile.yaml``: paper, code, config and published numbers of a method.

Their form is that of mmseg's metafiles, with the evidence beside every statement that was not made here. By hand are
their ``Collections``, that is paper, code and a description; ``Models`` follow from what methods declare and from the
published tables, and ``model-index.yml`` beside ``configs`` lists all files, as mim reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark import ROOT
from benchmark.reporting.published.facts import PublishedError, load_facts
from benchmark.reporting.published.values import Published, load_published

CONFIGS = ROOT / 'configs'
INDEX = 'model-index.yml'
HEADER = """\
# Written by `python -m benchmark metafiles`: Models follow from the method and the published tables, edit Collections.
"""
#: The config of a method that has none besides that of the network.
NETWORK = 'deeplab/r101.py'
TASK = 'Generalised Zero-Shot Semantic Segmentation'
#: Scores of the published tables that a metafile repeats, and their names there.
METRICS = {'seen.miou': 'seen mIoU', 'unseen.miou': 'unseen mIoU', 'overall.miou': 'mIoU', 'hiou': 'hIoU'}
#: ``code``: read in official code; ``source``: read in a public text; ``memory``: unverified.
Evidence = Literal['code', 'source', 'memory']
_Content = TypeVar('_Content', bound=BaseModel)


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
        task: the same of all.
        dataset, method, variant, split, protocol: which row, in the words of the tables.
        evidence: ``memory`` if it was recalled, else ``source``.
        contradicts: scores that do not follow from seen and unseen mIoU.
        metrics: see `METRICS`.
    """

    task: str = Field(alias='Task')
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
    return _valid(Metafile, method, folder)


class _ByHand(BaseModel):
    """What of a metafile nothing else tells; its models may be out of date."""

    collections: tuple[Collection, ...] = Field(alias='Collections', min_length=1)


def _valid(kind: type[_Content], method: str, folder: Path) -> _Content:
    path = folder / method / 'metafile.yaml'
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding='utf-8')))
    except ValidationError as error:
        first = error.errors()[0]
        raise PublishedError(f'{path}: {".".join(map(str, first["loc"]))}: {first["msg"]}') from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PublishedError(f'{path}: {" ".join(str(error).split())}') from None


def published_results(method: str) -> list[Result]:
    """All rows of the published tables that a method follows, in their order."""
    return [_result(row) for dataset in load_facts().datasets for row in load_published(dataset)
            if method in row.facts.own]


def rendered(method: str, metadata: Metadata, folder: Path = CONFIGS) -> str:
    """The metafile of a method as it should be: the collections that it has, and what follows for its model.

    Raises:
        PublishedError: it has no metafile yet, or none that can be read; one line.
    """
    collections = _valid(_ByHand, method, folder).collections
    own = folder / method / f'{method}.py'
    config = own.relative_to(folder) if own.is_file() else Path(NETWORK)
    model = Model.model_validate({
        'Name': method, 'In Collection': collections[0].name, 'Config': f'configs/{config.as_posix()}',
        'Metadata': metadata, 'Results': published_results(method)})
    return HEADER + _yaml(Metafile(Collections=collections, Models=[model]).model_dump(
        mode='json', by_alias=True, exclude_defaults=True))


def index(methods: Iterable[str]) -> str:
    """The file that lists all metafiles."""
    return '# Written by `python -m benchmark metafiles`.\n' + _yaml(
        {'Import': [f'configs/{name}/metafile.yaml' for name in sorted(methods)]})


class _Dumper(yaml.SafeDumper):
    """Writes as a person would: text in folded lines, scores on one line, lists indented like mmseg's."""


class _Text(str):
    """A text of several lines."""


class _Line(dict):
    """A mapping on one line."""


_Dumper.add_representer(_Text, lambda dumper, text: dumper.represent_scalar('tag:yaml.org,2002:str', text, style='>'))
_Dumper.add_representer(_Line, lambda dumper, line: dumper.represent_mapping('tag:yaml.org,2002:map', line, True))


def _yaml(content: dict[str, Any]) -> str:
    for collection in content.get('Collections', ()):
        collection['README'] = _Text(collection['README'])
    for model in content.get('Models', ()):
        for result in model.get('Results', ()):
            result['Metrics'] = _Line(result['Metrics'])
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _result(row: Published) -> Result:
    values: dict[str, Any] = {
        'Task': TASK, 'Dataset': row.dataset, 'Method': row.method, 'Variant': row.variant, 'Split': row.split,
        'Protocol': row.protocol, 'Evidence': 'memory' if row.recalled else 'source',
        'Contradicts': tuple(METRICS[score] for score in row.failing),
        'Metrics': {name: row.values[score] for score, name in METRICS.items() if score in row.values}}
    return Result.model_validate(values)
