"""Runs one node of the plan and writes its artifact."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mmengine.runner
import torch

import zs_methods.methods.registered
import zs_methods.stages  # noqa: F401  both register stages
from benchmark.planning.plan import Node
from benchmark.records.provenance import (
    EnergyMeter,
    code_sha256,
    environment,
    peak_gpu_mib,
    peak_rss_mib,
    reset_peak_gpu,
    reset_peak_rss,
)
from benchmark.store.artifacts import ArtifactStore
from zs_methods.datasets import audit
from zs_methods.engine.monitor import Monitor
from zs_methods.engine.stage import StageContext
from zs_methods.registry import STAGES


def run_node(node: Node, store: ArtifactStore, device: torch.device, progress: Callable[[int, int], None],
             checkpoint_every: int | None = None,
             monitor: Mapping[str, Sequence[dict[str, Any]]] | None = None) -> dict[str, Any]:
    """Runs a stage and commits its artifact; hold the store's lock of the stage meanwhile.

    Args:
        node (Node): the stage; all its inputs must be in the store.
        store (ArtifactStore): where artifacts live.
        device (torch.device): where to compute.
        progress (Callable): called with (steps done, steps in all).
        checkpoint_every (int, optional): iterations between checkpoints, instead of a minute.
        monitor (Mapping, optional): ``backends`` and ``hooks`` of a `Monitor`, see there.

    Returns:
        dict: the artifact's manifest: what was made, from what, at what cost, and which labels were read.
    """
    manifest: dict[str, Any] = {
        'name': node.name, 'key': node.key, 'config': node.config, 'task': node.task.to_dict(), 'seed': node.seed,
        'inputs': dict(node.inputs), 'environment': environment(), 'device': str(device),
        'threads': torch.get_num_threads(),
    }
    watcher = _monitor(node, store, monitor) if monitor else None
    reset_peak_rss()
    reset_peak_gpu(device)
    energy, started = EnergyMeter(device), time.perf_counter()
    with store.create(node.name, node.key, manifest) as folder, audit.collect() as access:
        context = StageContext(task=node.task, inputs={name: store.path(name, key) for name, key in node.inputs},
                               out=folder, seed=node.seed, device=device, progress=progress,
                               scratch=store.scratch(node.name, node.key), checkpoint_every=checkpoint_every,
                               code=code_sha256(), monitor=watcher)
        # A stage draws from named streams; what draws from the global ones (layer initialisation, say) is no
        # different when other stages were reused or run before it.
        mmengine.runner.set_random_seed(context.seed_for(f'global/{node.name}'))
        torch.backends.cudnn.benchmark = False  # a training that wants it says so, and may have run in this process
        settings = dict(node.config)
        stage = STAGES.get(settings.pop('type'))(**settings)
        try:
            manifest['summary'] = stage.run(context) or {}
        finally:
            if watcher:
                watcher.close()
        manifest['seconds'] = round(context.earlier_s + time.perf_counter() - started, 3)
        manifest['peak_rss_mib'], manifest['peak_gpu_mib'] = peak_rss_mib(), peak_gpu_mib(device)
        # That of earlier runs is not known.
        manifest['energy_j'] = None if context.resumed_from else energy.joules()
        manifest['label_access'], manifest['seeds'] = access, dict(context.axes)
        manifest['resumed_from'] = context.resumed_from
    return manifest


def _monitor(node: Node, store: ArtifactStore, asked: Mapping[str, Sequence[dict[str, Any]]]) -> Monitor:
    """Watches a stage from a folder beside those of the artifacts, which hold what was made and nothing else."""
    return Monitor(tuple(asked['backends']), tuple(asked['hooks']), store.root.parent / 'monitor' /
                   f'{node.name}-{node.key}')
