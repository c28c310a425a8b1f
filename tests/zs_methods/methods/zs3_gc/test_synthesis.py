"""Generators of components inside the interleaved loop."""

import pytest
import torch

from zs_methods.methods.zs3_gc.graph import build_graph
from zs_methods.methods.zs3_gc.synthesis import ComponentSynthesis, NodeSynthesis
from zs_methods.stages import StageContext
from zs_methods.stages.layouts import Layout
from zs_methods.task import Task


@pytest.fixture(scope='module')
def ctx(micro_root, tmp_path_factory):
    return StageContext(Task.create('shapes', 2, micro_root), {}, tmp_path_factory.mktemp('joint'), 0)


def make_layout(labels, unseen=()):
    synthetic = torch.isin(labels, torch.tensor(unseen, dtype=torch.int64)).flatten(1).any(dim=1)
    return Layout(labels, labels, synthetic, torch.zeros(len(labels), dtype=torch.int64))


def synthesis(kind, ctx, steps):
    model = {'type': 'zs_methods.GraphGenerator', 'noise_dim': 4, 'hidden_dim': 8}
    return kind(ctx, 'generator', model, {'type': 'zs_methods.MMDLoss'}, {'aliases': {}, 'normalise': 'none'}, 6,
                {'type': 'Adam', 'lr': 1e-2}, samples=16, steps=steps)


def test_components_get_one_feature_for_all_their_pixels(ctx):
    made = synthesis(ComponentSynthesis, ctx, 'each')
    labels = torch.tensor([[[1, 1, 2, 1, 3]]])
    made.graph = build_graph(labels)
    fake = made.fill(torch.randn(1, 6, 1, 5), make_layout(labels))[0, :, 0].T
    assert made.steps_done == 3
    assert torch.equal(fake[0], fake[1]) and not torch.equal(fake[0], fake[3])


def test_nodes_are_first_pixels_or_generated_and_lone_components_are_skipped(ctx):
    labels = torch.tensor([[[1, 1, 2]], [[1, 4, 255]], [[3, 3, 3]]])
    layout, real = make_layout(labels, unseen=(4,)), torch.randn(3, 6, 1, 3)
    made = synthesis(NodeSynthesis, ctx, 'each')
    points, classes = made.nodes(real, layout, build_graph(labels))
    assert classes.tolist() == [1, 2, 1, 4, 255]
    assert torch.equal(points[0], real[0, :, 0, 0]) and torch.equal(points[1], real[0, :, 0, 2])
    assert not torch.isin(points[2:], real).any() and not points.requires_grad
    assert made.steps_done == 1  # the first image; the second is synthetic, the third has no edge
    alone = make_layout(labels[2:])
    assert len(made.nodes(real[2:], alone, build_graph(labels[2:]))[0]) == 0


@pytest.mark.parametrize('steps', ['each', 'batched'])
def test_node_mmd_pools_all_nodes_of_an_image(ctx, steps):
    labels = torch.tensor([[[1, 1, 2]], [[1, 2, 255]]])
    layout, real = make_layout(labels), torch.randn(2, 6, 1, 3)
    made, sets = synthesis(NodeSynthesis, ctx, steps), []

    def record(fake, real):
        sets.append(tuple(real.shape))
        return fake.sum()
    made.criterion = record
    made.nodes(real, layout, build_graph(labels))
    assert sets == [(1, 2, 6), (1, 3, 6)]  # the ignored region is a node
    assert made.steps_done == (2 if steps == 'each' else 1)
