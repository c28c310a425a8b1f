"""Tests of the interleaved loop: its layouts, the generator in it, and the stage as a whole."""

import json

import pytest
import torch

from zs_methods.datasets import audit
from zs_methods.models import FeatureGenerator
from zs_methods.stages import StageContext
from zs_methods.stages.joint_loop import JointLoop, training_features
from zs_methods.stages.layouts import Layout, LayoutMaker, mix_features, shrink, without
from zs_methods.stages.network import load_network
from zs_methods.stages.synthesis import Synthesis
from zs_methods.stages.train_jointly import TrainJointly
from zs_methods.task import Task

CLASSES = torch.arange(21)
CLASSIFIER = {'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'}


@pytest.fixture(scope='module')
def ctx(micro_root, tmp_path_factory):
    return StageContext(Task.create('shapes', 2, micro_root), {}, tmp_path_factory.mktemp('joint'), 0)


def weights(folder):
    return torch.load(folder / 'model.pth', weights_only=True)['state_dict']


def summary(folder):
    return json.loads((folder / 'summary.json').read_text())


def make_layout(labels, unseen=()):
    labels = torch.as_tensor(labels)
    synthetic = torch.isin(labels, torch.tensor(unseen, dtype=torch.int64)).flatten(1).any(dim=1)
    return Layout(labels, labels, synthetic, torch.zeros(len(labels), dtype=torch.int64))


class TestLayouts:

    def test_ground_truth_switches_images_and_tells_what_vanished(self, ctx):
        unseen = ctx.task.unseen[0]
        seen = next(c for c in ctx.task.seen if c)
        targets = torch.full((3, 8, 8), seen)
        targets[0, :4] = unseen
        targets[1, 1, 1:4] = unseen  # between the pixels that nearest neighbour takes at a quarter of the size
        kept, closed = (LayoutMaker(ctx, 'ground-truth', 0.5, leak)(targets, (2, 2)) for leak in ('kept', 'closed'))
        assert kept.synthetic.tolist() == closed.synthetic.tolist() == [True, False, False]
        assert kept.vanished.tolist() == closed.vanished.tolist() == [0, 3, 0]
        assert torch.equal(kept.targets, targets)
        assert (closed.targets[1] == 255).sum() == 3 and torch.equal(closed.targets[[0, 2]], targets[[0, 2]])
        assert kept.labels.tolist()[0] == [[unseen] * 2, [seen] * 2]

    def test_relabelling_changes_whole_components_to_unseen_classes_and_never_the_background(self, ctx):
        torch.manual_seed(0)
        targets = torch.zeros(64, 8, 8, dtype=torch.int64)
        targets[:, :, 4:] = 255
        targets[:, :4, :2], targets[:, 4:, :2] = 2, 3
        layout = LayoutMaker(ctx, 'relabel', 0.5, 'kept')(targets, (4, 4))
        kinds = {tuple(sorted(set(image.flatten().tolist()))) for image in layout.targets}
        unseen = set(ctx.task.unseen)
        assert (0, 2, 3, 255) in kinds
        assert any(unseen & set(kind) for kind in kinds) and any(unseen <= set(kind) for kind in kinds)
        assert all({0, 255} <= set(kind) for kind in kinds)
        assert 20 <= layout.synthetic.sum() <= 44
        for half in (slice(0, 4), slice(4, 8)):  # one class for all pixels of a component
            assert (layout.targets[:, half, :2].flatten(1).amax(dim=1)
                    == layout.targets[:, half, :2].flatten(1).amin(dim=1)).all()
        assert torch.equal(shrink(layout.targets, (4, 4)), layout.labels)

    def test_every_chosen_image_has_something_relabelled(self, ctx):
        targets = torch.zeros(50, 8, 8, dtype=torch.int64)
        targets[:, 4:] = 2
        assert LayoutMaker(ctx, 'relabel', 1.0, 'kept')(targets, (4, 4)).synthetic.all()
        assert not LayoutMaker(ctx, 'relabel', 1.0, 'kept')(targets * 0, (4, 4)).synthetic.any()

    def test_a_relabelled_object_that_vanishes_keeps_its_seen_label(self, ctx):
        targets = torch.zeros(4, 8, 8, dtype=torch.int64)
        targets[:, 1, 1] = 2
        layout = LayoutMaker(ctx, 'relabel', 1.0, 'kept')(targets, (2, 2))
        assert layout.vanished.tolist() == [1] * 4 and not layout.synthetic.any()
        assert torch.equal(layout.targets, targets)

    def test_random_maps_hold_unseen_classes_with_ten_times_the_odds(self, ctx):
        layout = LayoutMaker(ctx, 'random', 1.0, 'kept')(torch.zeros(8, 64, 64, dtype=torch.int64), (32, 32))
        count = torch.bincount(layout.labels.flatten(), minlength=21) / layout.labels.numel()
        assert layout.synthetic.all()
        seen, unseen = count[list(ctx.task.seen)].mean(), count[list(ctx.task.unseen)].mean()
        assert unseen / seen == pytest.approx(10, rel=0.15)
        assert torch.equal(shrink(layout.targets, (32, 32)), layout.labels)
        assert not LayoutMaker(ctx, 'random', 0.0, 'kept')(
            torch.zeros(8, 8, 8, dtype=torch.int64), (4, 4)).synthetic.any()

    def test_mixing_replaces_whole_images_or_unseen_pixels(self):
        layout = make_layout([[[1, 2]], [[1, 1]]], unseen=(2,))
        real, fake = torch.ones(2, 3, 1, 2), torch.zeros(2, 3, 1, 2)
        assert mix_features(real, fake, layout, (2,), 'image')[:, 0].tolist() == [[[0, 0]], [[1, 1]]]
        assert mix_features(real, fake, layout, (2,), 'pixel')[:, 0].tolist() == [[[1, 0]], [[1, 1]]]

    def test_images_left_out_keep_their_targets_only_where_features_are_real(self):
        layout = without(make_layout([[[1, 2]], [[1, 1]], [[1, 1]]], unseen=(2,)), torch.tensor([True, True, False]))
        assert layout.labels.tolist() == [[[255, 255]], [[255, 255]], [[1, 1]]]
        assert layout.targets.tolist() == [[[255, 255]], [[1, 1]], [[1, 1]]]


