"""A DeepLab, a method and options become one mmengine Config, with a card of the network; see `compose`.

.. code-block:: python

    card = PROTOCOLS['zs3-clean']
    task = Task.create('shapes', 2, 'data', card)
    method = compose('zs3', task, options={'classifier.unseen_weight': 10}).build(task, card)
    method.stages()  # what to run, in order
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

import zs_methods.methods  # noqa: F401  registers the methods
from zs_methods.config_files import ConfigError, config_root, method_file, model_file
from zs_methods.hashes import content_hash
from zs_methods.methods import Method
from zs_methods.network_choice import (
    NetworkCard,
    backbone_name,
    check_backbone,
    check_device,
    choose_weights,
    named_weights,
    weights_file,
)
from zs_methods.protocols import Protocol
from zs_methods.registry import METHODS
from zs_methods.task import Task
from zs_methods.wording import nearest, one_line, unknown

__all__ = ['NETWORK_KEY', 'Composed', 'ConfigError', 'NetworkCard', 'check_device', 'compose', 'compose_all',
           'config_root', 'files_of', 'has_key', 'load_config', 'model_file', 'weights_file']

#: Options of this section change the network that all methods share, not one method.
NETWORK_KEY = 'model.'
#: Settings that set one thing in two ways: the first, asked for alone, leaves the second out.
_INSTEAD = {'classifier.unseen_weight': 'classifier.unseen_share'}
_KINDS = {'true or false': bool, 'a number': int | float, 'text': str, 'a list': list | tuple, 'settings': dict}


@dataclass(frozen=True)
class Composed:
    """The settings of a method on a network, for a data set and its splits that have no config of their own.

    Attributes:
        name (str): of the method.
        plain (Config): the settings without the options.
        applied (dict): the options, by their dotted keys, whose settings the method has.
    """

    name: str
    plain: Config
    applied: dict[str, Any]

    @property
    def config(self) -> Config:
        """The settings with the options; a copy of its own every time, since a method may change it."""
        return self.on('')

    def on(self, split: str) -> Config:
        """The settings on a split: those that the section ``splits`` has for its name, and the options over them."""
        config = copy.deepcopy(self.plain)
        config.merge_from_dict(config.get('splits', {}).get(split, {}))
        left_out = {other: None for asked, other in _INSTEAD.items() if asked in self.applied}
        config.merge_from_dict(left_out | self.applied)
        return config

    @property
    def network(self) -> NetworkCard:
        """The card of the network, which is the section ``network`` of the config too."""
        return NetworkCard(**self.plain.network)

    def without(self, key: str) -> Composed:
        """The same without one of the options."""
        return replace(self, applied={name: value for name, value in self.applied.items() if name != key})

    def build(self, task: Task, protocol: Protocol) -> Method:
        """The method on a split, under a card; its recipe is ``.stages()``."""
        return METHODS.get(self.name)(self.on(task.split_name), task, protocol)


def compose(method: str, task: Task, model: str | None = None, weights: str | None = None,
            pretraining: str | None = None, processes: int = 1, options: Mapping[str, Any] | None = None) -> Composed:
    """Composes the settings of a method for a split and a network, and checks them before anything is trained.

    Args:
        method (str): name in the registry.
        task (Task): the split, or another one that takes the same `files_of`; a file of backbone weights is its file
            ``backbone``.
        model (str, optional): DeepLab config of ``configs/deeplab`` or a file; the data set's by default.
        weights (str, optional): what the backbone starts from: a name, see `zs_methods.models.weight_sources`, the
            task's file, or ``none``; by default that file, or what the DeepLab's config says.
        pretraining (str, optional): what the weights were trained on; as the DeepLab's config says of its own.
        processes (int): that train the DeepLab.
        options (Mapping, optional): dotted key -> value that replaces a setting.

    Raises:
        ConfigError: the first thing that is wrong, in one line; so is whatever the configs, which are code, raise.
    """
    return compose_all([method], task, model, weights, pretraining, processes, options)[method]


def compose_all(methods: Sequence[str], task: Task, model: str | None = None, weights: str | None = None,
                pretraining: str | None = None, processes: int = 1,
                options: Mapping[str, Any] | None = None) -> dict[str, Composed]:
    """As `compose`, for methods that are compared: an option counts for those that have such a setting.

    Returns:
        dict: by the methods' names.

    Raises:
        ConfigError: also for an option whose setting no method has.
    """
    model, options = model or task.spec.model, dict(options or {})
    asked = choose_weights(task, weights, pretraining)
    found = {}
    for name in methods:
        try:
            config, deeplab = _read(name, task.dataset, model, task.split_name)
            chosen = asked or named_weights(config.backbone_weights, pretraining or config.pretraining)
            config.backbone_weights = chosen.setting()
            if processes > 1:
                config.seen.processes = processes
            card = NetworkCard(Path(model).name, backbone_name(config), content_hash(deeplab.model.to_dict()),
                               weights=chosen.name or 'none', sha256=chosen.sha256, pretraining=chosen.pretraining)
        except ConfigError:
            raise
        except Exception as error:  # a config is code and may raise anything
            raise ConfigError(f'config of {name!r} on network {model!r}: {type(error).__name__}: '
                              f'{one_line(error)}') from error
        found[name] = _with_options(name, config, card, options)
    _check_options(options, found.values())
    for first in methods[:1]:
        check_backbone(found[first].config, task)
    return found


def files_of(methods: Sequence[str], task: Task, model: str | None = None) -> tuple[Path | None, ...]:
    """The DeepLab's config and every method's own on a split; splits for which these are the same are composed alike.

    Raises:
        ConfigError: no such method or model, or the DeepLab's config, which is code, raises something.
    """
    model = model or task.spec.model
    file = model_file(model, task.dataset, task.split_name)
    try:
        networks = _networks(model, Config.fromfile(file))
    except Exception as error:
        raise ConfigError(f'network {model!r}: {type(error).__name__}: {one_line(error)}') from error
    return file, *(_own_file(name, networks, task.dataset, task.split_name) for name in methods)


def load_config(method: str, dataset: str, model: str, split: str | None = None) -> Config:
    """The DeepLab's config merged with the method's own, as both are on disk.

    Args:
        method (str): name in the registry.
        dataset (str): name of the data set.
        model (str): name or file of the DeepLab config.
        split (str, optional): `Task.split_name`; one without a config of its own by default.

    Raises:
        ConfigError: no such method or model.
        Exception: whatever the configs raise.
    """
    return _read(method, dataset, model, split)[0]


def _read(method: str, dataset: str, model: str, split: str | None) -> tuple[Config, Config]:
    """What `load_config` returns, and the DeepLab's config alone."""
    deeplab = Config.fromfile(model_file(model, dataset, split))
    config = copy.deepcopy(deeplab)
    if own := _own_file(method, _networks(model, deeplab), dataset, split):
        config.merge_from_dict(Config.fromfile(own).to_dict())
    return config, deeplab


