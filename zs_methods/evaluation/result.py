"""What a recipe hands over: the pixel counts of one joint prediction, and a few images to look at; no torch needed."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

#: Name of the last stage of every recipe, which trains nothing and scores.
LAST = 'evaluate'
FILE = 'result.json'


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class ExampleImage(_Part):
    """One image: its name, base64 of a JPEG, and of PNGs of class ids, 255 = ignore.

    Image and truth are '' where they belong to a published data set, which everybody gets from its owners.
    """

    name: str
    image: str
    truth: str
    prediction: str


class EvaluationResult(_Part):
    """The result of a recipe's last stage, a file of its artifact; scores follow from it, see `scores`.

    Attributes:
        images (int): number of images scored.
        confusion (list[list[int]]): pixel counts at the original resolution, (C, C), rows = ground truth.
        confusion_per_image (str): the same image by image, see `pack_sparse`; '' if it was not kept.
        secondary_confusion (list[list[int]], optional): counts at the card's paper resolution.
        examples (list[ExampleImage]): images to show.
    """

    images: int
    confusion: list[list[int]]
    confusion_per_image: str = ''
    secondary_confusion: list[list[int]] | None = None
    examples: list[ExampleImage] = []

    def write(self, folder: Path) -> None:
        """Puts the result into the artifact of the last stage."""
        (folder / FILE).write_text(json.dumps(self.model_dump()), encoding='utf-8')

    @classmethod
    def read(cls, folder: Path) -> EvaluationResult:
        """The result in an artifact.

        Raises:
            OSError: there is none.
            ValueError: it has another shape; one line that names the file and the first wrong key.
        """
        try:
            return cls.model_validate_json((folder / FILE).read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f'{FILE}: {".".join(map(str, first["loc"]))}: {first["msg"]}') from None