def synthesis(ctx, steps='each', **model):
    model = {'type': 'zs_methods.GMMNGenerator', 'noise_dim': 4, 'hidden_dim': 8, **model}
    return Synthesis(ctx, 'generator', model, {'type': 'zs_methods.MMDLoss'}, {'aliases': {}, 'normalise': 'none'}, 6,
                     {'type': 'Adam', 'lr': 1e-2}, samples=16, steps=steps)


class TestSynthesis:

    @pytest.mark.parametrize(('steps', 'expected'), [('each', 4), ('batched', 1)])
    def test_steps_are_taken_for_classes_of_seen_only_images(self, ctx, steps, expected):
        made = synthesis(ctx, steps)
        labels = [[[0, 1, 1], [2, 2, 255]], [[3, 3, 3], [3, 3, 255]], [[0, 4, 4], [4, 4, 4]]]
        layout = make_layout(labels, unseen=(4,))
        fake = made.fill(torch.randn(3, 6, 2, 3), layout)
        assert made.steps_done == expected  # classes 0, 1, 2 of the first image, class 3 of the second
        assert not fake.requires_grad
        assert torch.equal(fake.abs().sum(dim=1) == 0, layout.labels == 255)

    @pytest.mark.parametrize('steps', ['each', 'batched'])
    @pytest.mark.parametrize('labels', [[[[255, 255], [255, 255]]], [[[4, 4], [4, 4]]]])
    def test_without_a_seen_class_nothing_is_learned(self, ctx, steps, labels):
        made = synthesis(ctx, steps)
        before = made.generator.output.weight.clone()
        fake = made.fill(torch.randn(1, 6, 2, 2), make_layout(labels, unseen=(4,)))
        assert made.steps_done == 0 and torch.equal(before, made.generator.output.weight)
        assert (fake.abs().sum() > 0) == (labels[0][0][0] == 4)

    @pytest.mark.parametrize('steps', ['each', 'batched'])
    def test_features_are_those_from_before_the_step(self, ctx, steps):
        layout, real = make_layout([[[1, 1], [1, 1]]]), torch.randn(1, 6, 2, 2)
        trained, again = synthesis(ctx, steps), synthesis(ctx, steps)
        for group in again.optimiser.optimizer.param_groups:
            group['lr'] = 0.0
        assert torch.equal(trained.fill(real, layout), again.fill(real, layout))
        assert not torch.equal(trained.generator.output.weight, again.generator.output.weight)

    def test_the_same_pixels_are_drawn_from_fake_and_real(self, ctx, monkeypatch):
        made, seen = synthesis(ctx, 'batched'), {}

        def record(fake, real):
            seen.update(fake=fake.detach(), real=real)
            return fake.sum()
        made.criterion = record
        labels = torch.tensor([[[1, 2], [2, 1]], [[2, 2], [2, 255]]])
        fake = made.fill(torch.arange(8.).view(2, 1, 2, 2).expand(2, 6, 2, 2), make_layout(labels))
        rows = seen['real'][..., 0].long()
        assert rows.shape == (3, 16)
        assert [set(row.tolist()) for row in rows] == [{0, 3}, {1, 2}, {4, 5, 6}]
        assert torch.equal(seen['fake'], fake.permute(0, 2, 3, 1).reshape(8, 6)[rows])

    def test_a_step_lowers_the_distance_to_the_real_features(self, ctx):
        torch.manual_seed(0)
        layout, real = make_layout(torch.tensor([[[1, 2]]]).repeat(2, 8, 8)), torch.randn(2, 6, 8, 16) + 3
        for steps in ('each', 'batched'):
            made, losses = synthesis(ctx, steps), []
            for _ in range(40):
                made.fill(real, layout)
                losses.append(made.last_loss.item())
            assert losses[-1] < 0.8 * losses[0]


