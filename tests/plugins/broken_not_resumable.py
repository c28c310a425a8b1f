"""Broken on purpose: the second stage needs what the first one left in a global of this module."""

import torch

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage

MEMORY = {}


@STAGES.register_module()
class Remember(Stage):
    def run(self, ctx):
        MEMORY['offset'] = torch.rand(3, generator=ctx.stream('offset'), device=ctx.device).cpu()
        return {}


@STAGES.register_module()
class Recall(Stage):
    def run(self, ctx):
        torch.save({'offset': MEMORY['offset']}, ctx.out / 'offset.pth')
        return {}


@STAGES.register_module()
class RecallIfThere(Stage):
    """Hides it: without the global it goes on with something else."""

    def run(self, ctx):
        torch.save({'offset': MEMORY.get('offset', torch.zeros(3))}, ctx.out / 'offset.pth')
        return {}


class Forgetful(Method):
    summary = 'broken: a stage that needs the process of the stage before'
    second = ''

    def stages(self):
        return [*self.start(), self.stage('remember', 'Remember'), self.stage('recall', self.second), self.evaluate()]


@METHODS.register_module(name='not_resumable')
class NotResumable(Forgetful):
    second = 'Recall'


@METHODS.register_module(name='not_resumable_quietly')
class NotResumableQuietly(Forgetful):
    second = 'RecallIfThere'
