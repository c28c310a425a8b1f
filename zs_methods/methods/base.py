"""The contract of a method: a recipe, that is an ordered list of stages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from mmengine.config import Config, ConfigDict

from zs_methods.engine.stage import StageSpec
from zs_methods.evaluation import LAST
from zs_methods.protocols import Protocol, stronger_access
from zs_methods.task import Task
from zs_methods.vectors.class_vectors import load_class_vectors

#: Floor and ceiling join every run; imported weights are only evaluated, by a command of their own.
ROLES = ('floor', 'method', 'ceiling', 'imported')


#: Facts that a class says of itself alone, not of the classes built on it.
_OWN = ('title', 'continues', 'controls', 'compared_with', 'shows')


class by_settings:
    """A fact that depends on settings, task or card: a property of a method, and of its class a value by default.

    ``--list``, and classes that are built on another one, ask the class, which knows no settings::

        @by_settings('inductive')
        def setting(self) -> str:
            return 'transductive' if self.cfg.unlabelled else 'inductive'
    """

    def __init__(self, default: Any) -> None:
        self.default = default

    def __call__(self, function: Callable[[Any], Any]) -> by_settings:
        """Takes the function that knows the answer for a method."""
        self.function, self.__doc__ = function, function.__doc__
        return self

    def __get__(self, method: Method | None, owner: type[Method]) -> Any:
        """The fact."""
        return self.default if method is None else self.function(method)


class Method:
    """Base of all methods; subclasses register in METHODS, state facts as class attributes, and fill in `stages`.

    A fact is a class attribute, or `by_settings` where it depends on how the method is set up.

    Args:
        cfg (ConfigDict): the DeepLab's config merged with the method's own (``configs/<method>/``).
        task (Task): data set and split.
        protocol (Protocol): the card to follow.
    """

    #: One line for ``--list`` and reports.
    summary: ClassVar[str]
    #: One of `ROLES`.
    role: ClassVar[str] = 'method'
    #: ``inductive`` or ``transductive``.
    setting: ClassVar[str] = 'inductive'
    #: What training reads of unseen labels beyond the protocol's handling of images: none, layout or pixels.
    reads_unseen_gt: ClassVar[str] = 'none'
    #: Paper and code that the method follows.
    source: ClassVar[str] = ''
    #: What differs from them, one line each; reports print them.
    deviations: ClassVar[tuple[str, ...]] = ()
    #: A warning that reports print with every number of this method.
    note: ClassVar[str] = ''
    #: Its name in papers; '' if it has none but that of the command line.
    title: ClassVar[str] = ''
    #: Registered name of the method whose trained parts it trains further.
    continues: ClassVar[str | None] = None
    #: Registered name of the method that this one equals but for a term of the loss that it leaves out: its control,
    #: which reports set against that method and rank nowhere.
    controls: ClassVar[str | None] = None
    #: Whether it makes features of unseen classes with a generator.
    generates: ClassVar[bool] = False
    #: Registered names of the methods that reports set it against, in words.
    compared_with: ClassVar[tuple[str, ...]] = ()
    #: What the difference to some of these shows, such as ``what calibration adds``.
    shows: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A class that is built on another one is another method: it has no share in what is said of that one alone."""
        super().__init_subclass__(**kwargs)
        for name in _OWN:
            if name not in vars(cls):
                setattr(cls, name, getattr(Method, name))

    def __init__(self, cfg: ConfigDict, task: Task, protocol: Protocol) -> None:
        self.cfg, self.task, self.protocol = cfg, task, protocol

    def stages(self) -> list[StageSpec]:
        """The recipe. Methods whose lists begin alike share those stages' artifacts."""
        raise NotImplementedError

    def skip(self) -> str | None:
        """A reason not to run on this task; the cell is then recorded as skipped."""
        return None

    @property
    def network_deviations(self) -> tuple[str, ...]:
        """What the config of the shared DeepLab says of itself, one line each."""
        return tuple(self.cfg.get('network_deviations', ()))

    @property
    def config_deviations(self) -> tuple[str, ...]:
        """What network and config say differs from the published settings, one line each."""
        return (*self.network_deviations, *self.cfg.get('deviations', ()))

    @property
    def permitted(self) -> bool:
        """Whether the card allows what training reads of unseen labels."""
        allowed = self.protocol.allowed(self.setting)
        return stronger_access(allowed, self.reads_unseen_gt) == allowed

    # The pieces most recipes are made of.

    def seen(self) -> StageSpec:
        """Stage ``seen``: the shared DeepLab."""
        runner = {key: self.cfg[key] for key in self.cfg.runner_keys if key in self.cfg}
        return self.stage('seen', 'TrainSeen', config=runner, unseen_images=self.protocol.unseen_images,
                          backbone_weights=self.cfg.backbone_weights, **self.cfg.seen)

    def features(self, name: str = 'features', **settings: Any) -> StageSpec:
        """A stage that fills a bank of pixel features; of the seen classes, unless the settings say otherwise."""
        return self.stage(name, 'ExtractFeatures', **{
            'pipeline': self.cfg.label_pipeline, 'unseen_images': self.protocol.unseen_images, **self.cfg.features,
            **settings})

    def generator(self, name: str = 'generator', type: str = 'TrainGenerator', **settings: Any) -> StageSpec:
        """A stage that trains a generator with the config's ``generator`` section."""
        return self.stage(name, type, **{**self.cfg.generator, 'vectors': self.vectors(), **settings})

    def vectors(self) -> dict[str, Any]:
        """How to read the class vectors, with their hash, so that other vectors are another artifact."""
        spec = self.task.spec
        settings: dict[str, Any] = {'normalise': self.cfg.vectors.normalise or spec.normalise, 'aliases': spec.aliases}
        vectors = load_class_vectors(spec.classes, Path(self.task.vectors), **settings)
        return {**settings, 'sha256': hashlib.sha256(vectors.tobytes()).hexdigest()}

    def classifier(self, name: str = 'classifier', **settings: Any) -> StageSpec:
        """A stage that retrains the classifier with the config's ``classifier`` section.

        A weight of unseen classes among the settings stands in for the config's share of them as well.
        """
        share = {'unseen_share': None} if 'unseen_weight' in settings else {}
        settings = {**self.cfg.classifier, **share, **settings}
        if settings.get('unseen_share') is None:  # without it, a stage keeps the address that it had before the option
            settings.pop('unseen_share', None)
        return self.stage(name, 'TrainClassifier', **settings)

    def retrain(self, name: str, initial: str, classifier: str | None = None, pseudo_labels: str | None = None,
                **changes: Any) -> StageSpec:
        """A stage that trains the whole network further, from the network of stage `initial`.

        Args:
            name (str): of the stage.
            initial (str): name of the stage to start from.
            classifier (str, optional): name of the stage whose classifier replaces that network's own.
            pseudo_labels (str, optional): name of the stage whose maps stand for the labels of some images.
            **changes: sections of the config that differ, such as ``train_cfg``, merged over those of ``seen``.
        """
        runner = {key: self.cfg[key] for key in self.cfg.runner_keys if key in self.cfg}
        config = Config(runner)
        config.merge_from_dict(changes)
        return self.stage(name, 'TrainSeen', config=config.to_dict(), unseen_images=self.protocol.unseen_images,
                          initial=initial, initial_classifier=classifier, pseudo_labels=pseudo_labels,
                          **self.cfg.seen)

    def start(self) -> list[StageSpec]:
        """How recipes begin: stage ``seen``, and ``maps`` if the config wants feature maps of the images to score."""
        images = self._scored_images()
        cache = images.pop('cache')
        images.pop('examples', None)
        return [self.seen(), *([self.stage('maps', 'ExtractMaps', **images)] if cache else [])]

    def evaluate(self, classifier: str | None = None, network: str = 'seen', **settings: Any) -> StageSpec:
        """Stage ``evaluate``, always the last one; at the card's paper resolution too if the config says so.

        Args:
            classifier (str, optional): name of the stage whose classifier replaces the network's own.
            network (str): name of the stage that provides the network.
            **settings: further ones of `Evaluate`, such as ``calibration``.
        """
        images = self._scored_images()
        maps = 'maps' if images.pop('cache') and network == 'seen' else None
        return self.stage(LAST, 'Evaluate', classifier=classifier, network=network, maps=maps,
                          **{**images, **settings})

    def _scored_images(self) -> dict[str, Any]:
        settings = {'pipeline': self.cfg.eval_pipeline, 'cache': False, **self.cfg.evaluation}
        resize = self.protocol.paper_resolution.transform() if settings.pop('paper_resolution', False) else None
        return {**settings, 'resize': resize}

    @staticmethod
    def stage(name: str, type: str, **settings: Any) -> StageSpec:
        """A step called `name` of the registered stage `type`."""
        return StageSpec(name, ConfigDict(type=type, **settings).to_dict())