@pytest.fixture(scope='module')
def official(run_recipe):
    with audit.collect() as access:
        folders = run_recipe('zs3', k=6, protocol='zs3-official')
    return folders, access


def test_only_the_classifier_learns_and_running_statistics_adapt(official, run_recipe):
    folders, _ = official
    before, after = weights(folders['seen']), weights(folders['joint'])
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    statistics = {name for name in before if 'running_' in name or 'num_batches' in name}
    assert statistics and changed == CLASSIFIER | statistics
    assert all(torch.equal(after[name], value) for name, value in weights(folders['evaluate']).items())
    frozen = run_recipe('zs3', k=6, protocol='zs3-official', inputs={'seen': folders['seen'], 'maps': folders['maps']},
                        **{'joint.normalisation': 'frozen'})['joint']
    after = weights(frozen)
    assert {name for name in before if not torch.equal(before[name], after[name])} == CLASSIFIER


def test_the_layout_is_read_under_the_official_card_and_nothing_more(official):
    folders, access = official
    training = {subset: counts for subset, counts in access.items() if subset != 'val'}
    assert audit.level(training) == 'layout'
    assert training['train for layout']['unseen_pixels'] and not training['train']['unseen_pixels']
    assert summary(folders['joint'])['vanished']['trained_on']
    assert 0 < summary(folders['joint'])['synthetic_share'] <= 1


@pytest.mark.parametrize('options', [{'joint.layout': None}, {'joint.layout': 'random'},
                                     {'joint.layout': 'relabel', 'joint.mix': 'pixel', 'joint.steps': 'each'}])
def test_no_unseen_pixel_is_read_under_the_clean_card(official, run_recipe, options):
    options = {key.replace('joint.steps', 'joint.generator.steps'): value for key, value in options.items()}
    shared = {name: official[0][name] for name in ('seen', 'maps')}
    with audit.collect() as access:
        folders = run_recipe('zs3', k=6, inputs=shared, order='interleaved', **{'joint.share': 0.9, **options})
    training = {subset: counts for subset, counts in access.items() if subset != 'val'}
    assert audit.level(training) == 'image-filter'
    assert not any(counts['unseen_pixels'] for counts in training.values())
    assert summary(folders['joint'])['synthetic_share'] > 0
    assert not summary(folders['joint'])['vanished']['trained_on']


