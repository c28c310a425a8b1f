"""What methods say of themselves: of a class by default, of a method with its settings."""

import pytest

from zs_methods.configs import load_config
from zs_methods.methods import ROLES, ZS3, ZSMMD, Method
from zs_methods.methods.base import by_settings
from zs_methods.protocols import ACCESS, PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task

CARD = PROTOCOLS['zs3-clean']
#: As imported; plugins of other tests register more.
METHOD_CLASSES = {name: method for name, method in METHODS.module_dict.items()
                  if method.__module__.startswith('zs_methods.')}


@pytest.fixture
def make(micro_root):
    def method(kind, name='zs3', card=CARD, **options):
        config = load_config(name, 'shapes', 'tiny')
        config.merge_from_dict(options)
        return kind(config, Task.create('shapes', 2, micro_root, card), card)
    return method


class Chooses(Method):
    summary = 'a fact that follows the settings'

    @by_settings('inductive')
    def setting(self):
        return 'transductive' if self.cfg.order == 'sequential' else 'inductive'


def test_a_fact_by_settings_has_a_default_on_the_class(make):
    assert Chooses.setting == 'inductive' == make(Chooses).setting
    assert make(Chooses, order='sequential').setting == 'transductive'
    assert Chooses.setting == 'inductive'


def test_an_heir_may_ask_what_it_is_built_on(make):
    class Careful(Chooses):
        @by_settings('unknown')
        def setting(self):
            return f'{super().setting} but careful'

    assert Careful.setting == 'unknown'
    assert make(Careful, order='sequential').setting == 'transductive but careful'


def test_an_heir_has_no_share_in_what_is_said_of_one_method_alone():
    class Mine(ZSMMD):
        compared_with = ('zsmmd',)

    assert (Mine.title, Mine.continues, Mine.compared_with, dict(Mine.shows)) == ('', None, ('zsmmd',), {})
    assert Mine.generates and Mine.note == ZSMMD.note and ZSMMD.title == 'ZS-MMD'


def test_deviations_of_the_config_follow_the_recipe(make):
    plain, loop = make(ZS3), make(ZS3, order='interleaved')
    assert plain.config_deviations == tuple(plain.cfg.deviations)
    assert loop.config_deviations == tuple(loop.cfg.joint_deviations) != plain.config_deviations
    assert make(Chooses, 'seen_only').config_deviations == tuple(
        load_config('seen_only', 'shapes', 'tiny').get('deviations', ()))


@pytest.mark.parametrize(('setting', 'reads', 'expected'), [
    ('inductive', 'none', True), ('inductive', 'image-filter', True), ('inductive', 'image-oracle', False),
    ('transductive', 'image-oracle', True), ('transductive', 'layout', False)])
def test_what_the_card_permits(make, setting, reads, expected):
    kind = type('Reads', (Method,), {'setting': setting, 'reads_unseen_gt': reads})
    assert make(kind).permitted == expected


@pytest.mark.parametrize('name', METHOD_CLASSES)
def test_facts_of_every_method(name):
    method = METHOD_CLASSES[name]
    assert method.role in ROLES and method.reads_unseen_gt in ACCESS
    assert method.setting in ('inductive', 'transductive')
    others = {*filter(None, (method.continues, method.controls)), *method.compared_with}
    assert others <= set(METHOD_CLASSES) - {name}
    assert name not in method.compared_with and set(method.shows) <= set(method.compared_with)
    assert isinstance(method.deviations, tuple)


@pytest.mark.parametrize('name', sorted(set(METHOD_CLASSES) - {'zs3_released'}))
def test_the_class_tells_what_the_default_settings_make_of_it(make, name):
    method = make(METHOD_CLASSES[name], name)
    kind = type(method)
    assert (method.setting, method.reads_unseen_gt) == (kind.setting, kind.reads_unseen_gt)


def test_the_ceiling_says_with_which_weight_it_was_made(make):
    line, = make(METHODS.get('oracle'), 'oracle').deviations
    assert 'weigh 1, by classifier.unseen_weight: 6%' in line
    assert METHODS.get('oracle').deviations == ()


@pytest.mark.parametrize('model', ['mobilenetv2', 'efficientnet_lite0', 'resnet50'])
def test_settings_for_small_networks_name_none_of_them(model):
    task, card = Task('voc', 'nowhere', 'k2', (10, 14)), PROTOCOLS['zs3-clean']
    for name in sorted(set(METHOD_CLASSES) - {'zs3_released'}):
        config = load_config(name, 'voc', model)
        network, *lines = METHODS.get(name)(config, task, card).config_deviations
        assert network == config.network_deviations[0]
        assert not any(word in line.lower() for line in lines for word in ('mobilenet', 'r101: ', '176', '256 px'))


def test_a_network_says_what_differs_in_it_for_every_method_trained_on_it():
    task, card = Task('voc', 'nowhere', 'k2', (10, 14)), PROTOCOLS['zs3-clean']
    for order in ('sequential', 'interleaved'):
        config = load_config('zs3', 'voc', 'r101')
        config.order = order
        lines = METHODS.get('zs3')(config, task, card).config_deviations
        assert lines[:1] == tuple(config.network_deviations) and 'ImageNet' in lines[0]
    released = METHODS.get('zs3_released')(load_config('zs3_released', 'voc', 'r101'), task, card)
    assert released.config_deviations == ()


def test_a_weight_stands_in_for_the_share_of_a_config(make):
    method = make(ZS3)
    method.cfg.classifier.update(unseen_weight=30, unseen_share=0.8)
    by_share, by_weight = (method.classifier(generator='g', **own).config for own in ({}, {'unseen_weight': 1}))
    assert by_share['unseen_share'] == 0.8
    assert by_weight['unseen_weight'] == 1 and 'unseen_share' not in by_weight
