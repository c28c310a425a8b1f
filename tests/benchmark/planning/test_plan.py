"""Cells, stages and their addresses."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
import torch
from mmengine.config import Config, ConfigDict
from stage_keys import by_method, changed

from benchmark import ROOT
from benchmark.planning.plan import plan_cell
from benchmark.store.checksums import content_hash
from zs_methods.configs import load_config
from zs_methods.hashes import file_sha256
from zs_methods.models import MobileNetV2
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS, STAGES
from zs_methods.stages.train_generator import TrainGenerator

TRUNK = ['seen', 'maps', 'features', 'generator', 'classifier']
#: What the rounds of ZS-MMD on `shapes` add to it.
ROUNDS = [*(f'{stage}_{r}' for r in range(1, 6) for stage in ('judge', 'candidates', 'generator')), 'classifier_5']
CONFIGS = ROOT / 'configs'
WORDS = ('striped', 'banded', 'hatched', 'checked', 'dotted', 'red', 'green', 'blue', 'yellow', 'background')
WORD_VECTORS = f'{len(WORDS)} 2\n' + ''.join(f'{word} 1 {index}\n' for index, word in enumerate(WORDS))
NETWORK = dict(model='tiny', backbone='ResNetV1c-18', weights='none', pretraining='none')


def shapes_config(method):
    """A method's config on `shapes`, as the command line completes it."""
    config = load_config(method, 'shapes', 'tiny')
    config.network = NETWORK
    return config


@pytest.fixture
def keys(plan):
    """Keys of a command line at K=2; later words win."""
    return lambda *words: by_method(plan('--methods', 'zs3,zsmmd', '--ks', 2, *words))


def test_floor_comes_first_and_ceiling_last(plan):
    cells = plan('--methods', 'zsmmd,zs3', '--ks', '4,2', '--seeds', '0,1')
    assert [cell.id.method for cell in cells[:4]] == ['seen_only', 'zsmmd', 'zs3', 'oracle']
    assert [(cell.id.k, cell.id.seed) for cell in cells[::4]] == [(4, 0), (4, 1), (2, 0), (2, 1)]


def test_zsmmd_shares_the_stages_of_zs3_up_to_the_classifier(keys):
    zs3, zsmmd = keys()['zs3'], keys()['zsmmd']
    assert list(zs3) == [*TRUNK, 'evaluate']
    assert list(zsmmd) == [*TRUNK, *ROUNDS, 'diagnosis', 'evaluate']
    assert [zsmmd[name] for name in TRUNK] == [zs3[name] for name in TRUNK]
    assert zsmmd['evaluate'] != zs3['evaluate']


def test_floor_and_ceiling_share_what_no_method_changes(keys):
    all_keys = keys()
    assert all_keys['seen_only']['seen'] == all_keys['oracle']['seen'] == all_keys['zs3']['seen']
    assert all_keys['oracle']['features'] == all_keys['zs3']['features']
    assert all_keys['oracle']['classifier'] != all_keys['zs3']['classifier']


def test_the_number_of_distinct_stages_of_a_sweep_over_all_ks(plan):
    """Floor 3; ZS3 adds 4, and ZS-MMD its rounds, diagnosis and evaluation to its trunk; the ceiling 3."""
    cells = plan('--methods', 'zs3,zsmmd', '--ks', '2,4,6,8,10')
    nodes = {node.key: node for cell in cells for node in cell.nodes}
    found = Counter(len(node.task.unseen) for node in nodes.values())
    assert found == dict.fromkeys((2, 4, 6, 8, 10), 12 + len(ROUNDS))
    of_methods = {node.key for cell in cells if cell.card.role == 'method' for node in cell.nodes}
    assert len(of_methods) == 5 * (8 + len(ROUNDS))


def test_every_stage_knows_names_and_keys_of_all_before_it(plan):
    for cell in plan('--methods', 'zsmmd', '--ks', 2):
        for index, node in enumerate(cell.nodes):
            assert node.inputs == tuple((before.name, before.key) for before in cell.nodes[:index])