def test_same_seed_same_artifact_and_another_seed_another(official, run_recipe):
    shared = {name: official[0][name] for name in ('seen', 'maps')}
    again, other = (run_recipe('zs3', k=6, seed=seed, protocol='zs3-official', inputs=shared)['joint']
                    for seed in (0, 1))
    first, same, different = (weights(folder) for folder in (official[0]['joint'], again, other))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first['decode_head.conv_seg.weight'], different['decode_head.conv_seg.weight'])
    for state in (FeatureGenerator.load(folder, torch.device('cpu')).state_dict()
                  for folder in (official[0]['joint'], again)):
        assert torch.equal(state['output.weight'], FeatureGenerator.load(again, torch.device('cpu')).output.weight)


def test_ignored_classes_stay_out_where_unseen_pixels_are_masked(run_recipe):
    with audit.collect() as access:
        folders = run_recipe('zs3', k=6, protocol='spnet', order='interleaved', **{
            'joint.optimizer.lr': 10.0, 'joint.optimizer.weight_decay': 0.05})
    state = weights(folders['joint'])
    assert state['decode_head.conv_seg.bias'][0] == -1e4 and not state['decode_head.conv_seg.weight'][0].any()
    assert summary(folders['joint'])['images'] == 60
    training = {subset: counts for subset, counts in access.items() if subset != 'val'}
    assert audit.level(training) == 'ignore-mask'


@pytest.mark.parametrize(('initial', 'low', 'high'), [('uniform', 0.0, 1.0), ('seen', -1.0, 1.0)])
def test_classifier_starts_uniformly_or_as_seen(official, run_recipe, initial, low, high):
    shared = {name: official[0][name] for name in ('seen', 'maps')}
    folder = run_recipe('zs3', k=6, protocol='zs3-official', inputs=shared, **{
        'joint.initial': initial, 'joint.optimizer.lr': 0.0})['joint']
    weight = weights(folder)['decode_head.conv_seg.weight']
    kept = torch.equal(weight, weights(shared['seen'])['decode_head.conv_seg.weight'])
    assert kept == (initial == 'seen')
    assert low <= weight.min() and weight.max() <= high
    if initial == 'uniform':
        assert 0.45 < weight.mean() < 0.55


def settings(**changes):
    return {'model': {}, 'loss': {}, 'vectors': {}, 'generator': {}, 'optimizer': {}, 'pipeline': [], 'loader': {},
            'unseen_images': 'drop', 'batch_size': 2, 'unseen_weight': 1, 'iterations': 1, **changes}


@pytest.mark.parametrize(('changes', 'message'), [
    ({'layout': 'truth'}, 'layout must be one of'), ({'mix': 'half'}, 'mix must be one of'),
    ({'iterations': None}, 'epochs or iterations'), ({'layout': 'random', 'mix': 'pixel'}, 'no seen pixel stays real'),
    ({'layout': 'ground-truth'}, 'keeps images'), ({'unseen_images': 'keep'}, 'keeps images'),
    ({'normalisation': 'train'}, 'normalisation'),
])
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainJointly(**settings(**changes))


def test_epochs_count_the_images(official, run_recipe):
    shared = {name: official[0][name] for name in ('seen', 'maps')}
    report = summary(run_recipe('zs3', k=6, protocol='zs3-official', inputs=shared, **{
        'joint.epochs': 1, 'joint.iterations': None, 'joint.batch_size': 32})['joint'])
    assert (report['images'], report['iterations']) == (60, 2)


