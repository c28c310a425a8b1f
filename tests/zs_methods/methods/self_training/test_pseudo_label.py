"""Pseudo-labels: which pixels get one, what becomes of the others, and what is read for it."""

import numpy as np
import pytest
import torch
from torch import nn

from zs_methods.datasets import audit
from zs_methods.datasets.spec import IGNORE
from zs_methods.methods.self_training.pseudo_label import PseudoLabel
from zs_methods.methods.self_training.ranking import read_map, top_share
from zs_methods.methods.self_training.teacher import Teacher
from zs_methods.protocols import PROTOCOLS
from zs_methods.stages import StageContext
from zs_methods.stages.extract_features import Bank
from zs_methods.stages.network import assemble, build_dataset
from zs_methods.stages.parts import save_calibration, save_classifier
from zs_methods.task import Task

PIPELINE = [dict(type='LoadImageFromFile', color_type='color_ignore_orientation'), dict(type='zs_methods.LoadLabels'),
            dict(type='PackSegInputs')]
CLEAN, SPNET = PROTOCOLS['zs3-clean'], PROTOCOLS['spnet']


def context(root, inputs, out, protocol=CLEAN):
    return StageContext(Task.create('shapes', 6, root, protocol), inputs, out, 0)


@pytest.fixture(scope='module')
def inputs(run_recipe, tmp_path_factory):
    """A network, and a random classifier whose predictions are spread over all classes."""
    folders = run_recipe('oracle', k=6)
    bank = Bank.load(folders['features'], torch.device('cpu'))
    linear = nn.Linear(bank.features.shape[1], 21)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(linear.weight.shape, generator=torch.Generator().manual_seed(0)))
        linear.weight.div_(bank.features.std(dim=0) + 1e-3)
        linear.bias.copy_(-linear.weight @ bank.features.mean(dim=0))
    folder = tmp_path_factory.mktemp('random')
    save_classifier(folder, linear)
    return {'seen': folders['seen'], 'random': folder}


@pytest.fixture
def label(inputs, micro_root, tmp_path_factory):
    """Runs the stage; returns its maps by file name, its summary, and the audit's counts."""
    def run(protocol=CLEAN, more=None, **settings):
        ctx = context(micro_root, {**inputs, **(more or {})}, tmp_path_factory.mktemp('labels'), protocol)
        stage = PseudoLabel(PIPELINE, protocol.unseen_images, **{'classifier': 'random', **settings})
        with audit.collect() as access:
            summary = stage.run(ctx)
        return {file.stem: read_map(file) for file in sorted((ctx.out / 'maps').iterdir())}, summary, access
    return run


@pytest.fixture(scope='module')
def truth(inputs, micro_root):
    """By image: the teacher's class scores, predictions and confidences, and the labels, without the stage."""
    ctx = context(micro_root, inputs, None)
    network = assemble(ctx, 'seen', 'random')
    dataset = build_dataset(ctx.task, 'train', PIPELINE)
    found = {}
    for index in range(len(dataset)):
        sample = dataset[index]
        batch = {name: [value] for name, value in sample.items()}
        data = network.data_preprocessor(batch, False)
        with torch.no_grad():
            scores = network.inference(data['inputs'], [data['data_samples'][0].metainfo])[0]
        confidence, prediction = scores.softmax(dim=0).max(dim=0)
        found[sample['data_samples'].img_path.split('/')[-1][:-4]] = dict(
            scores=scores.numpy(), prediction=prediction.numpy(), confidence=confidence.numpy(),
            labels=sample['data_samples'].gt_sem_seg.data[0].numpy())
    return ctx.task, found


