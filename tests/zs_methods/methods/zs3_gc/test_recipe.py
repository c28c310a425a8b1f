"""ZS3Net-GC's recipe under every card."""


import pytest

from zs_methods.configs import load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task


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
        assert (settings['type'], settings['graph']['variant']) == ('TrainWithGraph', variant)
        assert settings['model']['type'].endswith('GraphGenerator') == (variant == 'paper')
        assert any('get one feature' in line for line in method.deviations) == (variant == 'paper')
        assert any('assumed' in line and 'MMD' in line for line in method.deviations) == (variant == 'paper')
    config.merge_from_dict({'graph.variant': 'gcn'})
    with pytest.raises(ValueError, match=r'graph\.variant must be one of'):
        METHODS.get('zs3_gc')(config, task, PROTOCOLS[protocol])


def test_published_constants():
    config = load_config('zs3_gc', 'context', 'r101')
    assert config.graph == {'variant': 'auxiliary', 'weight': 0.1}
    assert (config.joint.epochs, config.joint.batch_size, config.joint.unseen_weight) == (100, 8, 100)
