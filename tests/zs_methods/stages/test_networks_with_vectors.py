"""Every config of the methods whose networks hold class vectors builds its network."""


import pytest
import torch

from zs_methods.configs import load_config
from zs_methods.methods import Method
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, MODELS, STAGES
from zs_methods.task import Task


@pytest.mark.parametrize(('name', 'dataset', 'model', 'split'), [
    *((name, 'shapes', model, None) for name in ('joem', 'cagnet')
      for model in ('tiny', 'mobilenetv2', 'efficientnet_lite0', 'resnet50')),
    *(('joem', dataset, 'r101', None) for dataset in ('voc', 'context', 'cocostuff')),
    ('joem', 'voc', 'r101', 'voc-15-5'), ('cagnet', 'voc', 'r101', None), ('cagnet', 'cocostuff', 'r101', None)])
def test_network_and_optimiser_are_built(name, dataset, model, split, micro_root):
    if load_config(name, dataset, model, split).model.backbone.type == 'zs_methods.TIMMBackbone':
        pytest.importorskip('timm', reason="timm is not installed: pip install -e '.[photos]'")
    from mmengine.optim import OptimWrapperDict, build_optim_wrapper
    from mmengine.registry import init_default_scope
    init_default_scope('mmseg')
    task = Task.create('shapes', 4, micro_root, PROTOCOLS['spnet'])  # stands for the data set, which may not be there
    method: Method = METHODS.get(name)(load_config(name, dataset, model, split), task, PROTOCOLS['spnet'])
    specs = {spec.name: dict(spec.config) for spec in method.stages()}
    for spec in specs.values():
        STAGES.get(spec['type'])(**{key: value for key, value in spec.items() if key != 'type'})
    config = specs['cagnet_step1' if name == 'cagnet' else 'joem']['config']
    assert '_delete_' not in str(config)
    config['model']['decode_head'] |= dict(vector_dim=300, num_classes=21)
    with torch.device('meta'):
        network = MODELS.build(config['model'])
    built = build_optim_wrapper(network, config['optim_wrapper'])
    wrappers = dict(built.items()) if isinstance(built, OptimWrapperDict) else {'network': built}
    groups = {part: wrapper.optimizer.param_groups for part, wrapper in wrappers.items()}
    rates = {id(parameter): group['lr']
             for part in groups.values() for group in part for parameter in group['params']}
    if name == 'joem':
        head = network.decode_head
        assert head.related == [c for c in task.seen if c] and head.ignored == [0]
        assert set(config['param_scheduler']) == set(groups) and config['param_scheduler']['semantic_encoder'] == []
        (encoder,) = groups['semantic_encoder']
        assert {id(parameter) for parameter in encoder['params']} == {
            id(parameter) for parameter in head.semantic_encoder.parameters()}
        assert type(built['semantic_encoder'].optimizer) is torch.optim.Adam
        base = {rates[id(parameter)] for parameter in network.backbone.parameters() if parameter.requires_grad}
        fast = {rates[id(parameter)] for parameter in head.parameters()} - {encoder['lr']}
        assert len(base) == len(fast) == 1 and fast.pop() == pytest.approx(10 * base.pop())
    assert network.backbone.norm_eval or (name, model) == ('cagnet', 'tiny')
    frozen = model not in ('tiny', 'r101') or (name, model) == ('cagnet', 'r101')  # affine parameters are in no group
    assert all(parameter.requires_grad for parameter in network.backbone.parameters()) != frozen
    assert len(rates) == sum(parameter.requires_grad for parameter in network.parameters())
