"""ZS-MMD's candidates: where they come from, which are taken, and that diagnosing them changes nothing."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from zs_methods.configs import load_config
from zs_methods.datasets import audit, load_spec
from zs_methods.models.losses.mmd_loss import mmd_squared
from zs_methods.models.losses.zsmmd_loss import ZSMMDLoss
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.stages import StageContext, TrainGenerator
from zs_methods.stages.candidates import Candidates, Pool
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.parts import load_classifier, load_generator, save_classifier
from zs_methods.task import Task

TRUNK = ('seen', 'maps', 'features', 'generator', 'classifier')

def summary(folders, stage):
    return json.loads((folders[stage] / 'summary.json').read_text())


def state(folders, stage='generator_1'):
    return torch.load(folders[stage] / 'generator.pth', weights_only=True)['state_dict']


def method(root, source):
    config = load_config('zsmmd', 'shapes', 'tiny')
    config.merge_from_dict({'recursion.feedback.source': source})
    protocol = PROTOCOLS['zs3-clean']
    return METHODS.get('zsmmd')(config, Task.create('shapes', 2, root, protocol), protocol)


@pytest.fixture(scope='module')
def trunk(run_recipe):
    folders = run_recipe('zs3', **{'train_cfg.max_iters': 6, 'generator.iterations': 30, 'classifier.iterations': 60})
    return {name: folders[name] for name in TRUNK if name in folders}


@pytest.fixture(scope='module')
def recurse(run_recipe, trunk):
    """A recursion on the shared trunk; what comes after its generator only runs where a test asks for it."""
    def run(source='synthetic', whole=False, **options):
        later = {} if whole else dict.fromkeys(('classifier_1', 'evaluate'), trunk['classifier'])
        return run_recipe('zsmmd', inputs={**trunk, **later}, **{
            'recursion.rounds': 1, 'recursion.diagnosis.images': 0, 'recursion.feedback.source': source, **options})
    return run


@pytest.fixture
def gated():
    """Candidates among one-hot-like features whose classifier is the identity: class = largest coordinate."""
    classifier = nn.Linear(3, 3)
    classifier.load_state_dict({'weight': torch.eye(3) * 10, 'bias': torch.zeros(3)})

    def collect(features, origin=None, **settings):
        loss = ZSMMDLoss(**{'threshold': 0.0, 'min_count': 1, **settings})
        return Candidates.collect(Pool(torch.tensor(features), origin), classifier, loss, (1, 2))
    return collect


def test_candidates_are_grouped_by_class_and_seen_ones_are_left_out(gated):
    found = gated([[0.0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 2]])
    assert found.rows.tolist() == [2, 0, 3]
    assert found.counts.tolist() == [1, 2]
    assert found.considered.tolist() == [4, 4]


def test_a_generated_feature_only_counts_for_its_own_class(gated):
    features, origin = [[0.0, 0, 1], [0, 0, 1], [0, 1, 0]], torch.tensor([1, 2, 2])
    found = gated(features, origin)
    assert found.rows.tolist() == [1]
    assert (found.counts.tolist(), found.considered.tolist()) == ([0, 1], [1, 2])


def test_candidates_are_drawn_in_proportion_to_their_weight(gated):
    features = [[0.0, 1, 0], [0, 0, 1.0], [0, 0, 0.2], [0, 2, 0]]
    found = gated(features, power=3.0)
    drawn = found.draw(torch.tensor([0, 1]), 20_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 20_000, 3)
    assert set(drawn[0].unique(dim=0)[:, 1].tolist()) == {1.0, 2.0} and (drawn[0][:, 2] == 0).all()
    confidence = (torch.tensor(features) * 10).softmax(dim=1).max(dim=1).values ** 3
    share = (drawn[1][:, 2] == 1.0).float().mean().item()
    assert abs(share - (confidence[1] / (confidence[1] + confidence[2])).item()) < 0.015


def test_only_classes_in_use_are_drawn(gated):
    found = gated([[0.0, 1, 0], [0, 0, 1.0]])
    assert found.draw(torch.tensor([1]), 4, torch.Generator().manual_seed(0))[..., 2].min() == 1.0


def test_nothing_confident_means_no_candidates(gated):
    found = gated([[0.0, 0.01, 0]], threshold=0.99)
    assert found.counts.tolist() == [0, 0] and len(found.features) == 0


def test_too_few_candidates_leave_the_generator_as_without_feedback(recurse):
    runs = [recurse(**{'recursion.feedback.weight': weight, 'recursion.feedback.loss.min_count': 10**6})
            for weight in (0.0, 5.0)]
    assert torch.equal(state(runs[0])['output.weight'], state(runs[1])['output.weight'])
    assert summary(runs[1], 'generator_1')['feedback']['used'] == []


@pytest.mark.parametrize('source', ['synthetic', 'seen-images', 'unlabelled'])
def test_every_source_feeds_something_back(recurse, source):
    plain, fed = (recurse(source, **{'recursion.feedback.weight': weight}) for weight in (0.0, 5.0))
    said = summary(fed, 'generator_1')['feedback']
    assert said['used'] and sum(said['candidates'].values()) > 0
    assert all(0 <= share <= 1 for share in said['accepted_share'].values())
    assert not torch.equal(state(plain)['output.weight'], state(fed)['output.weight'])
    assert ('unlabelled' in fed) == (source == 'unlabelled')


def test_seen_images_give_real_features_that_the_classifier_mistakes(recurse, trunk):
    folders = recurse('seen-images')
    bank = Bank.load(folders['features'], torch.device('cpu'))
    assigned = load_classifier(trunk['classifier'], torch.device('cpu'))(bank.features).argmax(dim=1)
    said = summary(folders, 'generator_1')['feedback']['candidates']
    assert list(said.values()) == [int((assigned == c).sum()) for c in load_spec('shapes').unseen(2)]


def test_unknown_source_is_refused_while_planning(micro_root):
    with pytest.raises(ValueError, match="'thin-air' is not known; known: synthetic, seen-images, unlabelled"):
        method(micro_root, 'thin-air')


def test_card_follows_the_source(micro_root):
    cards = {source: method(micro_root, source) for source in ('synthetic', 'seen-images', 'unlabelled')}
    assert {source: (card.setting, card.reads_unseen_gt) for source, card in cards.items()} == {
        'synthetic': ('inductive', 'none'), 'seen-images': ('inductive', 'none'),
        'unlabelled': ('transductive', 'image-oracle')}
    for source, card in cards.items():
        assert sum('(source ' in line for line in card.deviations) == 1
        assert any(f'(source {source})' in line for line in card.deviations)


def test_measured_label_access_is_what_the_card_says(recurse):
    levels = {}
    for source in ('seen-images', 'unlabelled'):
        with audit.collect() as access:
            recurse(source, **{'recursion.diagnosis.images': 40})
        assert access['train for diagnosis']['images_unseen'] > 0
        levels[source] = audit.level({subset: counts for subset, counts in access.items() if subset != 'val'})
    assert levels == {'seen-images': 'none', 'unlabelled': 'image-oracle'}  # beyond what the trunk reads


def test_unlabelled_bank_holds_a_sample_of_every_image_and_no_label(recurse):
    folders = recurse('unlabelled', **{'recursion.unlabelled.per_image': 5})
    with np.load(folders['unlabelled'] / 'bank.npz') as bank:
        assert sorted(bank) == ['features', 'images', 'positions', 'sizes']
        images = len(bank['sizes'])
        assert (np.bincount(bank['images'], minlength=images) == 5).all()
        pairs = set(zip(bank['images'].tolist(), bank['positions'].tolist(), strict=True))
        assert len(pairs) == len(bank['images'])
        assert (bank['positions'] < bank['sizes'].prod(axis=1)[bank['images']]).all()
    limited = recurse('unlabelled', **{'recursion.unlabelled.limit': 2 * images})
    assert summary(limited, 'unlabelled')['per_image'] == 2


def test_diagnosis_changes_nothing_that_is_trained_or_scored(recurse):
    without, looked = (recurse('unlabelled', whole=True, **{'recursion.diagnosis.images': images})
                       for images in (0, 40))
    assert 'diagnosis' in looked and 'diagnosis' not in without
    assert list(looked['diagnosis'].iterdir()) == [looked['diagnosis'] / 'summary.json']
    assert all(torch.equal(state(without)[name], state(looked)[name]) for name in state(looked))
    results = [json.loads((folders['evaluate'] / 'result.json').read_text())['confusion']
               for folders in (without, looked)]
    assert results[0] == results[1]


def test_diagnosis_gives_distances_and_precision_of_every_recursion(recurse):
    options = {'recursion.rounds': 2, 'recursion.diagnosis.images': 40}
    said = summary(recurse('unlabelled', whole=True, **options), 'diagnosis')
    assert [set(part) for part in said['mmd']] == [{'striped red', 'dotted blue'}] * 3
    assert len(said['precision']) == 2
    assert all(0 < value < 1 for value in said['precision'][0].values() if value is not None)
    mistakes = summary(recurse('seen-images', **{**options, 'recursion.rounds': 1}), 'diagnosis')['precision'][0]
    assert set(mistakes.values()) <= {0.0, None}


def test_oracle_candidates_bring_the_generator_to_the_real_unseen_features(micro_root, tmp_path):
    """Gate (ii): fed with real unseen features, the generator must come close to others of their kind."""
    task = method(micro_root, 'seen-images').task
    unseen, d = list(task.unseen), 6
    centres = torch.zeros(21, d)
    centres[unseen] = torch.tensor([[4.0, 0, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0]])
    draw = torch.Generator().manual_seed(0)

    def bank(name, classes, size=400):
        labels = torch.tensor(classes).repeat_interleave(size)
        features = centres[labels] + 0.3 * torch.randn(len(labels), d, generator=draw)
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / 'bank.npz', features=features.numpy(), labels=labels.numpy(),
                 weights=np.ones(len(labels), np.float32))
        return features.view(len(classes), size, d)

    bank('features', task.seen, 50)
    bank('oracle', unseen)
    fresh = bank('fresh', unseen)
    (tmp_path / 'classifier').mkdir()
    classifier = nn.Linear(d, 21)
    classifier.load_state_dict({'weight': centres * 2, 'bias': -centres.square().sum(dim=1)})
    save_classifier(tmp_path / 'classifier', classifier)

    def distance(weight):
        feedback = dict(source='seen-images', bank='oracle', classifier='classifier', weight=weight, samples=32,
                        loss=dict(type='zs_methods.ZSMMDLoss', threshold=0.9))
        stage = TrainGenerator(
            model=dict(type='zs_methods.GMMNGenerator', noise_dim=8, hidden_dim=64, dropout=0.0),
            loss=dict(type='zs_methods.MMDLoss'), optimizer=dict(type='Adam', lr=5e-3), iterations=300, samples=16,
            vectors=dict(aliases={}, normalise='l2'), feedback=feedback)
        out = tmp_path / f'generator{weight}'
        out.mkdir()
        said = stage.run(StageContext(task, {path.name: path for path in tmp_path.iterdir()}, out, 0))
        assert list(said['feedback']['candidates'].values()) == [400, 400]
        generator, vectors = load_generator(out, torch.device('cpu'))
        with torch.no_grad():
            return mmd_squared(generator.sample(vectors[unseen], 200, draw), fresh, (2, 5, 10, 20, 40, 80)).sqrt()

    assert (distance(1.0) < 0.3 * distance(0.0)).all()
