"""Makes a recipe short, whatever its stages are.

What a stage repeats is known by the name of the setting, anywhere in the stage's config. An author of a method who
follows this convention gets a check of seconds:

| last word of the name | becomes at most |
|---|---|
| ``iterations``, ``iters``, ``epochs``, ``steps`` (also ``max_iters``, ``total_steps``, ``warmup_steps``) | `STEPS` |
| ``samples``, ``per_class`` | `SAMPLES` |
| ``batch_size`` of a data loader (a section that has a ``sampler``) | `IMAGES` |
| ``batch_size`` elsewhere | `ROWS` |

Only whole numbers change. A training whose length has another name runs as long as it is.
"""

from __future__ import annotations

import re
from typing import Any

STEPS, SAMPLES, IMAGES, ROWS = 2, 8, 4, 64
_STEPS = re.compile(r'(^|_)(iterations|iters|epochs|steps)$')
_SAMPLES = re.compile(r'(^|_)(samples|per_class)$')
_BATCH = re.compile(r'(^|_)batch_size$')


def shrink(config: Any, steps: int = STEPS) -> Any:
    """A copy of plain data with the numbers of the convention made small."""
    if isinstance(config, dict):
        batch = IMAGES if 'sampler' in config else ROWS
        return {key: _small(str(key), value, steps, batch) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(shrink(value, steps) for value in config)
    return config


def has_steps(config: Any) -> bool:
    """Whether there is a number of steps anywhere in plain data."""
    return shrink(config, 1) != shrink(config, 2)


def _small(key: str, value: Any, steps: int, batch: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return shrink(value, steps)
    for pattern, limit in ((_STEPS, steps), (_SAMPLES, SAMPLES), (_BATCH, batch)):
        if pattern.search(key):
            return min(value, limit)
    return value