def _networks(model: str, deeplab: Config) -> tuple[str, str | None]:
    """By what names a method's config may be that of a network, see `method_file`: its own, and that of its family."""
    return Path(model).stem, deeplab.get('family')


def _own_file(method: str, networks: Iterable[str | None], dataset: str, split: str | None) -> Path | None:
    if method not in METHODS.module_dict:
        raise ConfigError(unknown('method', method, METHODS.module_dict))
    return method_file(method, networks, dataset, Path(inspect.getfile(METHODS.get(method))).parent, split)


def has_key(config: Config, dotted: str) -> bool:
    """Whether a dotted key exists in a config."""
    node: Any = config
    for part in dotted.split('.'):
        if isinstance(node, list | tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif hasattr(node, 'keys') and part in node:
            node = node[part]
        else:
            return False
    return True


def _with_options(name: str, config: Config, card: NetworkCard, options: Mapping[str, Any]) -> Composed:
    """A method's settings with those options that concern it, and with the network's card."""
    applied = {key: value for key, value in options.items() if has_key(config, key)}
    for key, value in applied.items():
        _check_value(config, key, value)
    changes = {key: value for key, value in applied.items() if key.startswith(NETWORK_KEY)}
    if (processes := config.get('seen', {}).get('processes', 1)) > 1:
        changes['processes'] = processes
    config.network = asdict(replace(card, changes=changes))
    return Composed(name, config, applied)


def _check_value(config: Config, dotted: str, value: Any) -> None:
    """Refuses a value of another kind than the one it replaces, before anything is trained with it."""
    node: Any = config
    for part in dotted.split('.'):
        node = node[int(part) if isinstance(node, list | tuple) else part]
    kind = next((kind for kind, types in _KINDS.items() if isinstance(node, types)), None)
    fits = kind is None or value is None or (
        isinstance(value, _KINDS[kind]) and isinstance(value, bool) == isinstance(node, bool))
    if not fits:
        raise ConfigError(f'{dotted}={value}: {kind} is expected there, as in {node!r}', 'options')


def _check_options(options: Iterable[str], found: Iterable[Composed]) -> None:
    """Refuses an option that concerns no method."""
    found = list(found)
    for key in options:
        if not any(key in composed.applied for composed in found):
            names = sorted({name for composed in found for name in _keys(composed.plain)})
            top = sorted({name for composed in found for name in composed.plain})
            raise ConfigError(f'{key!r}: no requested method has such a setting; did you mean {nearest(key, names)!r}? '
                              f'top-level keys: {", ".join(top)}', 'options')


def _keys(node: Any, before: str = '') -> Iterable[str]:
    """The dotted keys of all settings, those of sections included."""
    for key in node:
        yield f'{before}{key}'
        if isinstance(node[key], Mapping):
            yield from _keys(node[key], f'{before}{key}.')
