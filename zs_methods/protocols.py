"""Protocol cards: what makes two numbers comparable. Reports never mix cards."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Protocol(BaseModel):
    """One card.

    Attributes:
        name (str): as on the command line and in records.
        version (int): raised when the card's meaning changes.
        summary (str): one line.
        background (str): ``seen``: counted as a seen class.
        unseen_images (str): training images with an unseen class are ``drop``-ped, or kept with those pixels
            ``mask``-ed.
        label_access (str): the strongest use of unseen labels that training is allowed.
        setting (str): ``inductive``: no image trains the network about an unseen class.
        resolution (str): size at which predictions are scored.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: str
    version: int = 1
    summary: str
    background: str = 'seen'
    unseen_images: str
    label_access: str
    setting: str = 'inductive'
    resolution: str = 'original'


PROTOCOLS = {card.name: card for card in (
    Protocol(name='clean', unseen_images='drop', label_access='image-filter',
             summary='training images with an unseen class are dropped; no unseen pixel is ever read'),
    Protocol(name='masked', unseen_images='mask', label_access='ignore-mask',
             summary='training images are kept and their unseen pixels ignored'),
)}

#: What may be read of unseen labels, from weak to strong (``reads_unseen_gt``).
ACCESS = ('none', 'image-filter', 'image-oracle', 'ignore-mask', 'layout', 'pixels')


def stronger_access(first: str, second: str) -> str:
    """The stronger of two values of `ACCESS`."""
    return max(first, second, key=ACCESS.index)
