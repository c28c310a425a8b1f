"""Recursive training with the ZS-MMD loss."""

from __future__ import annotations

from typing import Any, ClassVar

from mmengine.config import ConfigDict

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import by_settings
from zs_methods.methods.zs3 import ZS3
from zs_methods.own_registries import METHODS
from zs_methods.protocols import Protocol, stronger_access
from zs_methods.task import Task

from .assumptions import CONTROL, ONLINE, ORIGINS, ROUNDS
from .choices import SOURCES, check_recursion, only_setting


@METHODS.register_module(name='zsmmd')
class ZSMMD(ZS3, interleaves=True):
    """Recursive ZS-MMD, a RECONSTRUCTION: the paper's exact loss is published only in its body.

    Round 0 is `ZS3` exactly and shares its artifacts. Round r = 1..R, of the config's ``recursion``:

    1. ``judge_r``, the classifier step with unseen weight 1 on generator r-1: its confidence can be trusted, while the
       one that ZS3Net leaves was trained to find unseen classes everywhere.
    2. ``candidates_r``: the pixels that the judge predicts as unseen classes, see `GatherCandidates`. Their origin is
       the decisive unknown, ``source``: ``unlabelled``, training images without their labels (``images=all``, none
       picked by ground truth, or those that the card ``dropped``); ``synthetic``, features of generator r-1, the
       inductive reading; ``seen-images``, a negative control.
    3. ``generator_r`` goes on from generator r-1 with L_MMD(seen) + weight * L_ZSMMD(unseen), see `ZSMMDLoss`, on the
       candidates that the ``gate`` lets through.

    After the last round the classifier is retrained as in ZS3Net, and `DiagnoseFeedback` compares generators and
    candidates with the ground truth; nothing is trained after it.

    Under a card that allows the layout, it is the interleaved loop of `ZS3` that goes on, with the term in it, see
    `TrainZSMMDJointly`. In either order a ``weight`` of 0 leaves all that out: ZS3Net, trained on for as many steps.
    """

    summary = 'recursive ZS-MMD: confident pixels of unlabelled images fed back to the generator (reconstruction)'
    source = ('Wang, Farazi, Barnes, "Recursive Training for Zero-Shot Semantic Segmentation", IJCNN 2021, '
              'arXiv 2103.00086 (abstract only)')
    note = ("reconstruction: ZS-MMD's exact loss is published only in the paper's body, which was not at hand; "
            'formula, gate, weight, number of rounds and origin of the pseudo-features are assumptions')
    title = 'ZS-MMD'
    continues = 'zs3'
    generates = True
    compared_with = ('zsmmd_control', 'zs3', 'ridge')
    shows: ClassVar = {'zsmmd_control': 'what the term adds', 'zs3': 'what the recursion adds'}

    def __init__(self, cfg: ConfigDict, task: Task, protocol: Protocol) -> None:
        super().__init__(cfg, task, protocol)
        check_recursion(cfg.recursion)

    @property
    def origin(self) -> str | None:
        """Where the candidates are from; None if none are needed."""
        settings = self.cfg.recursion
        return settings.source if settings.weight and settings.rounds else None

    @by_settings('transductive')
    def setting(self) -> str:
        """Follows the origin of the candidates."""
        return 'transductive' if self.origin == 'unlabelled' else 'inductive'

    @by_settings('none')
    def reads_unseen_gt(self) -> str:
        """What `ZS3` reads, and whether images are chosen by their labels."""
        chooses = self.origin == 'unlabelled' and self.cfg.recursion.images == 'dropped'
        return stronger_access(super().reads_unseen_gt, 'image-oracle' if chooses else 'none')

    @by_settings((*ZS3.deviations, *ROUNDS, ORIGINS['unlabelled']))
    def deviations(self) -> tuple[str, ...]:
        """With the assumptions of the order, and about the origin of the candidates."""
        told = ONLINE if self.interleaved else (*ROUNDS, ORIGINS[self.origin]) if self.origin else ()
        return (*super().deviations, *(told if self.origin else (CONTROL,)))

    def skip(self) -> str | None:
        """What the interleaved loop has no images for, and a choice of images that the card forbids."""
        if self.interleaved and (self.origin or 'unlabelled') != 'unlabelled':
            return f'source {self.origin!r} has no counterpart in the interleaved loop; use --protocol zs3-clean'
        if self.interleaved and self.layout != 'ground-truth':
            return (f'layout {self.layout!r} shows the interleaved loop no image with an unseen class; use '
                    '--protocol zs3-official, or order=sequential')
        if not (self.interleaved or self.permitted):
            return (f'recursion.images=dropped chooses images by their labels, {self.protocol.name} allows '
                    f'{self.protocol.allowed(self.setting)}; use recursion.images=all')
        return super().skip()

    def stages(self) -> list[StageSpec]:
        """ZS3Net's recipe, trained on."""
        if not self.cfg.recursion.rounds:
            return super().stages()
        return self.online() if self.interleaved else self.in_rounds()

    def online(self) -> list[StageSpec]:
        """The interleaved loop of ZS3Net, and once more with queues of candidates."""
        online = dict(self.cfg.recursion.online)
        gate, min_count = online.pop('gate'), online.pop('min_count')
        length = {name: online.pop(name) for name in ('epochs', 'iterations')}
        again = {'name': 'joint_online', 'network': 'joint', 'warm_start': 'joint', 'initial': 'seen', **length}
        if self.origin:
            loss = {**self.cfg.recursion.loss, 'min_count': min_count}
            again |= {'type': 'TrainZSMMDJointly', 'feedback': {**self.feedback(gate), 'loss': loss, **online}}
        return [*self.start(), self.joint(), self.joint(**again), self.evaluate(network='joint_online')]

    def in_rounds(self) -> list[StageSpec]:
        """ZS3Net's trunk, R rounds, the final classifier, and what the rounds did to the features."""
        settings = self.cfg.recursion
        recipe, last, weight = self.trunk(), f'classifier_{settings.rounds}', settings.unseen_weight
        for r in range(1, settings.rounds + 1):
            recipe += self.recursion(r, 'generator' if r == 1 else f'generator_{r - 1}')
        recipe.append(self.classifier(last, generator=f'generator_{settings.rounds}',
                                      **({} if weight is None else {'unseen_weight': weight})))
        return [*recipe, *self.diagnosis(), self.evaluate(last)]

    def recursion(self, r: int, before: str) -> list[StageSpec]:
        """Judge, candidates and generator of round `r`; `before` names the generator to start from."""
        settings = self.cfg.recursion
        training = {'iterations': settings.iterations, 'warm_start': before if settings.warm_start else None}
        if not self.origin:
            return [self.generator(f'generator_{r}', **training)]
        judge = self.classifier(f'judge_{r}', generator=before, unseen_weight=settings.judge.unseen_weight)
        feedback = {'candidates': f'candidates_{r}', **self.feedback(settings.gate)}
        return [judge, self.candidates(r, before),
                self.generator(f'generator_{r}', 'TrainZSMMDGenerator', feedback=feedback, **training)]

    def candidates(self, r: int, before: str) -> StageSpec:
        """The pixels of round `r`, or features of generator `before`."""
        settings = self.cfg.recursion
        origin = {'generator': before, 'pool': settings.pool} if self.images is None else {
            'unseen_images': self.images, 'pipeline': self.cfg.label_pipeline, 'agreement': settings.agreement,
            'batch_size': self.cfg.features.batch_size, **settings.candidates}
        trained_with = settings.judge.unseen_weight if settings.judge.calibrated else 1
        return self.stage(f'candidates_{r}', 'GatherCandidates', judge=f'judge_{r}', trained_with=trained_with,
                          **origin)

    def diagnosis(self) -> list[StageSpec]:
        """What the rounds did, if the config wants to know."""
        settings = self.cfg.recursion
        if not settings.diagnosis.images:
            return []
        rounds = range(1, settings.rounds + 1)
        generators = ['generator', *(f'generator_{r}' for r in rounds)]
        candidates = [f'candidates_{r}' for r in rounds] if self.origin and self.images else []
        return [self.stage(
            'diagnosis', 'DiagnoseFeedback', pipeline=self.cfg.label_pipeline, generators=generators,
            candidates=candidates, unseen_images=self.images, gate=only_setting(settings.gate),
            power=settings.power, variances=settings.loss.variances, batch_size=self.cfg.features.batch_size,
            **settings.diagnosis)]

    @property
    def images(self) -> str | None:
        """The training images that candidates are from, see `ZeroShotDataset`; None for none."""
        return SOURCES[self.cfg.recursion.source][self.cfg.recursion.images]

    def feedback(self, gate: dict[str, Any]) -> dict[str, Any]:
        """The settings of the term with a gate, whatever the order."""
        settings = self.cfg.recursion
        return {'gate': only_setting(gate), **{name: settings[name] for name in ('power', 'loss', 'weight', 'samples')}}
