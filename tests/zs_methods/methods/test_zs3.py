"""Tests of the recipes of ZS3Net under every card."""


import pytest

from zs_methods.configs import load_config
from zs_methods.methods import ZS3, ZS5
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task

SEQUENTIAL = ['seen', 'maps', 'features', 'generator', 'classifier', 'evaluate']
INTERLEAVED = ['seen', 'maps', 'joint', 'evaluate']


@pytest.fixture
def make(micro_root):
    def method(name='zs3', protocol='zs3-clean', **options):
        task = Task.create('shapes', 2, micro_root, PROTOCOLS[protocol])
        config = load_config(name, 'shapes', 'tiny')
        config.merge_from_dict(options)
        return METHODS.get(name)(config, task, PROTOCOLS[protocol])
    return method


def names(method):
    return [spec.name for spec in method.stages()]


def joint(method):
    return next(spec.config for spec in method.stages() if spec.name == 'joint')


@pytest.mark.parametrize(('protocol', 'order', 'expected', 'layout', 'reads'), [
    ('zs3-clean', None, SEQUENTIAL, None, 'none'),
    ('spnet', None, SEQUENTIAL, None, 'none'),
    ('zs3-official', None, INTERLEAVED, 'ground-truth', 'layout'),
    ('zs3-official', 'sequential', SEQUENTIAL, None, 'none'),
    ('zs3-clean', 'interleaved', INTERLEAVED, 'relabel', 'none'),
    ('spnet', 'interleaved', INTERLEAVED, 'relabel', 'none'),
])
def test_recipe_and_what_it_reads_follow_the_card_and_the_order(make, protocol, order, expected, layout, reads):
    method = make(protocol=protocol, order=order)
    assert names(method) == expected and method.reads_unseen_gt == reads and method.skip() is None
    assert ZS3.reads_unseen_gt == 'none'  # the class is as it was
    if layout:
        config = joint(method)
        assert config['layout'] == layout
        assert config['unseen_images'] == ('keep' if reads == 'layout' else method.protocol.unseen_images)
        assert method.stages()[-1].config['network'] == 'joint'
        said = any('no label of an unseen class is read' in line for line in method.deviations)
        assert said == (layout != 'ground-truth')
        assert method.config_deviations == tuple(method.cfg.joint_deviations)
    else:
        *rest, balance = method.deviations
        assert tuple(rest) == ZS3.deviations and 'weigh 30, by classifier.unseen_weight' in balance


def test_a_clean_card_skips_what_would_read_layouts(make):
    method = make(order='interleaved', **{'joint.layout': 'ground-truth'})
    assert 'zs3-clean allows less' in method.skip()
    assert make(protocol='zs3-official', **{'joint.layout': 'random'}).reads_unseen_gt == 'none'


def test_an_unknown_order_is_refused(make):
    with pytest.raises(ValueError, match='order must be one of'):
        make(order='parallel')


def test_what_continues_the_sequential_recipe_is_skipped_under_the_official_card(make):
    assert ZS3.interleaves and not ZS5.interleaves
    method = make('zs5', 'zs3-official')
    assert 'zs3-clean' in method.skip() and not method.interleaved
    assert make('zs5').skip() is None
    assert names(make('zs5', order='interleaved'))[:5] == SEQUENTIAL[:5]

    class Further(ZS3, interleaves=True):
        pass

    class Mine(ZS3):
        pass
    assert Further.interleaves and not Mine.interleaves


@pytest.mark.parametrize(('dataset', 'model', 'epochs'), [('voc', 'r101', 30), ('context', 'r101', 20)])
def test_published_constants_of_the_loop(dataset, model, epochs):
    config = load_config('zs3', dataset, model)
    settings = config.joint.to_dict()
    assert settings == {
        'epochs': epochs, 'iterations': None, 'batch_size': 8, 'unseen_weight': 100, 'initial': 'uniform',
        'generator': {'optimizer': {'type': 'Adam', 'lr': 2e-4}, 'samples': 128, 'steps': 'each'},
        'optimizer': {'type': 'SGD', 'lr': 0.07, 'momentum': 0.9, 'weight_decay': 5e-4},
        'layout': None, 'share': 0.5, 'mix': 'image', 'normalisation': 'adapt', 'leak': 'kept'}
    assert config.generator.model.noise == 'uniform' and tuple(config.generator.loss.variances)[-1] == 80


def test_the_list_of_training_images_reaches_the_loop(make, micro_root):
    task = Task.create('shapes', 2, micro_root, PROTOCOLS['zs3-official'])
    config = load_config('zs3', 'shapes', 'tiny')
    method = ZS3(config, task, PROTOCOLS['zs3-official'].with_list('aug'))
    assert method.protocol.name == 'zs3-official-aug' and names(method) == INTERLEAVED
