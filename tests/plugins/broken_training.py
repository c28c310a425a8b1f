"""Broken on purpose: what is trained is not what is left, or nothing is trained."""

import torch

from zs_methods.methods import Method
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages import Stage
from zs_methods.stages.network import WEIGHTS, classifier_of, exclude_classes, load_network
from zs_methods.stages.parts import save_classifier


def last_layer(ctx):
    """The last convolution of the shared network as a linear layer."""
    conv = classifier_of(load_network(ctx.inputs['seen'], ctx.device))
    linear = torch.nn.Linear(conv.in_channels, conv.out_channels, device=ctx.device)
    linear.weight.data, linear.bias.data = conv.weight.data.flatten(1), conv.bias.data
    return linear


@STAGES.register_module()
class TuneEverything(Stage):
    """Moves the whole network; only its last layer is left."""

    def run(self, ctx):
        network = load_network(ctx.inputs['seen'], ctx.device)
        optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
        images = torch.rand(2, 3, 64, 64, device=ctx.device, generator=ctx.stream('images'))
        network(images).square().mean().backward()
        optimizer.step()
        linear = last_layer(ctx)
        linear.weight.data, linear.bias.data = (value.data.flatten(1) if value.dim() > 1 else value.data
                                                for value in classifier_of(network).parameters())
        save_classifier(ctx.out, linear)
        return {}


@STAGES.register_module()
class Overwrite(Stage):
    """Writes the tuned backbone where every other method reads it."""

    def run(self, ctx):
        file = ctx.inputs['seen'] / WEIGHTS
        saved = torch.load(file, weights_only=True)
        saved['state_dict'] = {name: value + 1 if name.startswith('backbone.') and value.is_floating_point() else value
                               for name, value in saved['state_dict'].items()}
        torch.save(saved, file)
        save_classifier(ctx.out, last_layer(ctx))
        return {}


@STAGES.register_module()
class ForgetToStep(Stage):
    def __init__(self, iterations):
        self.iterations = iterations

    def run(self, ctx):
        linear = last_layer(ctx)
        for _ in range(self.iterations):
            linear(torch.ones(2, linear.in_features, device=ctx.device)).sum().backward()
        save_classifier(ctx.out, linear)
        return {}


@STAGES.register_module()
class Disconnected(Stage):
    """One of two parameters is not in the loss."""

    def run(self, ctx):
        linear = last_layer(ctx)
        optimizer = torch.optim.SGD(linear.parameters(), lr=0.1)
        (linear.weight ** 2).sum().backward()
        optimizer.step()
        save_classifier(ctx.out, linear)
        return {}


@STAGES.register_module()
class NeverUnseen(Stage):
    """Leaves a classifier that can never predict an unseen class."""

    def run(self, ctx):
        linear = last_layer(ctx)
        exclude_classes(linear, ctx.task.unseen)
        save_classifier(ctx.out, linear)
        return {}


class Broken(Method):
    summary = 'broken training'
    type, settings = '', {}

    def stages(self):
        return [*self.start(), self.stage('tune', self.type, **self.settings), self.evaluate('tune')]


@METHODS.register_module(name='loses_backbone')
class LosesBackbone(Broken):
    type = 'TuneEverything'


@METHODS.register_module(name='overwrites')
class Overwrites(Broken):
    type = 'Overwrite'


@METHODS.register_module(name='forgets_to_step')
class ForgetsToStep(Broken):
    type, settings = 'ForgetToStep', {'iterations': 100}


@METHODS.register_module(name='disconnected')
class LeavesOneOut(Broken):
    type = 'Disconnected'


@METHODS.register_module(name='never_unseen')
class PredictsNoUnseen(Broken):
    type = 'NeverUnseen'