def test_crops_without_a_label_and_images_of_one_class_train_on(official, run_recipe, monkeypatch):
    shared = {name: official[0][name] for name in ('seen', 'maps')}
    make = LayoutMaker.__call__
    for value, learns in ((255, 0), (0, 3), (2, 3), (1, 0)):  # nothing, background, one seen class, one unseen class
        monkeypatch.setattr(LayoutMaker, '__call__',
                            lambda self, targets, size, value=value: make(self, targets * 0 + value, size))
        for name, options in (('zs3', {}), ('zs3_gc', {}), ('zs3_gc', {'graph.variant': 'paper'})):
            folder = run_recipe(name, k=6, protocol='zs3-official', inputs=shared, **options)['joint']
            assert all(value.isfinite().all() for value in weights(folder).values())
            steps = summary(folder)['generator_steps']
            assert steps == (0 if options else learns)  # a lone component has no graph


def test_real_features_are_those_of_the_training_mode(official):
    network = load_network(official[0]['seen'], torch.device('cpu')).train()
    torch.manual_seed(0)
    features = training_features(network, torch.randn(2, 3, 64, 64))
    assert features.shape == (2, 64, 16, 16) and not features.requires_grad
    assert features.min() >= 0 and (features == 0).float().mean() > 0.05


@pytest.mark.parametrize(('features', 'low', 'high'), [('vectors', 0.7, 1), ('permuted', 0, 0.2), ('real', 0.9, 1)])
def test_class_vectors_carry_the_unseen_classes(ctx, features, low, high):
    """Features that follow from class vectors on a circle: permuting those of the unseen classes destroys them."""
    torch.manual_seed(0)
    unseen, angle = (3, 9), CLASSES[:12] * torch.pi / 6
    places = 4 * torch.stack([angle.cos(), angle.sin(), -angle.cos(), -angle.sin()] + [angle * 0] * 2, dim=1)
    made = synthesis(ctx, 'batched', hidden_dim=64, dropout=0.0)
    made.vectors = torch.zeros_like(made.vectors)
    made.vectors[:12, :2] = places[:, :2]
    if features == 'permuted':
        made.vectors[list(unseen)] = made.vectors[list(unseen[::-1])]
    classifier = torch.nn.Linear(6, 12)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=0.05)
    maker = LayoutMaker(ctx, 'ground-truth', 0.5, 'kept')
    maker.unseen = torch.tensor(unseen)
    for _ in range(150):
        targets = torch.randint(12, (6, 4, 4))
        targets[:3][torch.isin(targets[:3], maker.unseen)] = 0
        real = (places[targets] + 0.3 * torch.randn(6, 4, 4, 6)).permute(0, 3, 1, 2)
        layout = maker(targets, (4, 4))
        fake = real if features == 'real' else made.fill(real, layout)
        scores = classifier(mix_features(real, fake, layout, unseen, 'image').permute(0, 2, 3, 1)).flatten(0, 2)
        loss = torch.nn.functional.cross_entropy(scores, targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    truth = torch.tensor(unseen).repeat(100)
    right = classifier(places[truth] + 0.3 * torch.randn(200, 6)).argmax(dim=1) == truth
    assert low <= right.float().mean() <= high


class Counting(JointLoop):
    """Adds a term of no weight, and counts its calls in the checkpointed state."""

    def __init__(self, *args):
        super().__init__(*args)
        self.state['calls'] = self.calls = torch.zeros(1)

    def loss(self, features, layout):
        self.calls += 1
        assert self.total == 3
        return super().loss(features, layout) + 0.0 * self.conv.weight.sum()

    def summary(self):
        return {**super().summary(), 'calls': self.calls.item()}


def test_a_method_may_bring_a_loop_of_its_own(official, run_recipe, monkeypatch):
    shared = {name: official[0][name] for name in ('seen', 'maps')}
    monkeypatch.setattr(TrainJointly, 'loop', lambda self, ctx, network: Counting(self, ctx, network))
    folder = run_recipe('zs3', k=6, protocol='zs3-official', inputs=shared)['joint']
    assert summary(folder) == {**summary(official[0]['joint']), 'calls': 3}
    before, after = weights(official[0]['joint']), weights(folder)
    assert all(torch.equal(before[name], after[name]) for name in before)
