"""Recursive training with the ZS-MMD loss."""

from __future__ import annotations

from zs_methods.methods.zs3 import ZS3
from zs_methods.registry import METHODS
from zs_methods.stages.base import StageSpec


@METHODS.register_module(name='zsmmd')
class ZSMMD(ZS3):
    """Recursive ZS-MMD, a RECONSTRUCTION: the paper's exact loss is published only in its body.

    Recursion 0 is `ZS3` exactly and shares its artifacts. Recursion r = 1..R:

    1. Candidates for unseen class u: features of generator r-1 that classifier r-1 assigns to u with confidence.
    2. Generator r minimises L_MMD(seen) + weight * L_ZSMMD(unseen), see `ZSMMDLoss`.
    3. Classifier r is retrained with generator r's features, as in ZS3Net.

    Everything the abstract leaves open is an assumption; ``deviations`` lists them.
    """

    summary = 'recursive ZS-MMD: confident pseudo-features fed back to the generator (reconstruction)'
    source = ('Wang, Farazi, Barnes, "Recursive Training for Zero-Shot Semantic Segmentation", IJCNN 2021, '
              'arXiv 2103.00086 (abstract only)')
    deviations = (
        *ZS3.deviations,
        'assumed: hard gate on confidence with an argmax test, power of the confidence, normalised weights',
        'assumed: the loss is added to that of ZS3Net with a weight; root of MMD^2 as there',
        'assumed: candidates are features of the previous generator (source synthetic), so no image is read',
        'assumed: number and length of the recursions, each generator starting from the one before',
        'the seen term is a mean over classes, where the reconstruction sums over those of an image, so that the '
        'weight of the ZS-MMD term means the same at every K',
        'a recursion trains the generator longer than ZS3Net does; a weight of 0 is the control for that',
    )
    note = ("reconstruction: ZS-MMD's exact loss is published only in the paper's body, which was not at hand; "
            'formula, threshold, weight, number of recursions and origin of the pseudo-features are assumptions')

    def stages(self) -> list[StageSpec]:
        """ZS3Net's trunk and R recursions."""
        recipe, generator, classifier = self.trunk(), 'generator', 'classifier'
        settings = self.cfg.recursion
        for r in range(1, settings.rounds + 1):
            feedback = {**settings.feedback, 'generator': generator, 'classifier': classifier}
            recipe.append(self.generator(f'generator_{r}', feedback=feedback, iterations=settings.iterations,
                                         warm_start=generator if settings.warm_start else None))
            generator, classifier = f'generator_{r}', f'classifier_{r}'
            recipe.append(self.classifier(classifier, generator=generator))
        return [*recipe, self.evaluate(classifier)]
