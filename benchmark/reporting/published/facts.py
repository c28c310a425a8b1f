"""What is known of the published tables besides their numbers: ``data/published.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

DATA = Path(__file__).with_name('data')


class PublishedError(ValueError):
    """A table or its description is damaged; the message names the file and the line or key."""


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class SplitFacts(_Part):
    """The split here that a split of the tables is, and the numbers of classes that weigh its overall mIoU."""

    split: str = ''
    seen: int = 0
    unseen: int = 0


class DatasetFacts(_Part):
    """A data set with published numbers."""

    title: str
    tables: tuple[str, ...]
    training_lists: dict[str, int] = {}
    splits: dict[str, SplitFacts]


class ProtocolFacts(_Part):
    """A protocol of the tables, in the words of the protocol cards; '' where unknown."""

    summary: str
    background: str = ''
    unseen_images: str = ''
    label_access: str = ''
    scored_at: str = ''
    no_target: str = ''


class MethodFacts(_Part):
    """A method of the tables, and the methods here that follow it; '' where unknown."""

    method: str
    variant: str = ''
    datasets: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    no_target: str = ''
    label_access: str = ''
    network: str = ''
    pretraining: str = ''
    training_list: str = ''


class Claim(_Part):
    """A number listed elsewhere for the ZS3 paper, and what became of it when it was looked up."""

    dataset: str
    claim: str
    score: str
    value: float
    verdict: str


class Facts(_Part):
    """``published.yaml``; ``caution`` stands beside every comparison with published numbers."""

    caution: str = ''
    datasets: dict[str, DatasetFacts]
    protocols: dict[str, ProtocolFacts]
    methods: tuple[MethodFacts, ...]
    not_implemented: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()


@cache
def load_facts(folder: Path = DATA) -> Facts:
    """Reads ``published.yaml``.

    Raises:
        PublishedError: it cannot be read, or a key is wrong; one line.
    """
    path = folder / 'published.yaml'
    try:
        return Facts.model_validate(yaml.safe_load(path.read_text(encoding='utf-8')))
    except ValidationError as error:
        first = error.errors()[0]
        raise PublishedError(f'{path}: {".".join(map(str, first["loc"]))}: {first["msg"]}') from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PublishedError(f'{path}: {" ".join(str(error).split())}') from None
