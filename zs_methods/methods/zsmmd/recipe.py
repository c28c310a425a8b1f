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

from .sources import check_source

#: Stage that holds the real pixels which may become candidates.
BANKS = {'seen-images': 'features', 'unlabelled': 'unlabelled'}
#: What is assumed about the origin of the candidates.
ORIGINS = {
    'synthetic': 'assumed: candidates are features of the previous generator (source synthetic), so no image is read',
    'seen-images': 'assumed: candidates are real features of seen-only images that the previous classifier takes for '
                   'an unseen class (source seen-images): mistakes by construction',
    'unlabelled': 'assumed: candidates are real features of training images with an unseen class, read without labels '
                  '(source unlabelled): transductive, which the paper seems not to be; images picked by ground truth',
}
#: What is assumed besides.
ASSUMPTIONS = (
    'assumed: hard gate on confidence with an argmax test, power of the confidence, normalised weights',
    'assumed: the loss is added to that of ZS3Net with a weight; root of MMD^2 as there',
    'assumed: number and length of the recursions, each generator starting from the one before',
    'assumed: candidates are gathered once per recursion and drawn with a probability in proportion to their '
    'weight, N per class and step',
    'the seen term is a mean over classes, where the reconstruction sums over those of an image, so that the '
    'weight of the ZS-MMD term means the same at every K',
    'a recursion trains the generator longer than ZS3Net does; a weight of 0 is the control for that',
)


@METHODS.register_module(name='zsmmd')
class ZSMMD(ZS3):
    """Recursive ZS-MMD, a RECONSTRUCTION: the paper's exact loss is published only in its body.

    Recursion 0 is `ZS3` exactly and shares its artifacts. Recursion r = 1..R:

    1. Candidates for unseen class u: features that classifier r-1 assigns to u with confidence. Their origin is
       the decisive unknown, ``recursion.feedback.source``: ``synthetic``, features of generator r-1;
       ``seen-images``, real features of seen classes; ``unlabelled``, real features of training images that hold an
       unseen class, which makes the method transductive.
    2. Generator r minimises L_MMD(seen) + weight * L_ZSMMD(unseen), see `ZSMMDLoss`.
    3. Classifier r is retrained with generator r's features, as in ZS3Net.

    Before the evaluation, `DiagnoseFeedback` compares the generators and candidates with the ground truth; nothing is
    trained after it. Everything the abstract leaves open is an assumption; ``deviations`` lists them.
    """

    summary = 'recursive ZS-MMD: confident pseudo-features fed back to the generator (reconstruction)'
    source = ('Wang, Farazi, Barnes, "Recursive Training for Zero-Shot Semantic Segmentation", IJCNN 2021, '
              'arXiv 2103.00086 (abstract only)')
    note = ("reconstruction: ZS-MMD's exact loss is published only in the paper's body, which was not at hand; "
            'formula, threshold, weight, number of recursions and origin of the pseudo-features are assumptions')
    title = 'ZS-MMD'
    continues = 'zs3'
    generates = True
    compared_with = ('zs3', 'ridge')
    shows: ClassVar = {'zs3': 'what the recursion adds'}

    def __init__(self, cfg: ConfigDict, task: Task, protocol: Protocol) -> None:
        super().__init__(cfg, task, protocol)
        check_source(self.origin)

    @property
    def origin(self) -> str:
        """Where the candidates are from."""
        return self.cfg.recursion.feedback.source

    @by_settings('inductive')
    def setting(self) -> str:
        """Follows the origin of the candidates."""
        return 'transductive' if self.origin == 'unlabelled' else 'inductive'

    @by_settings('none')
    def reads_unseen_gt(self) -> str:
        """Images with an unseen class are picked out."""
        return 'image-oracle' if self.origin == 'unlabelled' else 'none'

    @by_settings((*ZS3.deviations, *ASSUMPTIONS))
    def deviations(self) -> tuple[str, ...]:
        """With the assumption about the origin of the candidates."""
        return (*super().deviations, *ASSUMPTIONS, ORIGINS[self.origin])

    def stages(self) -> list[StageSpec]:
        """ZS3Net's trunk, R recursions, and what they did to the features."""
        recipe, settings = self.trunk(), self.cfg.recursion
        if self.origin == 'unlabelled':
            recipe.append(self.stage('unlabelled', 'ExtractUnlabelled', pipeline=self.cfg.label_pipeline,
                                     batch_size=self.cfg.features.batch_size, **settings.unlabelled))
        recursions = [{'generator': 'generator', 'classifier': 'classifier'}]
        for r in range(1, settings.rounds + 1):
            before = recursions[-1]
            names = {'generator': f'generator_{r}', 'classifier': f'classifier_{r}'}
            feedback = {**settings.feedback, **before, 'bank': BANKS.get(self.origin)}
            recipe += [
                self.generator(names['generator'], 'TrainZSMMDGenerator', feedback=feedback,
                               iterations=settings.iterations,
                               warm_start=before['generator'] if settings.warm_start else None),
                self.classifier(names['classifier'], generator=names['generator'])]
            recursions.append(names)
        if settings.rounds and settings.diagnosis.images:
            recipe.append(self.stage(
                'diagnosis', 'DiagnoseFeedback', pipeline=self.cfg.label_pipeline, recursions=recursions,
                feedback=feedback, loss=self.cfg.generator.loss, batch_size=self.cfg.features.batch_size,
                **settings.diagnosis))
        return [*recipe, self.evaluate(recursions[-1]['classifier'])]
