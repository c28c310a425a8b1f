"""Protocol cards: what makes two numbers comparable. Reports never mix cards."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

#: What may be read of unseen labels, from weak to strong (``reads_unseen_gt``).
ACCESS = ('none', 'image-filter', 'image-oracle', 'ignore-mask', 'layout', 'pixels')
#: What becomes of training images with an unseen class -> what that itself reads of unseen labels.
HANDLING = {'drop': 'image-filter', 'mask': 'ignore-mask'}


def stronger_access(first: str, second: str) -> str:
    """The stronger of two values of `ACCESS`."""
    return max(first, second, key=ACCESS.index)


class Resize(BaseModel):
    """How an image is resized for the network, and the size at which the secondary score is taken.

    Attributes:
        mode (str): ``short-side``: the shorter side becomes `size`, aspect kept; ``warp``: both sides become `size`.
        size (int): pixels.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    mode: Literal['short-side', 'warp']
    size: int

    @property
    def text(self) -> str:
        """As in reports, such as ``short side 513``."""
        return f'short side {self.size}' if self.mode == 'short-side' else f'warped to {self.size} x {self.size}'

    def transform(self) -> dict:
        """The transform of image and labels: that of the ZS3 code with Pillow, or that of SPNet with OpenCV."""
        return dict(type='zs_methods.ShortSide' if self.mode == 'short-side' else 'zs_methods.Warp', size=self.size)


class Protocol(BaseModel):
    """One card.

    Attributes:
        name (str): as on the command line and in records.
        version (int): raised when the card's meaning changes.
        summary (str): one line.
        background (str): ``seen``: counted as a seen class; ``ignored``: neither trained, predicted nor scored.
        unseen_images (str): training images with an unseen class are ``drop``-ped, or kept with those pixels
            ``mask``-ed.
        label_access (str): the strongest use of unseen labels that training is allowed, see `ACCESS`.
        unlabelled_access (str): the same for transductive methods, which may be told which training images the card
            drops, and get them without labels.
        setting (str): ``inductive``: no image trains the network about an unseen class; a transductive method says
            so itself.
        training_list (str): which of the data set's lists of training images, where it has several.
        resolution (str): size of the primary score.
        paper_resolution (Resize): size of the network's input and of the secondary score, from the same forward pass;
            only for data sets that papers report.
        pretraining (str): backbone weights that the card asks for.
        source (str): where the card is from.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    name: str
    version: int = 1
    summary: str
    background: Literal['seen', 'ignored'] = 'seen'
    unseen_images: Literal['drop', 'mask']
    label_access: str
    unlabelled_access: str = 'image-oracle'
    setting: Literal['inductive', 'transductive'] = 'inductive'
    training_list: str
    resolution: Literal['original'] = 'original'
    paper_resolution: Resize
    pretraining: str = 'any, declared per run'
    source: str = ''

    @property
    def handling(self) -> str:
        """What the treatment of training images itself reads of unseen labels, in the words of `ACCESS`."""
        return HANDLING[self.unseen_images]

    def allowed(self, setting: str) -> str:
        """The strongest use of unseen labels that a method of this setting is allowed, see `ACCESS`."""
        if setting == 'inductive':
            return self.label_access
        return stronger_access(self.label_access, self.unlabelled_access)

    def with_list(self, name: str) -> Protocol:
        """The card with another training list: another card, with another name, unless it is the card's own."""
        return self if name == self.training_list else self.model_copy(
            update={'name': f'{self.name}-{name}', 'training_list': name})


_ZS3 = 'valeoai/ZS3 6031f4a; size 513 is that of its evaluation scripts, its training validates at 312'

PROTOCOLS = {card.name: card for card in (
    Protocol(name='zs3-clean', unseen_images='drop', label_access='image-filter', training_list='official',
             paper_resolution=Resize(mode='short-side', size=513), source=_ZS3,
             summary='training images with an unseen class are dropped; no unseen pixel is ever read'),
    Protocol(name='zs3-official', unseen_images='drop', label_access='layout', training_list='official',
             paper_resolution=Resize(mode='short-side', size=513), source=_ZS3,
             pretraining='ImageNet-1k without the Pascal classes',
             summary='as the published code: the classifier step may lay synthetic features out with the ground-truth '
                     'masks of unseen classes'),
    Protocol(name='spnet', background='ignored', unseen_images='mask', label_access='ignore-mask', training_list='aug',
             paper_resolution=Resize(mode='warp', size=513), pretraining='ImageNet-1k, all classes',
             source='subhc/SPNet 292ff5a',
             summary='training images are kept with their unseen pixels ignored; the background is neither trained, '
                     'predicted nor scored'),
)}
