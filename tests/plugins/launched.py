"""Methods for tests of launchers: no computation, and every way to go wrong."""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import torch

from zs_methods.evaluation import LAST, EvaluationResult
from zs_methods.evaluation.scores import pack_sparse, sparse
from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage


@STAGES.register_module()
class LaunchedStage(Stage):
    """Notes in ``ran.log``, beside the artifacts, that it ran; sleeps; leaves random numbers."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def run(self, ctx):
        with open(ctx.out.parent.parent / 'ran.log', 'a') as log:
            log.write(f'{ctx.out.name.split(".")[1]}\n')
        for step in range(10):
            time.sleep(self.seconds / 10)
            ctx.progress(step + 1, 10)
        self.act(ctx)
        rng = np.random.default_rng(ctx.seed_for('toy'))
        (ctx.out / 'numbers.bin').write_bytes(rng.bytes(1000))
        return {}

    def act(self, ctx):
        pass


@STAGES.register_module()
class LaunchedFail(LaunchedStage):
    def act(self, ctx):
        raise ValueError('boom')


@STAGES.register_module()
class LaunchedKill(LaunchedStage):
    """Kills its process, every time or the first time only."""

    def __init__(self, seconds=0.0, once=False):
        super().__init__(seconds)
        self.once = once

    def act(self, ctx):
        mark = ctx.out.parent.parent / f'killed-{ctx.seed}'
        if not (self.once and mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@STAGES.register_module()
class LaunchedHang(LaunchedStage):
    """Waits for a process that it has started, as for a data worker."""

    def act(self, ctx):
        child = subprocess.Popen(['sleep', '600'])
        (ctx.out.parent.parent / 'child').write_text(str(child.pid))
        child.wait()


@STAGES.register_module()
class LaunchedSwallow(LaunchedStage):
    """Makes another error of an interrupt, as yapf does while mmengine formats a config."""

    def act(self, ctx):
        try:
            time.sleep(600)
        except BaseException as error:
            raise SyntaxError('Failed to format the config file') from error


@STAGES.register_module()
class LaunchedBeyond(LaunchedStage):
    """Asks for more memory than any machine has, which is refused."""

    def act(self, ctx):
        torch.empty(10**15)


@STAGES.register_module()
class LaunchedGreedy(LaunchedStage):
    """Takes more memory than its control group may have, for which the kernel kills it."""

    def act(self, ctx):
        (Path((ctx.out.parent.parent / 'group').read_text()) / 'cgroup.procs').write_text(str(os.getpid()))
        b'x' * 2**29


@STAGES.register_module()
class LaunchedEvaluate(LaunchedStage):
    def run(self, ctx):
        super().run(ctx)
        classes = len(ctx.task.spec.classes)
        matrices = np.random.default_rng(ctx.seed_for('toy')).integers(0, 9, (3, classes, classes))
        EvaluationResult(images=3, confusion=matrices.sum(axis=0).tolist(),
                         confusion_per_image=pack_sparse([sparse(matrix) for matrix in matrices])).write(ctx.out)
        return {'images': 3}


class Launched(Method):
    summary = 'a method for tests of launchers'
    between = ()

    def stages(self):
        return [self.stage('seen', 'LaunchedStage'), *self.between, self.stage(LAST, 'LaunchedEvaluate')]


def _method(name, *between):
    METHODS.register_module(name=name)(type(name, (Launched,), {'between': between}))


_method('launched_ok')
_method('launched_more', Method.stage('more', 'LaunchedStage'))
_method('launched_slow', Method.stage('slow', 'LaunchedStage', seconds=0.5), Method.stage('slower', 'LaunchedStage',
                                                                                         seconds=0.7))
_method('launched_long', Method.stage('long', 'LaunchedStage', seconds=6))
_method('launched_fail', Method.stage('broken', 'LaunchedFail'))
_method('launched_killed', Method.stage('deadly', 'LaunchedKill'))
_method('launched_beyond', Method.stage('beyond', 'LaunchedBeyond'))
_method('launched_greedy', Method.stage('greedy', 'LaunchedGreedy'))
_method('launched_flaky', Method.stage('flaky', 'LaunchedKill', once=True))
_method('launched_hang', Method.stage('hanging', 'LaunchedHang'))
_method('launched_swallow', Method.stage('swallowing', 'LaunchedSwallow'))