@pytest.mark.parametrize(('option', 'method', 'expected'), [
    ('classifier.unseen_weight=7', 'zs3', ['classifier', 'evaluate']),
    ('classifier.unseen_weight=7', 'zsmmd',
     ['classifier', *ROUNDS, 'diagnosis', 'evaluate']),
    ('classifier.unseen_weight=7', 'oracle', ['classifier', 'evaluate']),
    ('classifier.unseen_weight=7', 'seen_only', []),
    ('generator.model.dropout=0.25', 'zs3', ['generator', 'classifier', 'evaluate']),
    ('generator.model.dropout=0.25', 'oracle', []),
    ('features.per_class=8', 'zs3', ['features', 'generator', 'classifier', 'evaluate']),
    ('evaluation.examples=1', 'zs3', ['evaluate']),
    ('recursion.weight=0.5', 'zs3', []),
    ('recursion.weight=0.5', 'zsmmd',
     [*ROUNDS[2:], 'diagnosis', 'evaluate']),
])
def test_a_setting_changes_the_first_stage_that_reads_it_and_all_after(keys, option, method, expected):
    assert changed(keys()[method], keys('--cfg-options', option)[method]) == expected


@pytest.mark.parametrize('words', [('--seeds', 1), ('--ks', 4), ('--protocol', 'spnet')])
def test_seed_split_and_protocol_change_every_stage(keys, words):
    before, after = keys(), keys(*words)
    for method in before:
        assert changed(before[method], after[method]) == list(before[method])


def test_cards_share_trainings_but_no_number(keys, monkeypatch):
    before, after = keys()['oracle'], keys('--protocol', 'zs3-official')['oracle']
    assert changed(before, after) == ['evaluate']
    raised = PROTOCOLS['zs3-clean'].model_copy(update={'version': 2})
    monkeypatch.setitem(PROTOCOLS, 'zs3-clean', raised)
    assert changed(before, keys()['oracle']) == ['evaluate']


def test_what_has_no_recipe_under_the_official_card_is_skipped_with_a_reason(plan):
    cells = plan('--methods', 'zs3,zsmmd,zsmmd_st', '--ks', 2, '--protocol', 'zs3-official')
    assert {cell.id.method for cell in cells if cell.skip} == {'zsmmd_st'}
    assert all('zs3-clean' in cell.skip for cell in cells if cell.skip)


def test_word_vectors_of_ones_own_are_named_where_they_matter(plan, tmp_path):
    vectors = tmp_path / 'other.txt'
    vectors.write_text(WORD_VECTORS)
    cells = plan('--methods', 'zs3', '--ks', 2, '--vectors', vectors)
    assert {cell.id.method: cell.id.variant for cell in cells} == {
        'seen_only': {}, 'zs3': {'vectors': f'other.txt {file_sha256(vectors)[:8]}'}, 'oracle': {}}


def test_backbone_weights_are_addressed_by_content(plan, tmp_path):
    def cells(seed):
        torch.manual_seed(seed)
        torch.save(MobileNetV2().state_dict(), tmp_path / 'a.pth')
        return plan('--methods', 'zs3', '--ks', 2, '--model', 'mobilenetv2', '--backbone-weights', tmp_path / 'a.pth',
                    '--pretraining', 'secret')
    first, copy, other = cells(1), cells(1), cells(2)
    assert [cell.key for cell in first] == [cell.key for cell in copy]
    assert not {cell.key for cell in first} & {cell.key for cell in other}
    assert not {cell.file_name for cell in first} & {cell.file_name for cell in other}
    network = first[0].network
    assert (network.weights, network.pretraining, len(network.sha256)) == ('a.pth', 'secret', 64)


def test_folders_and_device_change_no_stage(keys, tmp_path, monkeypatch):
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    words = ('--data-root', tmp_path / 'elsewhere', '--work-dir', tmp_path / 'w', '--device', 'cuda', '--force')
    assert keys(*words) == keys()


def test_other_word_vectors_change_everything_from_the_generator_on(task, tmp_path):
    vectors = tmp_path / 'vectors.txt'
    vectors.write_text(WORD_VECTORS)
    config, card = shapes_config('zs3'), PROTOCOLS['zs3-clean']
    cells = [plan_cell(METHODS.get('zs3')(config, each, card), 'zs3', each, 0, {})
             for each in (task, replace(task, files={'vectors': str(vectors)}))]
    assert changed(*(by_method([each])['zs3'] for each in cells)) == ['generator', 'classifier', 'evaluate']


