"""Broken on purpose: reads pixels of unseen classes and declares that it reads none."""

import torch

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage
from zs_methods.stages.network import build_dataset


@STAGES.register_module()
class CountUnseenPixels(Stage):
    """Looks up how many pixels each class has, in images that hold an unseen one."""

    def __init__(self, pipeline):
        self.pipeline = pipeline

    def run(self, ctx):
        dataset = build_dataset(ctx.task, 'train', self.pipeline, 'only')
        labels = torch.cat([torch.from_numpy(dataset.labels(index)).reshape(-1) for index in range(len(dataset))])
        torch.save({'prior': torch.bincount(labels.long(), minlength=256).float()}, ctx.out / 'prior.pth')
        return {'images': len(dataset)}


@METHODS.register_module(name='reads_unseen')
class ReadsUnseen(Method):
    summary = 'broken: reads unseen pixels'

    def stages(self):
        return [*self.start(), self.stage('prior', 'CountUnseenPixels', pipeline=self.cfg.label_pipeline),
                self.evaluate()]
