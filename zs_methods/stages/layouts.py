"""Where the synthetic features of a batch go: which images are synthetic, and which class every pixel of them is.

Three ways, by name:

* ``ground-truth``: the masks of training images with an unseen class, as in the published code. Reads unseen labels.
* ``relabel``: seen-only images, in some of which random components are called random unseen classes. Reads none; the
  authors of ZS3Net name such a set-up in issue 10 of valeoai/ZS3. ASSUMPTIONS: half of the images, half of their
  components but at least one, every unseen class as likely, the background never.
* ``random``: some images become maps with a class of its own for every pixel, unseen ones ten times as likely as seen
  ones (step 2 of CaGNet, bcmi/CaGNet 249305b). Reads none. Deviation: CaGNet alternates 100 steps of either kind; here
  a share of every batch is synthetic, and losses are taken at the size of the input.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from zs_methods.datasets.spec import IGNORE
from zs_methods.engine.stage import StageContext
from zs_methods.stages.components import components

LAYOUTS = ('ground-truth', 'relabel', 'random')
#: Odds of an unseen class against a seen one in random maps.
UNSEEN_PRIOR = 10.0


class Layout(NamedTuple):
    """One batch.

    Attributes:
        labels (Tensor): class ids at the size of the features, shape (N, h, w), int64; 255 where there is none.
        targets (Tensor): class ids at the size of the input, shape (N, H, W), int64.
        synthetic (Tensor): images with an unseen class in `labels`; their features are generated, shape (N,), bool.
        vanished (Tensor): number of unseen pixels in the targets of images that are not synthetic, since their
            objects were lost in the down-sampling, before any of this was mended; shape (N,).
    """

    labels: Tensor
    targets: Tensor
    synthetic: Tensor
    vanished: Tensor


class LayoutMaker:
    """Draws the layout of every batch.

    Args:
        ctx (StageContext): names the classes; the ``layout`` stream is drawn from.
        name (str): one of `LAYOUTS`.
        share (float): probability that an image becomes synthetic, for the layouts that choose.
        leak (str): what ``ground-truth`` makes of unseen pixels that vanished: ``kept`` as in the published code, where
            such an image trains with real features and unseen labels, or ``closed``: those pixels are ignored. The
            other layouts have none: the pixels keep their seen label.
    """

    def __init__(self, ctx: StageContext, name: str, share: float, leak: str) -> None:
        task = ctx.task
        self.name, self.share, self.leak, self.stream = name, share, leak, ctx.stream('layout')
        self.unseen = torch.tensor(task.unseen, device=ctx.device)
        #: Which labels may be called unseen ones; 256 entries.
        self.changeable = torch.zeros(IGNORE + 1, dtype=torch.bool, device=ctx.device)
        background = task.spec.ids([task.spec.background]) if task.spec.background else ()
        self.changeable[[c for c in task.seen if c not in background]] = True
        prior = torch.zeros(len(task.spec.classes), device=ctx.device)
        prior[list(task.seen)], prior[self.unseen] = 1.0, UNSEEN_PRIOR
        self.prior = prior

    def __call__(self, targets: Tensor, size: tuple[int, int]) -> Layout:
        """Labels (N, H, W), int64, of the images as they were read, and the size (h, w) of the features."""
        original = targets
        if self.name == 'relabel':
            targets = self._relabel(targets)
        elif self.name == 'random':
            targets = self._random(targets, size)
        labels = shrink(targets, size)
        synthetic = torch.isin(labels, self.unseen).flatten(1).any(dim=1)
        lost = torch.isin(targets, self.unseen) & ~synthetic[:, None, None]
        if self.name != 'ground-truth':
            targets = torch.where(lost, original, targets)
        elif self.leak == 'closed':
            targets = targets.masked_fill(lost, IGNORE)
        return Layout(labels, targets, synthetic, lost.flatten(1).sum(dim=1))

    def _relabel(self, targets: Tensor) -> Tensor:
        nodes, first, _ = components(targets)
        old, image = targets.reshape(-1)[first], first // targets[0].numel()
        draw = self._draw(len(old)).masked_fill(~self.changeable[old], 2.0)
        least = draw.new_full((len(targets),), 2.0).scatter_reduce(0, image, draw, 'amin')
        chosen = (draw < 0.5) | (draw == least[image])
        chosen &= self.changeable[old] & (self._draw(len(targets))[image] < self.share)
        drawn = self.unseen[(self._draw(len(old)) * len(self.unseen)).long()]
        return torch.where(chosen, drawn, old)[nodes]

    def _random(self, targets: Tensor, size: tuple[int, int]) -> Tensor:
        pixels = torch.multinomial(self.prior, len(targets) * size[0] * size[1], True, generator=self.stream)
        maps = pixels.view(len(targets), *size)
        large = F.interpolate(maps[:, None].float(), size=targets.shape[1:], mode='nearest')[:, 0].long()
        chosen = self._draw(len(targets)) < self.share
        return torch.where(chosen[:, None, None], large, targets)

    def _draw(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.stream, device=self.stream.device)


def shrink(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels (N, H, W) at another size, by nearest neighbour as in the ZS3 code; int64."""
    return F.interpolate(labels[:, None].float(), size=size, mode='nearest')[:, 0].long()


def mix_features(real: Tensor, fake: Tensor, layout: Layout, unseen: tuple[int, ...], mix: str) -> Tensor:
    """What the classifier sees, shape (N, d, h, w): real features, and synthetic ones in images with unseen classes."""
    replaced = layout.synthetic[:, None, None].expand_as(layout.labels)
    if mix == 'pixel':
        replaced = replaced & torch.isin(layout.labels, torch.tensor(unseen, device=real.device))
    return torch.where(replaced[:, None], fake, real)


def without(layout: Layout, images: Tensor) -> Layout:
    """A layout without some images, a mask (N,): the generator skips them, the classifier those that are synthetic."""
    hidden = images[:, None, None]
    return layout._replace(labels=layout.labels.masked_fill(hidden, IGNORE),
                           targets=layout.targets.masked_fill(hidden & layout.synthetic[:, None, None], IGNORE))
