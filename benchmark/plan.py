"""The plan: requested cells, and the trie of stages that they share."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.artifacts import ArtifactStore, content_hash
from benchmark.records import CellId, MethodCard, NetworkCard
from zs_methods.methods import Method
from zs_methods.protocols import stronger_access
from zs_methods.registry import DATASETS, MODELS, STAGES, TRANSFORMS
from zs_methods.stages.base import StageSpec
from zs_methods.task import Task


@dataclass(frozen=True)
class Node:
    """One distinct stage of the plan.

    Attributes:
        key (str): hash of data, split, seed, the settings of this stage and of all before it.
        name (str): the stage's name in its recipe.
        config (dict): builds the stage.
        task (Task): data set and split.
        seed (int): the cell's seed.
        inputs (tuple[tuple[str, str], ...]): names and keys of the stages before it, in order.
    """

    key: str
    name: str
    config: dict[str, Any] = field(hash=False, compare=False)
    task: Task = field(hash=False, compare=False)
    seed: int = field(hash=False, compare=False)
    inputs: tuple[tuple[str, str], ...] = field(hash=False, compare=False)


@dataclass
class Cell:
    """One number triple to make.

    Attributes:
        id (CellId): what it is about.
        card (MethodCard): what the method says of itself.
        nodes (list[Node]): its stages in order; cells share nodes.
        settings (str): hash of all settings without the seed.
        task (Task): data set and split.
        protocol (dict): the protocol card.
        network (NetworkCard): the network and its backbone weights.
        skip (str | None): reason not to run.
    """

    id: CellId
    card: MethodCard
    nodes: list[Node]
    settings: str
    task: Task
    protocol: dict[str, Any]
    network: NetworkCard
    skip: str | None = None

    @property
    def key(self) -> str:
        """Address of the last stage."""
        return self.nodes[-1].key

    @property
    def label(self) -> str:
        """Short name for progress lines."""
        return f'{self.id.dataset} {self.id.split} {self.id.method} seed {self.id.seed}'

    @property
    def file_name(self) -> str:
        """Name of the cell's record; the hash of what it is about keeps any two cells apart."""
        about = content_hash([self.id.model_dump(exclude={'seed'}), self.network.model_dump()])[:8]
        return '_'.join([self.id.dataset, self.id.split, self.id.protocol, self.id.model, self.id.method,
                         f'seed{self.id.seed}', about]) + '.json'


def plan_cell(method: Method, name: str, task: Task, seed: int, variant: dict[str, Any]) -> Cell:
    """Expands one cell into its stages and their addresses."""
    specs = method.stages()
    names = [spec.name for spec in specs]
    if not names or names[-1] != 'evaluate' or len(set(names)) < len(names):
        raise ValueError(f"a recipe's stages need distinct names and 'evaluate' as the last one, got {names}")
    if not all(re.fullmatch(r'[A-Za-z0-9_]+', word) for word in [name, *names]):
        raise ValueError(f'names of methods and stages are letters, digits and _, got {[name, *names]}')
    card = [method.protocol.name, method.protocol.version]
    keys, neutral = (_chain(task, s, specs, card) for s in (seed, None))
    nodes = [
        Node(key, spec.name, spec.config, task, seed,
             tuple((specs[j].name, keys[j]) for j in range(i)))
        for i, (spec, key) in enumerate(zip(specs, keys, strict=True))
    ]
    network = dict(method.cfg.network)
    return Cell(
        id=CellId(dataset=task.dataset, split=task.split, k=len(task.unseen), protocol=method.protocol.name,
                  model=network.pop('model'), method=name, seed=seed, variant=variant),
        card=MethodCard(summary=method.summary, role=method.role, setting=method.setting, note=method.note,
                        source=method.source, deviations=[*method.deviations, *method.cfg.get('deviations', ())],
                        reads_unseen_gt=stronger_access(method.reads_unseen_gt, method.protocol.handling)),
        nodes=nodes, settings=neutral[-1], task=task, protocol=method.protocol.model_dump(),
        network=NetworkCard(**network), skip=method.skip())


def _chain(task: Task, seed: int | None, specs: Sequence[StageSpec], card: list) -> list[str]:
    """Keys of a recipe: each one hashes the key before it and the stage's own inputs.

    The card's name and version count for the last stage: cards may share trainings, but never a number.
    """
    key = content_hash({'data': task.data, 'classes': task.spec.classes, 'unseen': task.unseen,
                        'ignored': task.ignored, 'withheld': task.withheld, 'seed': seed})
    keys = []
    for spec in specs:
        stage = STAGES.get(spec.config['type'])
        if stage is None:
            raise KeyError(f"stage {spec.name!r}: type {spec.config['type']!r} is not registered in STAGES")
        stage(**{name: value for name, value in spec.config.items() if name != 'type'})  # checks its settings
        key = content_hash({'after': key, 'name': spec.name, 'config': spec.config, 'version': stage.version,
                            'source': _plugin_sources(spec.config), 'card': card if spec is specs[-1] else None})
        keys.append(key)
    return keys


def _plugin_sources(config: Any) -> list[str]:
    """Hashes of the files outside this package that define a type in a config, so that an edited plugin runs anew."""
    files = set()
    for name in _types(config):
        for registry in (STAGES, MODELS, DATASETS, TRANSFORMS):
            found = registry.module_dict.get(name.split('.')[-1])
            if found is not None and found.__module__.split('.')[0] != 'zs_methods':
                files.add(inspect.getfile(found))
    return sorted(hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] for file in files)


def _types(config: Any) -> Iterator[str]:
    """All values of ``type`` keys in nested plain data."""
    if isinstance(config, dict):
        if isinstance(config.get('type'), str):
            yield config['type']
        config = list(config.values())
    if isinstance(config, list | tuple):
        for value in config:
            yield from _types(value)


def trie_lines(cells: Sequence[Cell], store: ArtifactStore, force: bool = False) -> list[str]:
    """The plan as an indented tree; every distinct stage is one line, marked ``run`` or ``reuse``.

    With `force`, everything runs. Skipped cells run nothing and are left out.
    """
    cells = [cell for cell in cells if not cell.skip]
    titles: dict[str, str] = {}
    branches: dict[str | None, dict[str, Node]] = {}  # key of a stage -> the stages after it
    ends = {cell.key: cell.id.method for cell in cells}
    for cell in cells:
        titles[cell.nodes[0].key] = f'{cell.id.dataset} {cell.id.split} {cell.id.protocol} seed {cell.id.seed}'
        for before, node in zip((None, *cell.nodes), cell.nodes, strict=False):
            branches.setdefault(before and before.key, {})[node.key] = node
    lines = []

    def grow(parent: str | None, depth: int) -> None:
        for key, node in branches.get(parent, {}).items():
            if parent is None:
                lines.append(titles[key])
            state = 'reuse' if store.exists(node.name, key) and not force else 'run'
            end = f'  = {ends[key]}' if key in ends else ''
            lines.append(f'{"  " * depth}{node.name:<16} {key}  {state}{end}')
            grow(key, depth + 1)

    grow(None, 1)
    return lines
