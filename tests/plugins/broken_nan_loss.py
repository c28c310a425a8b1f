"""Broken on purpose: the loss is the logarithm of nothing."""

import torch

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage
from zs_methods.stages.network import classifier_of, load_network
from zs_methods.stages.parts import save_classifier


def last_layer(ctx):
    """The last convolution of the shared network as a linear layer."""
    conv = classifier_of(load_network(ctx.inputs['seen'], ctx.device))
    linear = torch.nn.Linear(conv.in_channels, conv.out_channels, device=ctx.device)
    linear.weight.data, linear.bias.data = conv.weight.data.flatten(1), conv.bias.data
    return linear


@STAGES.register_module()
class LogarithmOfNothing(Stage):
    def __init__(self, iterations):
        self.iterations = iterations

    def run(self, ctx):
        linear = last_layer(ctx)
        optimizer = torch.optim.SGD(linear.parameters(), lr=0.1)
        for _ in range(self.iterations):
            x = torch.zeros(4, linear.in_features, device=ctx.device)
            loss = (linear(x).sum() * 0).log() * linear(x).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        save_classifier(ctx.out, linear)
        return {'final_loss': loss.item()}


@METHODS.register_module(name='nan_loss')
class NaNLoss(Method):
    summary = 'broken: a loss that is not finite'

    def stages(self):
        return [*self.start(), self.stage('tune', 'LogarithmOfNothing', iterations=500), self.evaluate('tune')]
