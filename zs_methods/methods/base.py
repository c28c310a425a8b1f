"""The contract of a method: a recipe, that is an ordered list of stages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar

from mmengine.config import ConfigDict

from zs_methods.protocols import Protocol
from zs_methods.stages.base import StageSpec
from zs_methods.task import Task
from zs_methods.word_vectors import load_class_vectors

#: Floor and ceiling join every run; imported weights are only evaluated, by a command of their own.
ROLES = ('floor', 'method', 'ceiling', 'imported')


class Method:
    """Base of all methods; subclasses register in METHODS and fill in the class attributes and `stages`.

    Args:
        cfg (ConfigDict): the data set's config merged with the method's own (``configs/<method>/``).
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

    def __init__(self, cfg: ConfigDict, task: Task, protocol: Protocol) -> None:
        self.cfg, self.task, self.protocol = cfg, task, protocol

    def stages(self) -> list[StageSpec]:
        """The recipe. Methods whose lists begin alike share those stages' artifacts."""
        raise NotImplementedError

    def skip(self) -> str | None:
        """A reason not to run on this task; the cell is then recorded as skipped."""
        return None

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

    def generator(self, name: str = 'generator', **settings: Any) -> StageSpec:
        """A stage that trains a generator with the config's ``generator`` section."""
        return self.stage(name, 'TrainGenerator', **{**self.cfg.generator, 'vectors': self.vectors(), **settings})

    def vectors(self) -> dict[str, Any]:
        """How to read the class vectors, with their hash, so that other vectors are another artifact."""
        spec = self.task.spec
        settings = {'normalise': self.cfg.vectors.normalise or spec.normalise, 'aliases': spec.aliases}
        vectors = load_class_vectors(spec.classes, Path(self.task.vectors), **settings)
        return {**settings, 'sha256': hashlib.sha256(vectors.tobytes()).hexdigest()}

    def classifier(self, name: str = 'classifier', **settings: Any) -> StageSpec:
        """A stage that retrains the classifier with the config's ``classifier`` section."""
        return self.stage(name, 'TrainClassifier', **{**self.cfg.classifier, **settings})

    def evaluate(self, classifier: str | None = None) -> StageSpec:
        """Stage ``evaluate``, always the last one; at the card's paper resolution too if the config says so."""
        settings = dict(self.cfg.evaluation)
        resize = self.protocol.paper_resolution.model_dump() if settings.pop('paper_resolution', False) else None
        return self.stage('evaluate', 'Evaluate', pipeline=self.cfg.eval_pipeline, resize=resize,
                          classifier=classifier, **settings)

    @staticmethod
    def stage(name: str, type: str, **settings: Any) -> StageSpec:
        """A step called `name` of the registered stage `type`."""
        return StageSpec(name, ConfigDict(type=type, **settings).to_dict())
