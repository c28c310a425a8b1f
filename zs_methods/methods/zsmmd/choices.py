"""What the settings of a recursion may be; a list of methods waits for no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Where candidates may come from -> which training images, as a data set is asked for them; None for none at all.
#: ``seen-images`` hold no unseen pixel, so all its candidates are mistakes: a negative control.
SOURCES = {'unlabelled': {'all': 'keep', 'dropped': 'only'}, 'seen-images': {'all': 'drop'}, 'synthetic': {'all': None}}
#: The gates on confidence -> the setting that each has.
GATES = {'rank': 'share', 'threshold': 'threshold'}


def check_recursion(settings: Mapping[str, Any]) -> None:
    """Refuses settings of a recursion that mean nothing.

    Raises:
        ValueError: one line that names the setting, and what it may be.
    """
    source, images, gates = settings['source'], settings['images'], (settings['gate'], settings['online']['gate'])
    if source not in SOURCES:
        raise ValueError(f'recursion.source must be one of {tuple(SOURCES)}, got {source!r}')
    if images not in SOURCES[source]:
        raise ValueError(f'recursion.images must be one of {tuple(SOURCES[source])} with source {source!r}, '
                         f'got {images!r}')
    for name, gate in zip(('gate', 'online.gate'), gates, strict=True):
        if gate['type'] not in GATES:
            raise ValueError(f'recursion.{name}.type must be one of {tuple(GATES)}, got {gate["type"]!r}')
        _check_shares({f'{name}.{key}': gate[key] for key in GATES.values()})
    _check_shares({'agreement': settings['agreement']})
    if settings['weight'] < 0 or settings['rounds'] < 0:
        raise ValueError(f'recursion.weight and recursion.rounds must be at least 0, got {settings["weight"]} and '
                         f'{settings["rounds"]}')


def only_setting(gate: Mapping[str, Any]) -> dict[str, Any]:
    """A gate with the one setting that it has."""
    return {'type': gate['type'], GATES[gate['type']]: gate[GATES[gate['type']]]}


def _check_shares(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f'recursion.{name} must be from 0 to 1, got {value}')
