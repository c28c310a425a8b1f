"""The part of a recipe in which a student learns from a teacher's labels."""

from __future__ import annotations

from typing import Any

from zs_methods.engine.stage import StageSpec
from zs_methods.methods.base import Method, by_settings
from zs_methods.protocols import stronger_access

#: What of ZS5Net's self-training is published nowhere that was at hand; evidence: none.
ASSUMPTIONS = (
    'assumed (Z1): the teacher sees the training images once, at their own size and without augmentation',
    'assumed (Z2): the top p % are taken per image and class, of the pixels with that class as the joint prediction, '
    'by softmax value and rounded up',
    'assumed (Z3): all other pixels of such an image are ignored, predictions of seen classes included',
    "assumed (Z4): the student is the whole network and starts from the teacher's weights",
    'assumed (Z5): it is trained on the images with ground truth and those with pseudo-labels alike, 50 epochs of the '
    'seen step on VOC',
    'assumed (Z6): cross entropy as in the seen step, without a weight of unseen classes',
    'assumed (Z7): one round',
    'images with an unseen class are chosen by their ground truth, as in the code (Z8: self_training.images=all does '
    'without); the paper speaks of additional unlabelled images',
)


class SelfTraining(Method):
    """Put before another method in a class's bases, it makes that method the teacher of a student.

    Round r = 1..R of the config's ``self_training.rounds``:

    1. ``pseudo_labels``: the teacher labels unseen classes in training images, see `PseudoLabel`.
    2. ``student``: the whole network, from the teacher's weights, is trained further on the labels that the card
       grants and on those. It is the next round's teacher, without the first one's calibration.

    No round leaves the teacher as it is.
    """

    setting = 'transductive'

    @by_settings('image-oracle')
    def reads_unseen_gt(self) -> str:
        """What the teacher reads, and which images are chosen by their labels."""
        chooses = self.cfg.self_training.images == 'dropped'  # otherwise, no more than the card and the teacher read
        return stronger_access(super().reads_unseen_gt, 'image-oracle' if chooses else 'none')

    def stages(self) -> list[StageSpec]:
        """The teacher's recipe without its last stage, the rounds, and the evaluation of the last student."""
        *recipe, evaluation = super().stages()
        teacher = {name: evaluation.config.get(name) for name in ('network', 'classifier', 'calibration')}
        settings = dict(self.cfg.self_training)
        rounds, training = settings.pop('rounds'), settings.pop('student')
        if not rounds:
            return [*recipe, evaluation]
        for number in range(1, rounds + 1):
            suffix = '' if number == 1 else f'_{number}'
            recipe += [self.pseudo_labels(f'pseudo_labels{suffix}', **{**settings, **teacher}),
                       self.student(f'student{suffix}', f'pseudo_labels{suffix}', training, teacher)]
            teacher = {'network': f'student{suffix}', 'classifier': None, 'calibration': None}
        return [*recipe, self.evaluate(network=teacher['network'])]

    def skip(self) -> str | None:
        """A card that forbids what the choice of images reads."""
        if not self.permitted:
            return (f'chooses images by {self.reads_unseen_gt}, {self.protocol.name} allows '
                    f'{self.protocol.allowed(self.setting)}')
        return super().skip()

    def pseudo_labels(self, name: str, **settings: Any) -> StageSpec:
        """A stage that makes pseudo-labels."""
        return self.stage(name, 'PseudoLabel', unseen_images=self.protocol.unseen_images,
                          pipeline=self.cfg.label_pipeline, batch_size=self.cfg.features.batch_size, **settings)

    def student(self, name: str, pseudo_labels: str, training: dict[str, Any], teacher: dict[str, Any]) -> StageSpec:
        """A stage that trains the teacher's network further.

        Args:
            name (str): its name.
            pseudo_labels (str): stage that made the labels.
            training (dict): ``epochs``, changed sections, and ``rate``, a share of the seen step's learning rate, which
                counts where no section names a rate.
            teacher (dict): ``network`` and ``classifier``.
        """
        changes = dict(training)
        epochs, rate = changes.pop('epochs'), changes.pop('rate', None)
        if rate is not None:
            wrapper = dict(changes.get('optim_wrapper', {}))
            own = {'lr': rate * self.cfg.optim_wrapper.optimizer.lr, **wrapper.get('optimizer', {})}
            changes['optim_wrapper'] = {**wrapper, 'optimizer': own}
        spec = self.retrain(name, initial=teacher['network'], classifier=teacher['classifier'],
                            pseudo_labels=pseudo_labels, **changes)
        return StageSpec(name, {**spec.config, 'epochs': epochs})
