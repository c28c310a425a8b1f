"""Recursive training with the ZS-MMD loss."""

from __future__ import annotations

from typing import ClassVar

from mmengine.config import ConfigDict

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import by_settings
from zs_methods.methods.zs3 import ZS3
from zs_methods.own_registries import METHODS
from zs_methods.protocols import Protocol
from zs_methods.task import Task

from .choices import GATES, SOURCES, check_recursion

#: What is assumed about the origin of the candidates (A6).
ORIGINS = {
    'synthetic': 'assumed (A6): candidates are features of the previous generator (source synthetic); no image is read',
    'seen-images': 'assumed (A6): candidates are pixels of seen-only images (source seen-images): mistakes by '
                   'construction, a negative control',
    'unlabelled': 'assumed (A6): candidates are pixels of training images, read without labels (source unlabelled): '
                  'transductive, as in the published loop of ZS3Net, whose images with unseen classes give the '
                  'generator no step',
}
#: What is assumed besides; numbers are those of the reconstruction.
ASSUMPTIONS = (
    'read from the abstract: high-confidence outputs of the classification layer are weighted, taken as '
    'pseudo-features of unseen classes, and fed back to the generator; no formula is known',
    'assumed (A1): the most confident share of the pixels predicted as a class is its high-confidence output (gate '
    'rank), so that no class goes without; a threshold is an option',
    'assumed (A2, A9): mean over the unseen classes with enough candidates, of the root of MMD^2 as in ZS3Net',
    'assumed (A3): the loss is added to that of ZS3Net with a weight; the seen term is a mean over classes, so that '
    'the weight means the same at every K',
    'assumed (A4): number and length of the rounds; each generator starts from the one before, candidates are gathered '
    'anew in every round, and drawn with a probability in proportion to their weight, N per class and step',
    'assumed (A5): rounds in sequence; in the interleaved loop of the published code the term would be part of a batch',
    'assumed (A7): weights are confidences to a power, divided by their sum',
    'assumed (A8): kernels and biased estimator of ZS3Net',
    'assumed (A10): candidates and weights carry no gradient, only the generator is updated',
    'assumed (A12): the confidence is that of a judge, a classifier trained with the unseen weight of the judge on '
    'the same generator; the final classifier is trained apart, with an unseen weight of its own',
    'the rounds train the generator longer than ZS3Net does; zsmmd_control is the control for that',
)
#: With a weight of 0.
CONTROL = 'a control: ZS3Net, its generator trained on for as many steps as in the rounds, without the ZS-MMD term'


@METHODS.register_module(name='zsmmd')
class ZSMMD(ZS3):
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
    candidates with the ground truth; nothing is trained after it. A ``weight`` of 0 leaves judge, candidates and term
    out: ZS3Net, trained on for as many steps.
    """

    summary = 'recursive ZS-MMD: confident pixels of unlabelled images fed back to the generator (reconstruction)'
    source = ('Wang, Farazi, Barnes, "Recursive Training for Zero-Shot Semantic Segmentation", IJCNN 2021, '
              'arXiv 2103.00086 (abstract only)')
    note = ("reconstruction: ZS-MMD's exact loss is published only in the paper's body, which was not at hand; "
            'formula, gate, weight, number of rounds and origin of the pseudo-features are assumptions')
    title = 'ZS-MMD'
    continues = 'zs3'
    generates = True
    compared_with = ('zsmmd_control', 'zs5', 'zs3')
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
        """Whether images are chosen by their labels."""
        chooses = self.origin == 'unlabelled' and self.cfg.recursion.images == 'dropped'
        return 'image-oracle' if chooses else 'none'

    @by_settings((*ZS3.deviations, *ASSUMPTIONS, ORIGINS['unlabelled']))
    def deviations(self) -> tuple[str, ...]:
        """With the assumption about the origin of the candidates."""
        return (*super().deviations, *((*ASSUMPTIONS, ORIGINS[self.origin]) if self.origin else (CONTROL,)))

    def stages(self) -> list[StageSpec]:
        """ZS3Net's trunk, R rounds, the final classifier, and what the rounds did to the features."""
        settings = self.cfg.recursion
        if not settings.rounds:
            return super().stages()
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
        feedback = {'candidates': f'candidates_{r}', 'gate': self.gate, **{
            name: settings[name] for name in ('power', 'loss', 'weight', 'samples')}}
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
            candidates=candidates, unseen_images=self.images, gate=self.gate, power=settings.power,
            variances=settings.loss.variances, batch_size=self.cfg.features.batch_size, **settings.diagnosis)]

    @property
    def images(self) -> str | None:
        """The training images that candidates are from, see `ZeroShotDataset`; None for none."""
        return SOURCES[self.cfg.recursion.source][self.cfg.recursion.images]

    @property
    def gate(self) -> dict[str, str | float]:
        """The gate with the one setting that it has."""
        gate = self.cfg.recursion.gate
        return {'type': gate.type, GATES[gate.type]: gate[GATES[gate.type]]}
