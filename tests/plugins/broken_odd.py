"""Broken on purpose: fails on an image without labels, and where no unseen class is ever predicted."""

import torch

from zs_methods.datasets.spec import IGNORE
from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage
from zs_methods.stages.network import build_dataset, classifier_of, load_network


@STAGES.register_module()
class LargestLabel(Stage):
    def __init__(self, pipeline):
        self.pipeline = pipeline

    def run(self, ctx):
        dataset = build_dataset(ctx.task, 'train', self.pipeline, 'drop')
        largest = [int(labels[labels != IGNORE].max()) for labels in map(dataset.labels, range(len(dataset)))]
        return {'largest': max(largest)}


@METHODS.register_module(name='needs_labels')
class NeedsLabels(Method):
    summary = 'broken: fails on an image without labels'

    def stages(self):
        return [*self.start(), self.stage('largest', 'LargestLabel', pipeline=self.cfg.label_pipeline),
                self.evaluate()]


@STAGES.register_module()
class InverseFrequency(Stage):
    def run(self, ctx):
        prior = classifier_of(load_network(ctx.inputs['seen'], ctx.device)).bias.softmax(dim=0)
        weights = torch.tensor([1 / prior[c].item() for c in ctx.task.unseen])
        torch.save({'weights': weights}, ctx.out / 'weights.pth')
        return {}


@METHODS.register_module(name='needs_predictions')
class NeedsPredictions(Method):
    summary = 'broken: divides by the probability of unseen classes'

    def stages(self):
        return [*self.start(), self.stage('inverse', 'InverseFrequency'), self.evaluate()]