def test_p_100_labels_every_pixel_predicted_unseen_and_nothing_else(label, truth):
    task, found = truth
    maps, summary, _ = label(p=100)
    dropped = {name for name, image in found.items() if np.isin(image['labels'], task.unseen).any()}
    assert 0 < len(dropped) < len(found)
    expected = {name: np.where(np.isin(found[name]['prediction'], task.unseen), found[name]['prediction'], IGNORE)
                for name in dropped}
    expected = {name: labels for name, labels in expected.items() if (labels != IGNORE).any()}
    assert maps.keys() == expected.keys()
    wrong = sum((maps[name] != expected[name]).sum() for name in maps)
    assert wrong <= 4  # batched and single forward passes may round a tie differently
    assert len({c for labels in maps.values() for c in np.unique(labels)}) == 7  # six classes and the rest
    assert summary['maps'] == len(maps)
    assert sum(summary['candidates'].values()) == sum((labels != IGNORE).sum() for labels in maps.values())


def test_p_per_image_keeps_the_most_confident_of_every_class(label, truth):
    _, found = truth
    every, some = label(p=100)[0], label(p=25)[0]
    assert every.keys() == some.keys()
    for name, labels in every.items():
        for c in set(np.unique(labels)) - {IGNORE}:
            candidates, kept = labels == c, some[name] == c
            assert kept.sum() == -(-candidates.sum() // 4)
            rejected = found[name]['confidence'][candidates & ~kept]
            assert found[name]['confidence'][kept].min() >= rejected.max(initial=0) - 1e-5


def test_p_0_makes_no_map(label):
    for ranking in ('image', 'global'):
        maps, summary, _ = label(p=0, ranking=ranking)
        assert maps == {} and summary['maps'] == 0
        assert all(values['precision'] is None for values in summary['quality'].values())


def test_global_ranking_compares_all_images(label, truth):
    task, found = truth
    every, image, world = (label(p=p, ranking=r)[0] for p, r in ((100, 'image'), (30, 'image'), (30, 'global')))
    for c in task.unseen:
        total = sum((labels == c).sum() for labels in every.values())
        assert sum((labels == c).sum() for labels in world.values()) == -(-total * 3 // 10)
        values = {name: found[name]['confidence'] for name in every}
        kept = np.concatenate([values[name][labels == c] for name, labels in world.items()])
        rejected = np.concatenate([values[name][(every[name] == c) & ~(world.get(name, every[name] * 0) == c)]
                                   for name in every])
        assert kept.min() >= rejected.max() - 1e-5
    assert any(name not in world or (world[name] != image[name]).any() for name in image)


def test_ranks_are_those_of_a_plain_loop_and_ties_go_to_the_first():
    stream = torch.Generator().manual_seed(0)
    group = torch.randint(0, 4, (200,), generator=stream)
    confidence = torch.randint(0, 5, (200,), generator=stream) / 5
    for p in (0, 10, 33.3, 75, 100):
        expected = torch.zeros(200, dtype=torch.bool)
        for g in range(4):
            rows = sorted((-confidence[i].item(), i) for i in range(200) if group[i] == g)
            for rank, (_, i) in enumerate(rows):
                expected[i] = 100 * rank < p * len(rows)
        assert torch.equal(top_share(group, confidence, p), expected)
    assert top_share(torch.zeros(7, dtype=torch.long), torch.ones(7), 50).tolist() == [True] * 4 + [False] * 3
    assert top_share(torch.zeros(0, dtype=torch.long), torch.zeros(0), 50).numel() == 0


def test_image_of_one_class(label, tmp_path, truth):
    task, _ = truth
    linear = nn.Linear(64, 21)
    nn.init.zeros_(linear.weight)
    with torch.no_grad():
        linear.bias.copy_(10.0 * torch.eye(21)[task.unseen[0]])
    save_classifier(tmp_path, linear)
    maps, summary, _ = label(p=50, classifier='one', more={'one': tmp_path})
    assert len(maps) == summary['images']
    for labels in maps.values():
        half = -(-labels.size // 2)  # of equals, the first ones
        assert (labels.reshape(-1)[:half] == task.unseen[0]).all()
        assert (labels.reshape(-1)[half:] == IGNORE).all()


def test_maps_come_back_bit_for_bit_and_other_images_keep_their_labels(inputs, micro_root, tmp_path, truth, label):
    task, found = truth
    ctx = context(micro_root, inputs, tmp_path)
    PseudoLabel(PIPELINE, 'drop', p=40, rest='seen', classifier='random').run(ctx)
    expected = label(p=40, rest='seen')[0]
    dataset = build_dataset(task, 'train', PIPELINE, 'drop', tmp_path / 'maps')
    names = [dataset.get_data_info(i)['img_path'].split('/')[-1][:-4] for i in range(len(dataset))]
    clean = {name for name, image in found.items() if not np.isin(image['labels'], task.unseen).any()}
    assert set(names) == clean | set(expected)
    for index, name in enumerate(names):
        assert (dataset.labels(index) == (expected[name] if name in expected else found[name]['labels'])).all()


def test_predictions_of_seen_classes_stay_on_request(label, truth):
    task, found = truth
    ignored, kept = label(p=40)[0], label(p=40, rest='seen')[0]
    assert ignored.keys() == kept.keys()
    for name, labels in kept.items():
        seen = np.isin(found[name]['prediction'], task.seen)
        assert (labels[~seen] == ignored[name][~seen]).mean() > 0.999
        assert (labels[seen] == found[name]['prediction'][seen]).mean() > 0.999
        assert (ignored[name][seen] == IGNORE).mean() > 0.999


def test_without_the_choice_by_labels_the_same_maps_and_less_read(label):
    chosen, free = label(p=40), label(p=40, images='all')
    assert free[1]['images'] == chosen[1]['images'] < 60
    assert label(images='all', ranking='global')[1]['images'] == 60
    assert chosen[0].keys() == free[0].keys()
    assert sum((chosen[0][name] != free[0][name]).sum() for name in chosen[0]) <= 4  # other batches, other rounding
    assert audit.level(chosen[2]) == 'image-oracle'
    assert audit.level(free[2]) == 'image-filter'
    competing = label(p=40, images='all', ranking='global')[0]
    alone = label(p=40, ranking='global')[0]
    assert competing.keys() <= chosen[0].keys()
    assert any(name not in competing or (competing[name] != labels).any() for name, labels in alone.items())


def test_visible_labels_stay_and_hidden_pixels_only_are_labelled(label, truth, micro_root):
    task = Task.create('shapes', 6, micro_root, SPNET)
    _, found = truth
    maps, _, access = label(SPNET, images='all', p=100)
    assert audit.level(access) == 'ignore-mask'
    assert not any(counts['unseen_pixels'] for subset, counts in access.items() if 'diagnosis' not in subset)
    changed = 0
    for name, labels in maps.items():
        visible = np.isin(found[name]['labels'], task.seen)
        assert (labels[visible] == found[name]['labels'][visible]).all()
        assert set(np.unique(labels[~visible])) <= {*task.unseen, IGNORE}
        changed += np.isin(labels, task.unseen).sum()
    assert changed


def test_only_unseen_classes_compete_where_the_card_hides(label, truth, micro_root):
    task = Task.create('shapes', 6, micro_root, SPNET)
    _, found = truth
    free, restricted = (label(SPNET, images='all', p=100, restrict=on)[0] for on in (False, True))
    assert len(restricted) == 60  # the background is hidden in every image
    for name, labels in restricted.items():
        hidden = ~np.isin(found[name]['labels'], task.seen)
        best = np.array(task.unseen)[found[name]['scores'][list(task.unseen)].argmax(axis=0)]
        assert (labels[hidden] == best[hidden]).mean() > 0.999
    assert sum(np.isin(m, task.unseen).sum() for m in free.values()) < sum(
        np.isin(m, task.unseen).sum() for m in restricted.values())
    clean = [label(p=100, restrict=on)[0] for on in (False, True)]
    assert clean[0].keys() == clean[1].keys()
    assert all((clean[0][name] == clean[1][name]).all() for name in clean[0])


def test_every_copy_removes_labels_and_adds_none(label):
    copies, before = [], label(p=100)[0]
    for copy in (dict(scale=1.5), dict(scale=1.75), dict(mirror=True)):
        copies.append(copy)
        after, summary, _ = label(p=100, copies=copies)
        for name, labels in after.items():
            kept = labels != IGNORE
            assert (labels[kept] == before[name][kept]).all()
        sizes = [sum((labels != IGNORE).sum() for labels in maps.values()) for maps in (before, after)]
        assert 0 < sizes[1] < sizes[0]
        assert sum(summary['agreed'].values()) == sizes[1] < sum(summary['candidates'].values())
        before = after
    plain, same = label(p=30)[0], label(p=30, copies=[dict(scale=1.0)])[0]
    assert plain.keys() == same.keys() and all((plain[name] == same[name]).all() for name in plain)


def test_mirrored_copy_is_mirrored_back(inputs, micro_root):
    ctx = context(micro_root, inputs, None)
    teacher = Teacher(assemble(ctx, 'seen', 'random'), ctx.task.unseen, None)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain, mirrored = teacher.predict(images, (64, 64)), teacher.predict(images.flip(-1), (64, 64), mirror=True)
        other = teacher.predict(images, (64, 64), mirror=True)
    assert (plain[0] == mirrored[0].flip(-1)).float().mean() > 0.999
    assert (plain[0] == other[0]).float().mean() < 0.99


def test_calibration_decides_but_confidence_stays(label, truth, tmp_path):
    task, found = truth
    save_calibration(tmp_path, task.seen, 0.3)
    plain = label(p=100)[0]
    maps = label(p=100, calibration='calibration', more={'calibration': tmp_path})[0]
    for name, labels in maps.items():
        scores = torch.from_numpy(found[name]['scores']).softmax(dim=0).numpy()
        scores[list(task.seen)] -= 0.3
        best = scores.argmax(axis=0)
        assert (labels == np.where(np.isin(best, task.unseen), best, IGNORE)).mean() > 0.999
    count = [sum((labels != IGNORE).sum() for labels in found.values()) for found in (plain, maps)]
    assert count[1] > count[0]


def test_diagnosis_counts_right_and_changes_nothing(label, truth):
    task, found = truth
    maps, summary, access = label(p=40)
    blind, less, without = label(p=40, diagnose=False)
    assert maps.keys() == blind.keys() and all((maps[name] == blind[name]).all() for name in maps)
    assert 'quality' not in less
    assert not any('diagnosis' in subset for subset in without)
    assert access['train for diagnosis']['unseen_pixels']
    assert audit.level(access) == audit.level(without) == 'image-oracle'
    chosen = [image for image in found.values() if np.isin(image['labels'], task.unseen).any()]
    for c in task.unseen:
        right = sum(((maps[name] == c) & (found[name]['labels'] == c)).sum() for name in maps)
        values = summary['quality'][task.spec.classes[c]]
        assert values['precision'] == pytest.approx(
            100 * right / sum(((maps[name] == c) & (found[name]['labels'] != IGNORE)).sum() for name in maps), abs=0.01)
        assert values['recall'] == pytest.approx(
            100 * right / sum((image['labels'] == c).sum() for image in chosen), abs=0.01)


@pytest.mark.parametrize('settings', [
    dict(images='some'), dict(ranking='class'), dict(rest='keep'), dict(p=101), dict(p=-1), dict(copies=[{}]),
    dict(copies=[dict(rotate=90)]), dict(unseen_images='keep')])
def test_settings_are_checked(settings):
    with pytest.raises(ValueError, match=r'must be one of|percentage|copy'):
        PseudoLabel(PIPELINE, **{'unseen_images': 'drop', **settings})
