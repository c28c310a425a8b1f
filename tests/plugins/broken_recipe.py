"""Broken on purpose: recipes and attributes that are wrong before anything runs, and a stage that fails at K=10."""

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage


@METHODS.register_module(name='wrong_role')
class WrongRole(Method):
    summary, role = 'broken: an unknown role', 'champion'

    def stages(self):
        return [*self.start(), self.evaluate()]


@METHODS.register_module(name='not_plain')
class NotPlain(Method):
    summary = 'broken: settings that are no plain data'

    def stages(self):
        return [*self.start(), self.stage('odd', 'TooManyUnseen', limit=object()), self.evaluate()]


@STAGES.register_module()
class TooManyUnseen(Stage):
    def __init__(self, limit):
        self.limit = limit

    def run(self, ctx):
        if len(ctx.task.unseen) > self.limit:
            raise IndexError(f'{len(ctx.task.unseen)} unseen classes')
        return {}


@METHODS.register_module(name='small_k_only')
class SmallKOnly(Method):
    summary = 'broken: fails for many unseen classes'

    def stages(self):
        return [*self.start(), self.stage('small', 'TooManyUnseen', limit=5), self.evaluate()]