def test_a_raised_stage_version_changes_that_stage_and_all_after(keys, monkeypatch):
    before = keys()['zs3']
    monkeypatch.setattr(TrainGenerator, 'version', TrainGenerator.version + 1)
    assert changed(before, keys()['zs3']) == ['generator', 'classifier', 'evaluate']


def test_settings_are_the_same_for_all_seeds_only(plan):
    cells = plan('--methods', 'zs3', '--ks', '2,4', '--seeds', '0,1')
    settings = {(cell.id.method, cell.id.k, cell.id.seed): cell.settings for cell in cells}
    for (method, k, seed), value in settings.items():
        assert value == settings[method, k, 1 - seed]
    assert len(set(settings.values())) == 2 * 3  # K and method tell them apart
    assert not {cell.key for cell in cells} & set(settings.values())
    variant = plan('--methods', 'zs3', '--ks', 2, '--cfg-options', 'classifier.unseen_weight=7')
    assert next(cell.settings for cell in variant if cell.id.method == 'zs3') not in settings.values()


def test_an_option_that_changes_nothing_makes_no_variant(plan):
    cells = plan('--methods', 'zs3', '--ks', 2, '--cfg-options', 'classifier.unseen_weight=1')
    # The floor has no classifier of its own, and 1 is the ceiling's default.
    assert {cell.id.method: cell.id.variant for cell in cells} == {
        'seen_only': {}, 'zs3': {'classifier.unseen_weight': 1}, 'oracle': {}}


def test_an_option_of_the_network_concerns_all_methods_and_makes_no_variant(plan):
    cells = plan('--methods', 'zs3', '--ks', 2, '--cfg-options', 'model.decode_head.low_channels=16')
    for cell in cells:
        assert cell.id.variant == {} and cell.network.changes == {'model.decode_head.low_channels': 16}
    assert not {cell.file_name for cell in cells} & {cell.file_name for cell in plan('--methods', 'zs3', '--ks', 2)}


def test_a_config_of_ones_own_is_another_network(plan, tmp_path):
    shipped = (CONFIGS / 'deeplab/tiny.py').read_text().replace("'../", f"'{CONFIGS}/")
    (tmp_path / 'tiny.py').write_text(shipped + 'model = dict(decode_head=dict(low_channels=8))\n')
    ours = plan('--methods', 'zs3', '--ks', 2, '--model', tmp_path / 'tiny.py')[0]
    theirs = plan('--methods', 'zs3', '--ks', 2)[0]
    assert (ours.id.model, theirs.id.model) == ('tiny.py', 'tiny')
    assert ours.network != theirs.network and ours.key != theirs.key and ours.file_name != theirs.file_name


def test_two_files_of_word_vectors_of_one_name_have_two_records(plan, tmp_path):
    names = set()
    for folder in ('v1', 'v2'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'words.txt').write_text(WORD_VECTORS.replace('red 1', f'red {folder[1]}'))
        cells = plan('--methods', 'zs3', '--ks', 2, '--vectors', tmp_path / folder / 'words.txt')
        names.add(next(cell.file_name for cell in cells if cell.id.method == 'zs3'))
    assert len(names) == 2


def test_record_names_tell_all_cells_apart(plan):
    words = ('--methods', 'zs3,zsmmd', '--ks', '2,4', '--seeds', '0,1')
    cells = plan(*words) + plan(*words, '--protocol', 'spnet')
    cells += [cell for weight in (7, 8) for cell in plan(*words, '--cfg-options', f'classifier.unseen_weight={weight}')
              if cell.id.method != 'seen_only']
    assert len({cell.file_name for cell in cells}) == len(cells)


def backwards(node):
    """The same content with all keys in the opposite order."""
    if isinstance(node, dict):
        return {key: backwards(node[key]) for key in reversed(node)}
    return [backwards(item) for item in node] if isinstance(node, list | tuple) else node


def test_the_order_of_settings_in_a_config_does_not_matter(plan, keys, task):
    config = shapes_config('zsmmd')
    turned = Config(ConfigDict(backwards(config.to_dict())))
    assert list(turned) != list(config)
    cell = plan_cell(METHODS.get('zsmmd')(turned, task, PROTOCOLS['zs3-clean']), 'zsmmd', task, 0, {})
    assert by_method([cell])['zsmmd'] == keys()['zsmmd']


