"""Every config of the methods whose networks hold class vectors builds its network."""


import pytest
import torch

from zs_methods.configs import load_config
from zs_methods.methods import Method
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, MODELS, STAGES
from zs_methods.task import Task


@pytest.mark.parametrize(('name', 'dataset', 'model'), [
    *((name, 'shapes', model) for name in ('joem', 'cagnet') for model in ('tiny', 'mobilenetv2')),
    ('joem', 'voc', 'r101'), ('joem', 'context', 'r101'), ('cagnet', 'voc', 'r101'), ('cagnet', 'cocostuff', 'r101')])
def test_network_and_optimiser_are_built(name, dataset, model, micro_root):
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import init_default_scope
    init_default_scope('mmseg')
    task = Task.create('shapes', 4, micro_root, PROTOCOLS['spnet'])  # stands for the data set, which may not be there
    method: Method = METHODS.get(name)(load_config(name, dataset, model), task, PROTOCOLS['spnet'])
    specs = {spec.name: dict(spec.config) for spec in method.stages()}
    for spec in specs.values():
        STAGES.get(spec['type'])(**{key: value for key, value in spec.items() if key != 'type'})
    config = specs['cagnet_step1' if name == 'cagnet' else 'joem']['config']
    assert '_delete_' not in str(config)
    config['model']['decode_head'] |= dict(vector_dim=300, num_classes=21)
    with torch.device('meta'):
        network = MODELS.build(config['model'])
    rates = {id(group['params'][0]): group['lr']
             for group in build_optim_wrapper(network, config['optim_wrapper']).optimizer.param_groups}
    if name == 'joem':
        assert network.decode_head.related == [c for c in task.seen if c]
        assert network.decode_head.ignored == [0]
        ratio = rates[id(network.decode_head.semantic_encoder.weight)] / rates[id(network.decode_head.conv_seg.weight)]
        assert ratio > 1
        assert network.backbone.norm_eval
    assert len(rates) == sum(parameter.requires_grad for parameter in network.parameters())
