"""Running shrunken recipes: all of them in one process, or one stage in a process of its own."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmark.checking.forked import one_line
from benchmark.checking.parameters import Movement, untrained
from benchmark.checking.same import difference, files, not_finite, read
from benchmark.checking.shrink import has_steps, shrink
from benchmark.planning.plan import Cell, Node
from benchmark.running.stage import run_node
from benchmark.store.artifacts import MANIFEST, ArtifactStore
from zs_methods.evaluation import LAST
from zs_methods.hashes import file_sha256
from zs_methods.stages.network import CONFIG

#: Added to the score of unseen classes where nothing may be pseudo-labelled as one.
MUTED = -1e4


@dataclass
class Outcome:
    """How a stage went.

    Attributes:
        error (str): what it raised; '' if it ended.
        findings (list[str]): what is wrong with what it did, one line each.
        manifest (dict): of its artifact.
    """

    error: str = ''
    findings: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)


def run_all(cells: Sequence[Cell], root: Path, device: torch.device, watch: bool = False,
            mute: bool = False) -> dict[str, Outcome]:
    """Runs the recipes one after another in this process, stages that they share once.

    Args:
        cells (Sequence[Cell]): planned recipes.
        root (Path): folder of the artifacts.
        device (torch.device): where to compute.
        watch (bool): also look at what the optimisers move.
        mute (bool): after each stage, make its network and its classifier unable to predict an unseen class.

    Returns:
        dict: key of a node -> outcome; stages behind one that failed are missing.
    """
    store = ArtifactStore(root)
    outcomes: dict[str, Outcome] = {}
    for cell in cells:
        for position, node in enumerate(cell.nodes):
            if node.key not in outcomes:
                outcomes[node.key] = outcome = _run(node, store, device, watch)
                outcome.findings += _mend(cell.nodes[:position], store, device, mute)
                if mute and not outcome.error:
                    _mute(store.path(node.name, node.key), node.task.unseen)
            if outcomes[node.key].error:
                break
    return outcomes


def _run(node: Node, store: ArtifactStore, device: torch.device, watch: bool) -> Outcome:
    outcome = Outcome()
    try:
        with Movement() as movement:
            outcome.manifest = run_node(node, store, device, lambda done, total: None)
        json.dumps(outcome.manifest['summary'])
    except Exception as error:  # whatever a stage raises is its outcome
        return Outcome(one_line(error))
    if watch:
        artifact, inputs = store.path(node.name, node.key), _inputs(node, store)
        outcome.findings = movement.findings(artifact, inputs)
        if node.name != LAST and (same := untrained(artifact, inputs)):
            outcome.findings.append(f'its network is that of stage {same!r}: nothing was trained')
        elif not movement.steps and has_steps(node.config) and _steps_change_nothing(node, store, device):
            outcome.findings.append('its number of steps changes nothing, and no optimiser makes any')
    return outcome


def _inputs(node: Node, store: ArtifactStore) -> dict[str, Path]:
    return {name: store.path(name, key) for name, key in node.inputs}


def _mend(before: Sequence[Node], store: ArtifactStore, device: torch.device, mute: bool) -> list[str]:
    """Makes earlier artifacts again that a stage has changed, for the other methods; says which."""
    found = []
    for node in before:
        folder = store.path(node.name, node.key)
        recorded = json.loads((folder / MANIFEST).read_text(encoding='utf-8'))['files']
        changed = [file for file, sha256 in recorded.items()
                   if not (folder / file).is_file() or file_sha256(folder / file) != sha256]
        if changed:
            found.append(f'it overwrites {changed[0]} of stage {node.name!r}: earlier artifacts are read-only')
            run_node(node, store, device, lambda done, total: None)
            if mute:
                _mute(folder, node.task.unseen)
    return found


def _steps_change_nothing(node: Node, store: ArtifactStore, device: torch.device) -> bool:
    fewer = dataclasses.replace(node, spec=dataclasses.replace(node.spec, config=shrink(node.config, 1)))
    folder = run_alone(fewer, store.root, device)
    try:
        return not difference(store.path(node.name, node.key), folder)
    finally:
        shutil.rmtree(folder.parent)


def run_alone(node: Node, artifacts: Path, device: torch.device, data_root: Path | None = None) -> Path:
    """Runs one stage on the artifacts of those before it, into a folder of its own.

    Args:
        node (Node): the stage.
        artifacts (Path): folder of the artifacts before it; they are only read.
        device (torch.device): where to compute.
        data_root (Path, optional): another version of the data.

    Returns:
        Path: the artifact, beside copies of those before it; the caller removes the folder that holds them all.
    """
    scratch = Path(tempfile.mkdtemp(dir=artifacts.parent, prefix='alone'))
    store = ArtifactStore(scratch)
    for name, key in node.inputs:
        shutil.copytree(artifacts / f'{name}-{key}', store.path(name, key))  # a stage may write where it only reads
    root = node.task.data_root
    if data_root:
        node = dataclasses.replace(node, task=dataclasses.replace(
            node.task, data_root=str(data_root / Path(root).name)))
    try:
        run_node(node, store, device, lambda done, total: None)
    except BaseException:
        shutil.rmtree(scratch)
        raise
    artifact = store.path(node.name, node.key)
    if (config := artifact / CONFIG).is_file():  # it names the folder of the data: no difference that counts
        config.write_text(config.read_text(encoding='utf-8').replace(node.task.data_root, root), encoding='utf-8')
    return artifact


@dataclass
class Fresh:
    """What a fresh process finds about a finished stage.

    Attributes:
        error (str): what the stage raised there.
        differs (str): the first thing that it left otherwise there, see `difference`.
        not_finite (str): the first number that is not finite.
        unreadable (str): the first file that PyTorch does not load with ``weights_only``.
    """

    error: str = ''
    differs: str = ''
    not_finite: str = ''
    unreadable: str = ''


def run_fresh(node: Node, artifacts: Path, device: torch.device, data_root: Path | None = None) -> Fresh:
    """Runs a stage again on the artifacts before it, compares, and looks at what it had left."""
    first, found = artifacts / f'{node.name}-{node.key}', Fresh()
    manifest = json.loads((first / MANIFEST).read_text(encoding='utf-8'))
    if bad := not_finite(manifest['summary']):
        found.not_finite = f'summary: {bad}'
    for name in files(first):
        try:
            content = read(first / name)
        except Exception as error:
            found.unreadable = found.unreadable or f'{name}: {one_line(error)}'
            continue
        if not found.not_finite and (bad := not_finite(content)):
            found.not_finite = f'{name}: {bad}'
    if found.unreadable:
        return found
    try:
        again = run_alone(node, artifacts, device, data_root)
    except Exception as error:
        found.error = one_line(error)
        return found
    found.differs = difference(first, again, 0.0 if device.type == 'cpu' else 1e-3)
    shutil.rmtree(again.parent)
    return found


def _mute(folder: Path, unseen: Sequence[int]) -> None:
    """Makes network and classifier in an artifact unable to predict the unseen classes, if they have biases."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding='utf-8'))
    for name, key in (('model.pth', 'decode_head.conv_seg.bias'), ('classifier.pth', 'bias')):
        if (folder / name).is_file():
            content = read(folder / name)
            state: Mapping[str, Any] = content.get('state_dict', content)
            if key in state:
                state[key][list(unseen)] = MUTED
                torch.save(content, folder / name)
                manifest['files'][name] = file_sha256(folder / name)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding='utf-8')
