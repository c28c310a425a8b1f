"""Broken on purpose: draws from a source that no seed reaches, or trains with one seed whatever the cell's is."""

import time

import numpy as np
import torch

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage, TrainSeen


@STAGES.register_module()
class SeededByTime(Stage):
    def run(self, ctx):
        np.random.seed(time.time_ns() % 2**32)
        torch.save({'offset': torch.from_numpy(np.random.normal(size=3))}, ctx.out / 'offset.pth')
        return {}


@METHODS.register_module(name='unseeded')
class Unseeded(Method):
    summary = 'broken: seeded by the time'

    def stages(self):
        return [*self.start(), self.stage('noise', 'SeededByTime'), self.evaluate()]


@STAGES.register_module()
class AlwaysTheSame(TrainSeen):
    """Trains with one seed, whatever the cell's."""

    def run(self, ctx):
        ctx.seed = 0
        return super().run(ctx)


@METHODS.register_module(name='one_seed')
class OneSeed(Method):
    summary = 'broken: the same for all seeds'

    def stages(self):
        seen = self.seen()
        seen.config['type'] = 'AlwaysTheSame'
        return [seen, self.evaluate()]
