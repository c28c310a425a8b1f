"""Recipes of the self-training methods: what they share, what they read, and that labels matter."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from zs_methods.configs import load_config
from zs_methods.datasets import audit, load_spec
from zs_methods.datasets.shapes_generator import render
from zs_methods.protocols import PROTOCOLS, stronger_access
from zs_methods.registry import METHODS
from zs_methods.stages.network import build_dataset, load_network
from zs_methods.task import Task

PIPELINE = [dict(type='LoadImageFromFile', color_type='color_ignore_orientation'), dict(type='zs_methods.LoadLabels'),
            dict(type='PackSegInputs')]
FAST = {'projection.iterations': 3}
STRICT = {**FAST, 'self_training.copies': [dict(mirror=True)]}
TEACHERS = {'zs5': 'zs3', 'zsmmd_st': 'zsmmd', 'strict': 'spnet_c'}


@pytest.fixture
def make(micro_root):
    def method(name, protocol='zs3-clean', card=None, **options):
        task = Task.create('shapes', 2, micro_root, PROTOCOLS[protocol])
        config = load_config(name, 'shapes', 'tiny')
        config.merge_from_dict(options)
        return METHODS.get(name)(config, task, card or PROTOCOLS[protocol])
    return method


@pytest.fixture(scope='module')
def teacher(run_recipe):
    """Folders of a teacher's stages by those of its student's recipe; every teacher is trained once."""
    made = {}

    def run(student, protocol='zs3-clean'):
        name = TEACHERS[student]
        if (name, protocol) not in made:
            folders = run_recipe(name, protocol=protocol, **(FAST if student == 'strict' else {}))
            made[name, protocol] = {stage: folder for stage, folder in folders.items() if stage != 'evaluate'}
        return dict(made[name, protocol])
    return run


def confusion(folders):
    return np.array(json.loads((folders['evaluate'] / 'result.json').read_text())['confusion'])


def summary(folders, stage):
    return json.loads((folders[stage] / 'summary.json').read_text())


@pytest.mark.parametrize('name', TEACHERS)
def test_students_continue_their_teacher(make, name):
    teacher, student = make(TEACHERS[name]), make(name, **{'self_training.rounds': 2})
    *shared, evaluation = teacher.stages()
    assert student.stages()[:len(shared)] == shared
    labels, first, again, second, last = student.stages()[len(shared):]
    assert [spec.name for spec in (labels, first, again, second)] == [
        'pseudo_labels', 'student', 'pseudo_labels_2', 'student_2']
    for key in ('network', 'classifier', 'calibration'):
        assert labels.config[key] == evaluation.config.get(key)
    assert (first.config['initial'], first.config['initial_classifier']) == ('seen', evaluation.config['classifier'])
    assert [again.config[key] for key in ('network', 'classifier', 'calibration')] == ['student', None, None]
    assert (second.config['initial'], second.config['initial_classifier']) == ('student', None)
    assert [spec.config['pseudo_labels'] for spec in (first, second)] == ['pseudo_labels', 'pseudo_labels_2']
    assert (last.config['network'], last.config['classifier']) == ('student_2', None)
    assert make(name, **{'self_training.rounds': 0}).stages() == [*shared, evaluation]


def test_last_recursion_is_the_teacher_and_the_combination_is_marked(make):
    method = make('zsmmd_st')
    (labels,) = [spec for spec in method.stages() if spec.name == 'pseudo_labels']
    assert labels.config['classifier'] == f'classifier_{method.cfg.recursion.rounds}'
    assert 'unexplored' in method.note and 'reconstruction' in method.note


@pytest.mark.parametrize('dataset', ['voc', 'context', 'cocostuff'])
@pytest.mark.parametrize('name', TEACHERS)
def test_published_settings(name, dataset, make):
    config = load_config(name, dataset, 'r101')
    settings = config.self_training
    if name == 'strict':
        assert (settings.p, settings.rounds, settings.images, settings.restrict) == (100, 2, 'all', True)
        views = {(copy.get('scale', 1), copy.get('mirror', False)) for copy in settings.copies}
        assert views | {(1, False)} == {(scale, mirror) for scale in (1, 1.5, 1.75) for mirror in (False, True)}
        assert len(settings.copies) == 5 and settings.student.model.backbone.norm_eval
    else:
        assert (settings.p, settings.rounds) == (25 if dataset == 'voc' else 75, 1)
    method = make(name)
    method.cfg = config
    spec = method.student('student', 'pseudo_labels', dict(settings.student), {'network': 'seen', 'classifier': None})
    iterations = {'cocostuff': 22_356 if name == 'strict' else 25_000}.get(dataset, 2000 if name == 'strict' else None)
    assert (spec.config['config']['train_cfg']['max_iters'], spec.config['epochs']) == (
        iterations, None if iterations else 50)


@pytest.mark.parametrize(('name', 'protocol', 'options', 'level'), [
    ('zs5', 'zs3-clean', {}, 'image-oracle'), ('zs5', 'zs3-clean', {'self_training.images': 'all'}, 'image-filter'),
    ('zs5', 'spnet', {}, 'ignore-mask'), ('strict', 'spnet', STRICT, 'ignore-mask'),
    ('strict', 'zs3-clean', STRICT, 'image-filter'), ('zsmmd_st', 'zs3-clean', {}, 'image-oracle')])
def test_what_is_read_is_what_is_declared(run_recipe, teacher, make, name, protocol, options, level):
    method = make(name, protocol, **options)
    assert stronger_access(method.reads_unseen_gt, method.protocol.handling) == level
    assert method.skip() is None and method.setting == 'transductive'
    before = teacher(name, protocol)
    with audit.collect() as access:
        folders = run_recipe(name, protocol=protocol, inputs=before, **options)
    access.pop('val')
    assert audit.level(access) == level
    assert 'train for diagnosis' in access
    assert not any(counts['unseen_pixels'] for subset, counts in access.items() if subset != 'train for diagnosis')
    assert confusion(folders).sum() > 0
    assert ('student_2' in folders) == (name == 'strict')


def test_a_students_rate_is_a_share_of_the_seen_steps(make):
    teacher = {'network': 'seen', 'classifier': None}

    def rate(**training):
        method = make('zs5', **{'optim_wrapper.optimizer.lr': 8e-3})
        spec = method.student('student', 'pseudo_labels', {'epochs': None, **training}, teacher)
        return spec.config['config']['optim_wrapper']['optimizer']

    assert rate()['lr'] == 8e-3 and rate(rate=0.25)['lr'] == 2e-3
    assert rate(rate=0.25)['type'] == rate()['type']
    assert rate(rate=0.25, optim_wrapper=dict(optimizer=dict(lr=1e-3)))['lr'] == 1e-3


def test_cards_that_allow_less_are_skipped(make):
    card = PROTOCOLS['zs3-clean'].model_copy(update={'unlabelled_access': 'image-filter'})
    assert 'image-oracle' in make('zs5', card=card).skip()
    assert make('zs5', card=card, **{'self_training.images': 'all'}).skip() is None
    assert make('zs5', protocol='zs3-official').skip()
    unlabelled = {'self_training.images': 'all', 'recursion.images': 'dropped'}
    assert make('zsmmd_st', **unlabelled).reads_unseen_gt == 'image-oracle'


def test_teacher_without_unseen_predictions_leaves_a_seen_only_retraining(run_recipe, teacher):
    folders = run_recipe('zs5', inputs=teacher('zs5'), **{'self_training.p': 0, 'self_training.rounds': 2})
    assert list((folders['pseudo_labels'] / 'maps').iterdir()) == []
    assert summary(folders, 'student')['images'] == summary(folders, 'seen')['images'] < 60
    assert list((folders['pseudo_labels_2'] / 'maps').iterdir()) == []


def test_true_labels_are_an_upper_bound(run_recipe, teacher, tmp_path, micro_root):
    """How well a student tells unseen classes after the same training on true labels, on confused ones and on none."""
    first, second = unseen = load_spec('shapes').unseen(2)
    swap = np.arange(256, dtype=np.uint8)
    swap[[first, second]] = second, first
    for kind in ('true', 'swapped', 'none'):
        (tmp_path / kind / 'maps').mkdir(parents=True)
    for index in range(60):
        labels = render('train', index)[1]
        if np.isin(labels, unseen).any():
            Image.fromarray(labels).save(tmp_path / 'true' / 'maps' / f'{index:05d}.png')
            Image.fromarray(swap[labels]).save(tmp_path / 'swapped' / 'maps' / f'{index:05d}.png')
    loss = {}
    for kind in ('true', 'swapped', 'none'):
        folders = run_recipe('zs5', inputs={**teacher('zs5'), 'pseudo_labels': tmp_path / kind}, **{
            'self_training.student.train_cfg.max_iters': 25})
        assert summary(folders, 'student')['images'] < 60 or kind != 'none'
        loss[kind] = unseen_loss(folders, micro_root, unseen)
    assert loss['true'] + 0.2 < loss['swapped'] < loss['none'] - 0.5


def unseen_loss(folders, root, unseen):
    """Mean cross entropy of the pixels of unseen classes in the training images."""
    task = Task.create('shapes', 2, root, PROTOCOLS['zs3-clean'])
    network = load_network(folders['student'], torch.device('cpu'))
    dataset = build_dataset(task, 'train', PIPELINE, 'only')
    losses = []
    for index in range(len(dataset)):
        data = network.data_preprocessor({name: [value] for name, value in dataset[index].items()}, False)
        labels = data['data_samples'][0].gt_sem_seg.data.long()
        with torch.no_grad():
            scores = network.inference(data['inputs'], [data['data_samples'][0].metainfo])
        losses.append(F.cross_entropy(scores, labels, reduction='none', ignore_index=255)[
            torch.isin(labels, torch.tensor(unseen))])
    return torch.cat(losses).mean().item()
