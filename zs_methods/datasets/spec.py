"""The description of a data set: classes, folders, splits and word vectors, read from one YAML file."""

from __future__ import annotations

import colorsys
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SPECS = Path(__file__).with_name('specs')


class Subset(BaseModel):
    """Folders of one subset, relative to the data root; ``list`` names the images, one a line, else all are taken."""

    model_config = ConfigDict(extra='forbid', frozen=True)

    images: str
    masks: str
    list: str | None = None


class DatasetSpec(BaseModel):
    """One data set.

    Attributes:
        name (str): as on the command line and in records.
        title (str): as in reports.
        classes (tuple[str, ...]): names; the position is the class id in the masks.
        subsets (dict[str, Subset]): ``train`` and ``val``, optionally ``unlabelled``.
        nested_unseen (tuple[tuple[str, ...], ...]): unseen classes added step by step; K is their running number.
        vectors (str): word-vector file, relative to the YAML file.
        aliases (dict[str, str]): class name -> words to look up in the vectors.
        embedded (bool): generated on first use instead of downloaded.
        palette (tuple): one RGB triple per class; generated if empty.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: str = Field(pattern=r'^[a-z0-9][a-z0-9_-]*$')
    title: str
    classes: tuple[str, ...]
    subsets: dict[str, Subset]
    image_suffix: str = '.png'
    mask_suffix: str = '.png'
    nested_unseen: tuple[tuple[str, ...], ...]
    vectors: str
    aliases: dict[str, str] = {}
    embedded: bool = False
    palette: tuple[tuple[int, int, int], ...] = ()

    @field_validator('classes')
    @classmethod
    def _unique(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes):
            raise ValueError('class names must be unique')
        return classes

    @model_validator(mode='after')
    def _consistent(self) -> DatasetSpec:
        unseen = [name for step in self.nested_unseen for name in step]
        unknown = sorted(set(unseen) - set(self.classes))
        if unknown:
            raise ValueError(f'nested_unseen names classes that do not exist: {unknown}')
        if len(set(unseen)) != len(unseen):
            raise ValueError('nested_unseen names a class twice')
        if not {'train', 'val'} <= set(self.subsets):
            raise ValueError('subsets must hold train and val')
        return self

    @property
    def splits(self) -> dict[int, tuple[int, ...]]:
        """K -> ids of the unseen classes, ascending; every split contains the smaller ones."""
        splits: dict[int, tuple[int, ...]] = {}
        unseen: list[int] = []
        for step in self.nested_unseen:
            unseen += [self.classes.index(name) for name in step]
            splits[len(unseen)] = tuple(sorted(unseen))
        return splits

    @property
    def metainfo(self) -> dict[str, Any]:
        """Class names and palette in mmseg's form."""
        return {'classes': self.classes, 'palette': [list(rgb) for rgb in self.palette or _palette(len(self.classes))]}


def _palette(n_classes: int) -> list[tuple[int, ...]]:
    """Black for class 0, then hues by the golden ratio in three brightnesses."""
    hsv = ((i * 0.618034 % 1, 0.55 + 0.15 * (i % 4), (0.95, 0.75, 0.55)[i % 3]) for i in range(1, n_classes))
    return [(0, 0, 0), *(tuple(round(255 * v) for v in colorsys.hsv_to_rgb(*colour)) for colour in hsv)]


def available() -> list[str]:
    """Names of the data sets that come with the package."""
    return sorted(path.stem for path in SPECS.glob('*.yaml'))


@cache
def load_spec(name: str) -> DatasetSpec:
    """Reads the description of a data set that comes with the package.

    Raises:
        KeyError: unknown name; the message lists the known ones.
    """
    if name not in available():
        raise KeyError(f'unknown data set {name!r}; known: {", ".join(available())}')
    return DatasetSpec.model_validate(yaml.safe_load((SPECS / f'{name}.yaml').read_text()))
