"""ZS-MMD's recipe and card follow its settings."""

import pytest

from zs_methods.configs import load_config
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task

TRUNK = ['seen', 'maps', 'features', 'generator', 'classifier']


@pytest.fixture
def make(micro_root):
    def method(name='zsmmd', protocol='zs3-clean', **options):
        config = load_config(name, 'shapes', 'tiny')
        config.merge_from_dict({f'recursion.{key}': value for key, value in options.items()})
        return METHODS.get(name)(config, Task.create('shapes', 2, micro_root, PROTOCOLS[protocol]), PROTOCOLS[protocol])
    return method


def stages(method):
    return {spec.name: spec.config for spec in method.stages()}


def test_every_round_has_a_judge_gathers_anew_and_goes_on_with_the_generator(make):
    found = stages(make(rounds=2))
    assert list(found) == [*TRUNK, 'judge_1', 'candidates_1', 'generator_1', 'judge_2', 'candidates_2', 'generator_2',
                           'classifier_2', 'diagnosis', 'evaluate']
    assert [found[f'judge_{r}']['generator'] for r in (1, 2)] == ['generator', 'generator_1']
    assert [found[f'candidates_{r}']['judge'] for r in (1, 2)] == ['judge_1', 'judge_2']
    assert [found[f'generator_{r}']['warm_start'] for r in (1, 2)] == ['generator', 'generator_1']
    assert [found[f'generator_{r}']['feedback']['candidates'] for r in (1, 2)] == ['candidates_1', 'candidates_2']
    assert (found['classifier_2']['generator'], found['evaluate']['classifier']) == ('generator_2', 'classifier_2')


def test_judge_and_final_classifier_have_weights_of_their_own(make):
    found = stages(make(rounds=1))
    assert [found[name]['unseen_weight'] for name in ('classifier', 'judge_1', 'classifier_1')] == [30, 1, 3]
    assert stages(make(rounds=1, unseen_weight=None))['classifier_1']['unseen_weight'] == 30
    assert found['candidates_1']['trained_with'] == 1
    calibrated = stages(make(rounds=1, **{'judge.unseen_weight': 30, 'judge.calibrated': True}))
    assert calibrated['candidates_1']['trained_with'] == calibrated['judge_1']['unseen_weight'] == 30


def test_a_gate_has_only_the_setting_that_it_needs(make):
    gates = [stages(make(**{'gate.type': name}))['generator_1']['feedback']['gate'] for name in ('rank', 'threshold')]
    assert gates == [{'type': 'rank', 'share': 1.0}, {'type': 'threshold', 'threshold': 0.5}]


def test_without_weight_nothing_but_the_generator_is_trained_on(make):
    found = stages(make(rounds=2, weight=0.0))
    assert list(found) == [*TRUNK, 'generator_1', 'generator_2', 'classifier_2', 'diagnosis', 'evaluate']
    plain = make().generator('generator_1', iterations=150, warm_start='generator')
    assert found['generator_1'] == plain.config and plain.config['type'] == 'TrainGenerator'
    assert make('zsmmd_control', rounds=2).stages() == make(rounds=2, weight=0.0).stages()
    assert stages(make(rounds=0)).keys() == {*TRUNK, 'evaluate'}


def test_the_inductive_variant_judges_what_the_generator_made(make):
    found = stages(make('zsmmd_i'))
    assert found['classifier_1']['unseen_weight'] == found['classifier']['unseen_weight']
    assert list(found) == [*TRUNK, 'judge_1', 'candidates_1', 'generator_1', 'classifier_1', 'diagnosis', 'evaluate']
    assert found['candidates_1'] == {'type': 'GatherCandidates', 'judge': 'judge_1', 'trained_with': 1,
                                     'generator': 'generator', 'pool': 1024}


@pytest.mark.parametrize(('name', 'type'), [('zsmmd', 'TrainZSMMDJointly'), ('zsmmd_control', 'TrainJointly')])
def test_under_the_official_card_the_interleaved_loop_goes_on(make, name, type):
    method = make(name, 'zs3-official')
    found, plain = stages(method), stages(make('zsmmd', 'zs3-official', rounds=0))
    assert list(found) == ['seen', 'maps', 'joint', 'joint_online', 'evaluate'] and 'joint_online' not in plain
    assert found['joint'] == plain['joint'] and plain['joint']['type'] == 'TrainJointly'
    online = dict(found['joint_online'])
    assert (online['type'], 'feedback' in online) == (type, type != 'TrainJointly')
    changed = {key for key in plain['joint'] if online[key] != plain['joint'][key]}
    assert changed <= {'type', 'network', 'initial', 'iterations'} and online['warm_start'] == 'joint'
    assert found['evaluate']['network'] == 'joint_online' and method.skip() is None
    assert method.reads_unseen_gt == 'layout'
    assert method.setting == ('inductive' if name == 'zsmmd_control' else 'transductive')
    assert any('gives no step' in line or 'a control' in line or 'no step' in line for line in method.deviations)


def test_what_the_loop_cannot_do_is_skipped_with_a_reason(make):
    assert 'continues the sequential recipe' in make('zsmmd_i', 'zs3-official').skip()
    assert 'continues the sequential recipe' in make('zsmmd_st', 'zs3-official').skip()
    assert "source 'synthetic' has no counterpart" in make('zsmmd', 'zs3-official', source='synthetic').skip()
    method = make()
    method.cfg.order = 'interleaved'
    assert "layout 'relabel' shows the interleaved loop no image" in method.skip()
    strict = make(images='dropped')
    strict.protocol = strict.protocol.model_copy(update={'unlabelled_access': 'image-filter'})
    assert 'zs3-clean allows image-filter; use recursion.images=all' in strict.skip() and make().skip() is None


@pytest.mark.parametrize(('name', 'options', 'card'), [
    ('zsmmd', {}, ('transductive', 'none')), ('zsmmd', {'images': 'dropped'}, ('transductive', 'image-oracle')),
    ('zsmmd', {'source': 'synthetic'}, ('inductive', 'none')), ('zsmmd', {'weight': 0.0}, ('inductive', 'none')),
    ('zsmmd', {'source': 'seen-images'}, ('inductive', 'none')), ('zsmmd', {'rounds': 0}, ('inductive', 'none')),
    ('zsmmd_control', {}, ('inductive', 'none')), ('zsmmd_control', {'images': 'dropped'}, ('inductive', 'none')),
    ('zsmmd_i', {}, ('inductive', 'none'))])
def test_card_follows_the_origin_of_the_candidates(make, name, options, card):
    method = make(name, **options)
    assert (method.setting, method.reads_unseen_gt) == card
    told = [line for line in method.deviations if '(source ' in line]
    assert len(told) == (0 if method.origin is None else 1)
    assert all(f'(source {method.origin})' in line for line in told)
    assert any('a control' in line for line in method.deviations) == (method.origin is None)


@pytest.mark.parametrize(('dataset', 'model', 'rounds', 'weight', 'share'), [
    ('voc', 'r101', 3, None, 0.25), ('context', 'r101', 3, None, 0.25), ('voc', 'mobilenetv2', 3, None, 0.25),
    ('shapes', 'tiny', 5, 3, 1.0)])
def test_settings_of_every_scale(dataset, model, rounds, weight, share):
    settings = load_config('zsmmd', dataset, model).recursion
    assert (settings.rounds, settings.unseen_weight, settings.weight, settings.judge.unseen_weight) == (
        rounds, weight, 1.0, 1)
    assert settings.gate.type == 'rank' and settings.gate.share == share
    assert load_config('zsmmd', dataset, model).joint == load_config('zs3', dataset, model).joint
