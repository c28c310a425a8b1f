"""Addresses of stages: each one hashes the address before it and all that the stage's own result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from benchmark.store.checksums import content_hash
from zs_methods.engine.monitor import addressed
from zs_methods.engine.stage import StageSpec
from zs_methods.plugins import content_sha256, source_of
from zs_methods.registry import DATASETS, MODELS, STAGES, TRANSFORMS
from zs_methods.task import Task


def origin(task: Task, seed: int | None) -> str:
    """What stands before the first stage: data, split and seed; None for what all seeds have in common."""
    share = {'scored_share': task.scored_share} if task.scored_share else {}
    return content_hash({'data': task.data, 'classes': task.spec.classes, 'unseen': task.unseen,
                         'ignored': task.ignored, 'withheld': task.withheld, 'seed': seed, **share})


def stage_content(spec: StageSpec, card: list | None) -> bytes:
    """What the address of a stage depends on besides the one before it, as JSON.

    Args:
        spec (StageSpec): name and settings, which are checked by building the stage.
        card (list, optional): name and version of the protocol card; for the last stage of a recipe only, since cards
            may share trainings, but never a number.

    What only watches a training has no part in it, see `addressed`.

    Raises:
        KeyError: the stage is not registered.
    """
    stage = STAGES.get(spec.config['type'])
    if stage is None:
        raise KeyError(f"stage {spec.name!r}: type {spec.config['type']!r} is not registered in STAGES")
    stage(**{name: value for name, value in spec.config.items() if name != 'type'})
    content = {'name': spec.name, 'config': addressed(spec.config), 'version': stage.version,
               'source': _plugin_sources(spec.config), 'card': card}
    return json.dumps(content, sort_keys=True, separators=(',', ':')).encode()


def after(key: str, content: bytes) -> str:
    """The address of a stage, which is the `content_hash` of ``{'after': key, **content}``.

    The content is text already, since it is the same for all seeds and writing it takes longer than all the rest;
    'after' comes before all its keys.
    """
    return hashlib.sha256(b'{"after":"%b",' % key.encode() + content[1:]).hexdigest()[:16]


def _plugin_sources(config: Any) -> list[str]:
    """Hashes of the files, or of whole plugin packages, outside this one that define a type in a config.

    So an edited plugin runs anew.
    """
    sources = set()
    for name in _types(config):
        for registry in (STAGES, MODELS, DATASETS, TRANSFORMS):
            found = registry.module_dict.get(name.split('.')[-1])
            if found is not None and found.__module__.split('.')[0] != 'zs_methods':
                sources.add(source_of(found))
    return sorted(content_sha256(source)[:16] for source in sources)


def _types(config: Any) -> Iterator[str]:
    """All values of ``type`` keys in nested plain data."""
    if isinstance(config, dict):
        if isinstance(config.get('type'), str):
            yield config['type']
        config = list(config.values())
    if isinstance(config, list | tuple):
        for value in config:
            yield from _types(value)
