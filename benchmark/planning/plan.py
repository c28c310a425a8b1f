"""The plan: requested cells, and the trie of stages that they share."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.planning.addresses import after, origin, stage_content
from benchmark.records.files import CellId, MethodCard, NetworkCard
from benchmark.store.artifacts import ArtifactStore
from benchmark.store.checksums import content_hash
from zs_methods.engine.stage import StageSpec
from zs_methods.evaluation import LAST
from zs_methods.methods import Method
from zs_methods.protocols import Protocol, stronger_access
from zs_methods.task import Task


@dataclass(frozen=True, slots=True)
class Node:
    """One distinct stage of the plan.

    Attributes:
        key (str): hash of data, split, seed, the settings of this stage and of all before it.
        spec (StageSpec): name and settings; nodes of all seeds share it.
        task (Task): data set and split.
        seed (int): the cell's seed.
        inputs (tuple[tuple[str, str], ...]): names and keys of the stages before it, in order.
    """

    key: str
    spec: StageSpec = field(hash=False, compare=False)
    task: Task = field(hash=False, compare=False)
    seed: int = field(hash=False, compare=False)
    inputs: tuple[tuple[str, str], ...] = field(hash=False, compare=False)

    @property
    def name(self) -> str:
        """The stage's name in its recipe."""
        return self.spec.name

    @property
    def config(self) -> dict[str, Any]:
        """Builds the stage; every time another copy, since what is built may change what it was given."""
        return copy.deepcopy(self.spec.config)


@dataclass(frozen=True)
class Needs:
    """What a cell takes of a machine.

    Attributes:
        processes (int): that torchrun starts; on CUDA as many GPUs.
        gpu_gib (float): of a GPU's memory; infinite if unknown, which keeps a GPU for each.
        memory_gib (float): of the machine's memory.
    """

    processes: int = 1
    gpu_gib: float = math.inf
    memory_gib: float = 2.0


@dataclass
class Cell:
    """One number triple to make.

    Attributes:
        id (CellId): what it is about.
        card (MethodCard): what the method says of itself.
        nodes (list[Node]): its stages in order.
        settings (str): hash of all settings without the seed.
        task (Task): data set and split.
        protocol (Protocol): the protocol card.
        network (NetworkCard): the network and its backbone weights.
        about (str): hash of `id`, with the data and without the seed, and of `network`, which keeps the records of any
            two cells apart.
        needs (Needs): what it takes of a machine.
        skip (str | None): reason not to run.
    """

    id: CellId
    card: MethodCard
    nodes: list[Node]
    settings: str
    task: Task
    protocol: Protocol
    network: NetworkCard
    about: str
    needs: Needs = Needs()
    skip: str | None = None

    @property
    def key(self) -> str:
        """Address of the last stage."""
        return self.nodes[-1].key

    @property
    def label(self) -> str:
        """Short name for progress lines."""
        return f'{self.id.dataset} {self.id.split} {self.id.named} seed {self.id.seed}'

    @property
    def file_name(self) -> str:
        """Name of the cell's record."""
        return '_'.join([self.id.dataset, self.id.split, self.id.protocol, self.id.model, self.id.method,
                         f'seed{self.id.seed}', self.about]) + '.json'


class Recipe:
    """A method on a task: what its cells have in common, whatever their seed, worked out and checked once.

    Args:
        method (Method): with its settings.
        name (str): its name on the command line.
        task (Task): data set and split.
        variant (dict): options that changed its settings.

    Raises:
        ValueError: no stages, two of one name, odd names, or another last one than `LAST`.
        KeyError: a stage is not registered.
    """

    def __init__(self, method: Method, name: str, task: Task, variant: dict[str, Any]) -> None:
        self.task, self._specs = task, _checked(name, method.stages())
        protocol, last = method.protocol, self._specs[-1]
        self._contents = [stage_content(spec, [protocol.name, protocol.version] if spec is last else None)
                          for spec in self._specs]
        network = dict(method.cfg.network)
        self._id = CellId(dataset=task.dataset, data=task.data, split=task.split, k=len(task.unseen),
                          protocol=protocol.name, model=network.pop('model'), method=name, seed=0, variant=variant)
        weights = NetworkCard(**network)
        self._shared = dict(
            card=_card(method), settings=self._chain(None)[-1], task=task, protocol=protocol, network=weights,
            about=content_hash([self._id.model_dump(exclude={'seed'}), weights.model_dump()])[:8],
            needs=Needs(method.cfg.get('seen', {}).get('processes', 1), method.cfg.get('gpu_gib') or math.inf),
            skip=method.skip())

    def cell(self, seed: int) -> Cell:
        """The cell of one seed: its stages and their addresses."""
        keys = self._chain(seed)
        before = tuple((spec.name, key) for spec, key in zip(self._specs, keys, strict=True))
        return Cell(id=self._id.model_copy(update={'seed': seed}), **self._shared, nodes=[
            Node(key, spec, self.task, seed, before[:position])
            for position, (spec, key) in enumerate(zip(self._specs, keys, strict=True))])

    def _chain(self, seed: int | None) -> list[str]:
        """Keys of the stages."""
        key, keys = origin(self.task, seed), []
        for content in self._contents:
            key = after(key, content)
            keys.append(key)
        return keys


def plan_cell(method: Method, name: str, task: Task, seed: int, variant: dict[str, Any]) -> Cell:
    """Expands one cell into its stages and their addresses."""
    return Recipe(method, name, task, variant).cell(seed)


def _card(method: Method) -> MethodCard:
    """What a method says of itself, and the protocol's handling of images for it."""
    return MethodCard(
        summary=method.summary, role=method.role, setting=method.setting, note=method.note, source=method.source,
        deviations=[*method.deviations, *method.config_deviations],
        reads_unseen_gt=stronger_access(method.reads_unseen_gt, method.protocol.handling),
        title=method.title, continues=method.continues, controls=method.controls, generates=method.generates,
        compared_with=list(method.compared_with), shows=dict(method.shows))


def _checked(name: str, specs: list[StageSpec]) -> list[StageSpec]:
    names = [spec.name for spec in specs]
    if not names or names[-1] != LAST or len(set(names)) < len(names):
        raise ValueError(f"a recipe's stages need distinct names and {LAST!r} as the last one, got {names}")
    if not all(re.fullmatch(r'[A-Za-z0-9_]+', word) for word in [name, *names]):
        raise ValueError(f'names of methods and stages are letters, digits and _, got {[name, *names]}')
    return specs


def trie_lines(cells: Sequence[Cell], store: ArtifactStore, force: bool = False) -> list[str]:
    """The plan as an indented tree; every distinct stage is one line, marked ``run`` or ``reuse``.

    With `force`, everything runs. Skipped cells run nothing and are left out.
    """
    cells = [cell for cell in cells if not cell.skip]
    titles: dict[str, str] = {}
    branches: dict[str | None, dict[str, Node]] = {}  # key of a stage -> the stages after it
    ends = {cell.key: cell.id.named for cell in cells}
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
