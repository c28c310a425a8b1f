"""Watching a training: where its losses go. Nothing of it is part of an address, so that it may change at any time."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zs_methods.wording import unknown

#: What of a Runner's settings only watches it, as ``configs/_base_/default_runtime.py`` has it. An address takes these
#: values for whatever a config or an option says, so that another logger is no other training.
PLAIN: Mapping[str, Any] = {
    'visualizer': {'type': 'SegLocalVisualizer', 'vis_backends': [{'type': 'LocalVisBackend'}], 'name': 'visualizer'},
    'log_processor': {'by_epoch': False}, 'log_level': 'ERROR'}
PLAIN_HOOKS: Mapping[str, Any] = {
    'timer': {'type': 'IterTimerHook'},
    'logger': {'type': 'LoggerHook', 'interval': 50, 'log_metric_by_epoch': False}}
#: Back-ends of mmengine that need a package, which they import when a training begins.
PACKAGES = {'TensorboardVisBackend': 'tensorboard', 'WandbVisBackend': 'wandb', 'MLflowVisBackend': 'mlflow',
            'ClearMLVisBackend': 'clearml', 'NeptuneVisBackend': 'neptune', 'DVCLiveVisBackend': 'dvclive',
            'AimVisBackend': 'aim'}
_SUFFIX = 'VisBackend'


def addressed(config: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's settings as its address takes them: those of its Runner that only watch are the plain ones."""
    runner = config.get('config')
    if not isinstance(runner, Mapping) or 'train_cfg' not in runner:
        return dict(config)
    plain = {name: value for name, value in PLAIN.items() if name in runner}
    if isinstance(hooks := runner.get('default_hooks'), Mapping):
        others = {name: hook for name, hook in hooks.items() if name not in (*PLAIN_HOOKS, 'visualization')}
        plain['default_hooks'] = {**{name: hook for name, hook in PLAIN_HOOKS.items() if name in hooks}, **others}
    return {**config, 'config': {**runner, **plain}}


@dataclass
class Monitor:
    """What was asked to watch trainings.

    Attributes:
        backends (tuple[dict]): configs of mmengine's ``vis_backends``; every training that tells of losses has them.
        hooks (tuple[dict]): configs of mmengine hooks, for trainings by its Runner: stage ``seen`` and all that train
            the whole network further. They must only watch: no address knows of them.
        folder (Path, optional): where back-ends write to.
    """

    backends: tuple[dict[str, Any], ...] = ()
    hooks: tuple[dict[str, Any], ...] = ()
    folder: Path | None = None
    _visualizer: Any = field(default=None, repr=False)

    def applied(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of a Runner's config with back-ends and hooks; those that it has stay."""
        config = copy.deepcopy(dict(config))
        visualizer = config['visualizer']
        visualizer['vis_backends'] = [*(visualizer.get('vis_backends') or ()), *self._placed()]
        config['custom_hooks'] = [*(config.get('custom_hooks') or ()), *copy.deepcopy(self.hooks)]
        return config

    def scalars(self, step: int, values: Mapping[str, Any]) -> None:
        """Hands numbers of a step to the back-ends."""
        if not self.backends:
            return
        if self._visualizer is None:
            from mmengine.visualization import Visualizer
            self._visualizer = Visualizer(name=f'monitor of {self.folder}', vis_backends=list(self._placed()))
        self._visualizer.add_scalars({name: float(value) for name, value in values.items()}, step=step)

    def close(self) -> None:
        """Ends what the back-ends keep open."""
        if self._visualizer is not None:
            self._visualizer.close()
            self._visualizer = None

    def _placed(self) -> Iterable[dict[str, Any]]:
        folder = {} if self.folder is None else {'save_dir': str(self.folder)}
        return ({**folder, **backend} for backend in copy.deepcopy(self.backends))


def read_monitor(words: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """What names and files ask for, as plain data: ``backends`` and ``hooks`` of a `Monitor`.

    Args:
        words (Iterable[str]): names of registered back-ends, with or without ``VisBackend`` and in any case, or config
            files with ``vis_backends`` and ``custom_hooks``.

    Raises:
        ValueError: there is no such back-end or file, or its package is missing; one line.
    """
    import mmengine.visualization  # noqa: F401  registers the back-ends
    from mmengine.config import Config
    from mmengine.registry import VISBACKENDS

    names = {name.removesuffix(_SUFFIX).lower(): name for name in VISBACKENDS.module_dict}
    backends: list[dict[str, Any]] = []
    hooks: list[dict[str, Any]] = []
    for word in words:
        if word.endswith('.py'):
            if not Path(word).is_file():
                raise ValueError(f'{word}: no such file')
            config = Config.fromfile(word).to_dict()
            backends += config.get('vis_backends', [])
            hooks += config.get('custom_hooks', [])
            continue
        short = word.removesuffix(_SUFFIX).lower()
        if short not in names:
            raise ValueError(unknown('back-end', word, names))
        backends.append({'type': names[short]})
    for backend in backends:
        package = PACKAGES.get(backend['type'])
        if package and importlib.util.find_spec(package) is None:
            raise ValueError(f'{backend["type"]} needs a package: pip install {package}')
    return {'backends': backends, 'hooks': hooks}
