"""The contract of a method: a recipe, that is an ordered list of stages."""

from __future__ import annotations

from typing import Any, ClassVar

from mmengine.config import ConfigDict

from zs_methods.protocols import Protocol
from zs_methods.stages.base import StageSpec
from zs_methods.task import Task
from zs_methods.word_vectors import file_sha256


class Method:
    """Base of all methods; subclasses register in METHODS and fill in the class attributes and `stages`.

    Args:
        cfg (ConfigDict): the data set's config merged with the method's own (``configs/<method>/``).
        task (Task): data set and split.
        protocol (Protocol): the card to follow.
    """

    #: One line for ``--list`` and reports.
    summary: ClassVar[str]
    #: ``method``, ``floor`` or ``ceiling``; floor and ceiling join every run.
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
        runner = {key: self.cfg[key] for key in self.cfg.runner_keys}
        return self.stage('seen', 'TrainSeen', config=runner, unseen_images=self.protocol.unseen_images,
                          **self.cfg.seen)

    def features(self, name: str = 'features', **settings: Any) -> StageSpec:
        """A stage that fills a bank of pixel features; of the seen classes, unless the settings say otherwise."""
        return self.stage(name, 'ExtractFeatures', **{
            'pipeline': self.cfg.label_pipeline, 'unseen_images': self.protocol.unseen_images, **self.cfg.features,
            **settings})

    def generator(self, name: str = 'generator', **settings: Any) -> StageSpec:
        """A stage that trains a generator with the config's ``generator`` section."""
        return self.stage(name, 'TrainGenerator', **{**self.cfg.generator, 'vectors': self.vectors(), **settings})

    def vectors(self) -> dict[str, Any]:
        """How to read the class vectors, with the file's hash, so that other vectors are another artifact."""
        return {**self.cfg.vectors, 'sha256': file_sha256(self.task.vectors)}

    def classifier(self, name: str = 'classifier', **settings: Any) -> StageSpec:
        """A stage that retrains the classifier with the config's ``classifier`` section."""
        return self.stage(name, 'TrainClassifier', **{**self.cfg.classifier, **settings})

    def evaluate(self, classifier: str | None = None) -> StageSpec:
        """Stage ``evaluate``, always the last one."""
        return self.stage('evaluate', 'Evaluate', pipeline=self.cfg.label_pipeline, classifier=classifier,
                          **self.cfg.evaluation)

    @staticmethod
    def stage(name: str, type: str, **settings: Any) -> StageSpec:
        """A step called `name` of the registered stage `type`."""
        return StageSpec(name, ConfigDict(type=type, **settings).to_dict())
