"""Methods that take milliseconds: no images, no network, no training."""

import json

import numpy as np

from zs_methods.datasets.audit import LabelLedger
from zs_methods.evaluation import LAST, EvaluationResult
from zs_methods.evaluation.scores import pack_sparse, sparse
from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage

#: Type of every toy stage that has started, in order.
CALLS = []


class ToyStage(Stage):
    def __init__(self, size=4):
        self.size = size

    def run(self, ctx):
        CALLS.append(type(self).__name__)
        (ctx.out / 'parts').mkdir()
        (ctx.out / 'parts' / 'noise.bin').write_bytes(np.random.default_rng(ctx.seed_for('toy')).bytes(self.size))
        return {'size': self.size}


@STAGES.register_module()
class ToySeen(ToyStage):
    pass


@STAGES.register_module()
class ToyMore(ToyStage):
    pass


@STAGES.register_module()
class ToyPeek(ToyStage):
    """Reads pixels of the first unseen class of the training images."""

    def run(self, ctx):
        ledger = LabelLedger('train', ctx.task.spec.classes, ctx.task.unseen)
        ledger.add_labels(np.full((2, 3), ctx.task.unseen[0], np.uint8))
        return super().run(ctx)


@STAGES.register_module()
class ToyFail(ToyStage):
    def run(self, ctx):
        super().run(ctx)
        raise ValueError('boom')


@STAGES.register_module()
class ToyKill(ToyStage):
    def run(self, ctx):
        super().run(ctx)
        raise KeyboardInterrupt


@STAGES.register_module()
class ToyEvaluate(ToyStage):
    """Scores a classifier that guesses; ``extra`` goes into the result as it is."""

    def __init__(self, size=4, images=3, extra=None):
        super().__init__(size)
        self.images, self.extra = images, extra or {}

    def run(self, ctx):
        CALLS.append('ToyEvaluate')
        classes = len(ctx.task.spec.classes)
        rng = np.random.default_rng(ctx.seed_for('toy'))
        matrices = rng.integers(0, 9, (self.images, classes, classes))
        # As real scores of all images: reads labels of unseen classes, but not for training.
        LabelLedger('val', ctx.task.spec.classes, ctx.task.unseen).add_labels(np.array(ctx.task.unseen))
        result = EvaluationResult(images=self.images, confusion=matrices.sum(axis=0).tolist(),
                                  confusion_per_image=pack_sparse([sparse(matrix) for matrix in matrices]))
        result.write(ctx.out)
        if self.extra:
            (ctx.out / 'result.json').write_text(json.dumps({**result.model_dump(), **self.extra}))
        return {'images': self.images}


class Toy(Method):
    summary = 'a toy'
    between = ()

    def stages(self):
        return [self.stage('seen', 'ToySeen', size=8), *self.between, self.stage(LAST, 'ToyEvaluate')]


@METHODS.register_module(name='toy_ok')
class ToyOk(Toy):
    pass


@METHODS.register_module(name='toy_more')
class ToyLonger(Toy):
    between = (Method.stage('more', 'ToyMore'),)


@METHODS.register_module(name='toy_peek')
class ToyPeeks(Toy):
    between = (Method.stage('peek', 'ToyPeek'),)


@METHODS.register_module(name='toy_fail')
class ToyFails(Toy):
    between = (Method.stage('broken', 'ToyFail'),)


@METHODS.register_module(name='toy_fail_later')
class ToyFailsLater(Toy):
    """Continues where `ToyFails` stopped."""

    between = (*ToyFails.between, Method.stage('more', 'ToyMore'))


@METHODS.register_module(name='toy_kill')
class ToyKilled(Toy):
    between = (Method.stage('killed', 'ToyKill'),)


@METHODS.register_module(name='toy_skip')
class ToySkips(Toy):
    def skip(self):
        return 'not for toys'


@METHODS.register_module(name='toy_odd')
class ToyOdd(Toy):
    """Its evaluation writes something that no record can hold."""

    def stages(self):
        return [self.stage('seen', 'ToySeen', size=8),
                self.stage(LAST, 'ToyEvaluate', extra={'examples': 'none'})]