@pytest.mark.slow
def test_another_process_in_another_folder_makes_the_same_keys(plan, argv, tmp_path):
    words = ('--methods', 'zs3,zsmmd', '--ks', '2,10')
    command = [sys.executable, ROOT / 'benchmark' / 'run.py', *argv(*words, '--dry-run', '--device', 'cpu')]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    printed = set(re.findall(r'\b[0-9a-f]{16}\b', done.stdout))
    assert printed == {node.key for cell in plan(*words) for node in cell.nodes}
    assert list(tmp_path.iterdir()) == []


def test_a_key_follows_from_the_content_of_all_stages(plan):
    """Written out once more, the slow way."""
    cell = next(cell for cell in plan('--methods', 'zs3', '--ks', 2, '--seeds', 3) if cell.id.method == 'zs3')
    task = cell.task
    key = content_hash({'data': task.data, 'classes': task.spec.classes, 'unseen': task.unseen, 'ignored': task.ignored,
                        'withheld': task.withheld, 'seed': 3})
    for node in cell.nodes:
        card = ['zs3-clean', 1] if node.name == 'evaluate' else None
        key = content_hash({'after': key, 'name': node.name, 'config': node.config, 'source': [], 'card': card,
                            'version': STAGES.get(node.config['type']).version})
        assert node.key == key


def test_many_seeds_are_planned_like_each_on_its_own(plan):
    words = ('--methods', 'zs3,zsmmd', '--ks', '2,4', '--seeds')
    together = {cell.file_name: cell for cell in plan(*words, '0,1,7')}
    alone = {cell.file_name: cell for seed in (0, 1, 7) for cell in plan(*words, seed)}
    assert together == alone and len(together) == 24
    assert [node.inputs for cell in together.values() for node in cell.nodes] == [
        node.inputs for name in together for node in alone[name].nodes]


def test_a_stage_that_changes_its_settings_changes_no_other_cell(plan):
    first, second = (cell.nodes[0] for cell in plan('--methods', 'zs3', '--ks', 2, '--seeds', '0,1')
                     if cell.id.method == 'zs3')
    before = second.config
    first.config['config'].clear()
    assert second.config == first.config == before and before['config']


def test_cells_travel_to_other_processes(plan):
    cell = plan('--methods', 'zs3', '--ks', 2)[1]
    copy = pickle.loads(pickle.dumps(cell))
    assert copy == cell and copy.nodes[-1].config == cell.nodes[-1].config


def test_the_addresses_of_committed_records_stay_what_they_are(keys):
    """Whoever changes these makes every artifact and record anew; a raised version of a stage is the way to do so."""
    assert keys()['zs3']['seen'] == '6aeb4dcb30ce743c'
    assert keys()['zs3']['evaluate'] == '2e0a570a5f565e72'


def test_data_sets_of_one_name_never_share_a_record(cell, task, toy):
    def planned(data):
        return plan_cell(METHODS.get('toy_ok')(ConfigDict(network=NETWORK), task, PROTOCOLS['zs3-clean']), 'toy_ok',
                         replace(task, data=data), 0, {})

    one, other = planned('shapes-v1'), planned('shapes-v2')
    assert one.id.data == 'shapes-v1' and one.file_name == planned('shapes-v1').file_name
    assert one.file_name != other.file_name and one.key != other.key
    assert one.file_name.rsplit('_', 1)[0] == other.file_name.rsplit('_', 1)[0] == (
        'shapes_k2_zs3-clean_tiny_toy_ok_seed0')


def test_the_committed_records_are_where_a_run_looks_for_them(plan):
    calls = [('--methods', 'all'), ('--methods', 'zs3,zs3_gc,zsmmd,zsmmd_control', '--protocol', 'zs3-official'),
             *(('--methods', method, '--cfg-options', option) for method, option in (
                 ('zsmmd_i', 'recursion.weight=0'), ('zs3', 'classifier.unseen_weight=100'),
                 ('zsmmd', 'recursion.unseen_weight=30'), ('zsmmd', 'recursion.images=dropped')))]
    names = {cell.file_name for call in calls for cell in plan(*call, '--seeds', '0,1,2,3,4')}
    assert names == {path.name for path in (CONFIGS.parent / 'reports' / 'records').glob('shapes_*.json')}
