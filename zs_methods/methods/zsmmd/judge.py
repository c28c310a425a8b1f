"""p_theta, the opinion by which pixels become candidates: which class, and how sure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

#: Features that are judged at once.
CHUNK = 65_536


class Judge:
    """The joint prediction of a classifier and its softmax value.

    A classifier that was trained with weight w on the unseen classes overrates them: at equal odds its softmax has them
    at w / (1 + w). Their scores less ln w are, to first order, those of a classifier trained without a weight.

    Args:
        classifier (Callable): features (n, d) -> scores (n, C).
        unseen (Sequence[int]): ids of the unseen classes.
        trained_with (float): w; 1 takes the scores as they are.
    """

    def __init__(self, classifier: Callable[[Tensor], Tensor], unseen: Sequence[int], trained_with: float = 1.0
                 ) -> None:
        self.classifier, self.unseen, self.surplus = classifier, list(unseen), math.log(trained_with)

    @torch.no_grad()
    def __call__(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Judges features (n, d).

        Returns:
            tuple: predicted classes, shape (n,), int64, and confidences, their probabilities, shape (n,).
        """
        parts = [self._judge(chunk) for chunk in features.split(CHUNK)]
        classes, confidence = (torch.cat(column) for column in zip(*parts, strict=True))
        return classes, confidence

    def _judge(self, features: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.classifier(features)
        if self.surplus:
            scores = scores.clone()
            scores[:, self.unseen] -= self.surplus
        confidence, classes = scores.softmax(dim=1).max(dim=1)
        return classes, confidence


def leading(classes: Tensor, wanted: Tensor, least: float) -> Tensor:
    """Marks the pixels on which an image agrees: those of the wanted class that leads it.

    Args:
        classes (Tensor): predicted classes, shape (N, h, w), int64.
        wanted (Tensor): which classes compete, shape (256,), bool.
        least (float): share of the image's pixels that the leading class must have.

    Returns:
        Tensor: shape (N, h, w), bool.
    """
    images = torch.arange(len(classes), device=classes.device)[:, None, None]
    groups = (classes + images * len(wanted)).reshape(-1)
    counts = torch.bincount(groups, minlength=len(classes) * len(wanted)).view(len(classes), -1) * wanted
    most, leader = counts.max(dim=1)
    agreed = most >= max(1, least * classes[0].numel())
    return (classes == leader[:, None, None]) & agreed[:, None, None]
