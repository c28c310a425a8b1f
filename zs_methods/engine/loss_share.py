"""The weight of unseen classes in a weighted mean, and the share of it that they hold; no torch needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def share_of_weight(weight: float, unseen: int, seen: int) -> float:
    """The share, from 0 to 1, that `unseen` features of one weight hold beside `seen` features of weight 1."""
    return weight * unseen / (weight * unseen + seen)


def weight_of_share(share: float, unseen: int, seen: int) -> float:
    """The weight that gives `unseen` features this share beside `seen` features of weight 1.

    Raises:
        ValueError: the share is not a number between 0 and 1, which no weight would give.
    """
    if isinstance(share, bool | str) or not 0 < share < 1:
        raise ValueError(f'unseen_share must be a number between 0 and 1, both excluded, or None, got {share!r}')
    return share / (1 - share) * seen / unseen


def balance_in_words(classifier: Mapping[str, Any]) -> str:
    """What unseen classes weigh in the loss of a config's ``classifier`` section, with 2 and with 10 of them."""
    counts = [classifier['unseen_samples'] * classes for classes in (2, 10)]
    if share := classifier.get('unseen_share'):
        weights = [weight_of_share(share, count, classifier['batch_size']) for count in counts]
        return (f'unseen classes hold {share:.0%} of the weighted cross entropy in every step, by '
                f'classifier.unseen_share: a weight of {weights[0]:.3g} with 2 of them, {weights[1]:.3g} with 10')
    weight = classifier['unseen_weight']
    shares = [share_of_weight(weight, count, classifier['batch_size']) for count in counts]
    return (f'unseen classes weigh {weight:g}, by classifier.unseen_weight: {shares[0]:.0%} of the weighted cross '
            f'entropy in every step with 2 of them, {shares[1]:.0%} with 10')
