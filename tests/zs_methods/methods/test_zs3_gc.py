"""Tests of ZS3Net-GC: its recipe, its control, and the weight of its node term."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from zs_methods.configs import load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.stages.joint_loss import JointLoss
from zs_methods.stages.parts import load_generator
from zs_methods.task import Task


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
    generator, vectors = load_generator(folder, torch.device('cpu'))
    assert type(generator).__name__ == 'GraphGenerator'
    assert generator(vectors, torch.Generator(), torch.eye(len(vectors))).shape == (len(vectors), 64)
    assert json.loads((folder / 'summary.json').read_text())['generator_steps'] > 0


def test_node_term_against_the_dense_one_is_0_8_at_batch_8():
    torch.manual_seed(0)
    head = SimpleNamespace(conv_seg=nn.Conv2d(6, 5, 1))
    network = SimpleNamespace(decode_head=head, align_corners=False)
    points, classes = torch.randn(12, 6), torch.tensor([0, 1, 2, 3, 4, 255] * 2)
    features, targets = points.T.reshape(1, 6, 3, 4).repeat(8, 1, 1, 1), classes.view(1, 3, 4).repeat(8, 1, 1)

    def gradient(weight, nodes):
        head.conv_seg.zero_grad()
        JointLoss(network, (3, 4), 100, weight)(features, targets, nodes).backward()
        return head.conv_seg.weight.grad.clone()

    dense, both = gradient(0.1, None), gradient(0.1, (points, classes))
    torch.testing.assert_close(both - dense, 0.8 * dense)
    assert torch.equal(gradient(0.0, (points, classes)), dense)
    assert torch.equal(gradient(0.1, (points[:0], classes[:0])), dense)


@pytest.mark.parametrize(('protocol', 'layout'), [('zs3-official', 'ground-truth'), ('zs3-clean', 'relabel'),
                                                  ('spnet', 'relabel')])
def test_recipe_under_every_card(micro_root, protocol, layout):
    task = Task.create('shapes', 2, micro_root, PROTOCOLS[protocol])
    for variant in ('auxiliary', 'paper'):
        config = load_config('zs3_gc', 'shapes', 'tiny')
        config.merge_from_dict({'graph.variant': variant, 'order': 'sequential'})  # it has but one
        method = METHODS.get('zs3_gc')(config, task, PROTOCOLS[protocol])
        settings = {spec.name: spec.config for spec in method.stages()}['joint']
        assert method.skip() is None and settings['layout'] == layout
        assert settings['graph']['variant'] == variant
        assert settings['model']['type'].endswith('GraphGenerator') == (variant == 'paper')
        assert any(('one feature' in line) == (variant == 'paper') for line in method.deviations[-2:-1])
    config.merge_from_dict({'graph.variant': 'gcn'})
    with pytest.raises(ValueError, match=r'graph\.variant must be one of'):
        METHODS.get('zs3_gc')(config, task, PROTOCOLS[protocol])


def test_published_constants():
    config = load_config('zs3_gc', 'context', 'r101')
    assert config.graph == {'variant': 'auxiliary', 'weight': 0.1}
    assert (config.joint.epochs, config.joint.batch_size, config.joint.unseen_weight) == (100, 8, 100)
