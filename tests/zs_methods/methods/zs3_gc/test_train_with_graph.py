"""The interleaved loop with a graph: its control without, both variants, and the weight of the node term."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from zs_methods.methods.zs3_gc.train_with_graph import NodeLoop, TrainWithGraph
from zs_methods.models import FeatureGenerator
from zs_methods.models.losses.weighted_cross_entropy import WeightedCrossEntropy
from zs_methods.stages.joint_loop import JointLoop
from zs_methods.stages.joint_loss import JointLoss
from zs_methods.stages.layouts import Layout


def state(folder, file='model.pth'):
    saved = torch.load(folder / file, weights_only=True)
    return saved['state_dict']


@pytest.fixture(scope='module')
def plain(run_recipe):
    return run_recipe('zs3', k=6, protocol='zs3-official')


@pytest.fixture(scope='module')
def run_gc(run_recipe, plain):
    shared = {name: plain[name] for name in ('seen', 'maps')}
    return lambda **options: run_recipe('zs3_gc', k=6, protocol='zs3-official', inputs=shared, **options)


def test_without_weight_it_is_the_interleaved_loop_bit_for_bit(plain, run_gc):
    control, used = run_gc(**{'graph.weight': 0.0})['joint'], run_gc()['joint']
    for file in ('model.pth', 'generator.pth'):
        first, second = state(plain['joint'], file), state(control, file)
        assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    weight = 'decode_head.conv_seg.weight'
    assert not torch.equal(state(used)[weight], state(control)[weight])
    assert torch.equal(state(used, 'generator.pth')['output.weight'], state(control, 'generator.pth')['output.weight'])


def test_the_paper_variant_generates_with_the_graph(run_gc):
    folder = run_gc(**{'graph.variant': 'paper'})['joint']
    generator = FeatureGenerator.load(folder, torch.device('cpu'))
    vectors = generator.vectors
    assert type(generator).__name__ == 'GraphGenerator'
    assert generator(vectors, torch.Generator(), torch.eye(len(vectors))).shape == (len(vectors), 64)
    assert json.loads((folder / 'summary.json').read_text())['generator_steps'] > 0


def test_node_term_against_the_dense_one_is_0_8_at_batch_8(monkeypatch):
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 5, 1)
    network = SimpleNamespace(decode_head=SimpleNamespace(conv_seg=conv), align_corners=False)
    points, classes = torch.randn(12, 6), torch.tensor([0, 1, 2, 3, 4, 255] * 2)
    features, targets = points.T.reshape(1, 6, 3, 4).repeat(8, 1, 1, 1), classes.view(1, 3, 4).repeat(8, 1, 1)
    dense = JointLoss(network, (3, 4), 100)
    monkeypatch.setattr(JointLoop, 'loss', lambda self, features, layout: dense(features, layout.targets))

    def gradient(weight, nodes):
        loop = object.__new__(NodeLoop)
        loop.conv, loop.weight = conv, weight
        loop.node_criterion = WeightedCrossEntropy(dict.fromkeys((3, 4), 100))
        loop.nodes = SimpleNamespace(nodes=lambda *_: nodes)
        conv.zero_grad()
        loop.loss(features, Layout(targets, targets, None, None)).backward()
        return conv.weight.grad.clone()

    alone, both = gradient(0.1, (points[:0], classes[:0])), gradient(0.1, (points, classes))
    torch.testing.assert_close(both - alone, 0.8 * alone)
    assert torch.equal(gradient(0.0, (points, classes)), alone)


@pytest.mark.parametrize(('changes', 'message'), [
    ({'graph': {'variant': 'gcn'}}, r"variant must be one of \('auxiliary', 'paper'\)"),
    ({'graph': {'variant': 'paper'}, 'layout': 'random'}, 'no component is larger than a pixel'),
])
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainWithGraph(**{
            'model': {}, 'loss': {}, 'vectors': {}, 'generator': {}, 'optimizer': {}, 'pipeline': [], 'loader': {},
            'unseen_images': 'drop', 'batch_size': 2, 'unseen_weight': 1, 'iterations': 1, **changes})
