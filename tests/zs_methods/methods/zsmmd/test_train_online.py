"""The interleaved loop that goes on with queues, and its control without."""

import json

import pytest
import torch
from torch import nn

from zs_methods.datasets import audit
from zs_methods.datasets.spec import IGNORE
from zs_methods.methods.zsmmd.judge import Judge
from zs_methods.methods.zsmmd.queues import Queues
from zs_methods.methods.zsmmd.train_online import OnlineLoop, TrainZSMMDJointly
from zs_methods.stages.layouts import Layout
from zs_methods.stages.projection import mask_of

CPU = torch.device('cpu')
UNSEEN = (1, 2)
#: A classifier that predicts unseen classes after three steps.
LOUD = {'joint.initial': 'uniform', 'joint.unseen_weight': 1}


def state(folders, file):
    return torch.load(folders['joint_online'] / file, weights_only=True)['state_dict']


def same(first, second, file):
    first, second = state(first, file), state(second, file)
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope='module')
def control(run_recipe):
    return run_recipe('zsmmd_control', k=6, protocol='zs3-official', **LOUD)


@pytest.fixture(scope='module')
def go_on(run_recipe, control):
    shared = {name: control[name] for name in ('seen', 'maps', 'joint')}
    return lambda name='zsmmd', **options: run_recipe(
        name, k=6, protocol='zs3-official', inputs=shared, **LOUD, **options)


def test_without_candidates_it_is_the_plain_loop_bit_for_bit(go_on, control):
    without, fed = go_on(**{'recursion.online.min_count': 10**6}), go_on(**{'recursion.online.ramp': 0.0})
    for file in ('model.pth', 'generator.pth'):
        assert same(without, control, file)
    assert not same(fed, control, 'generator.pth')


def test_it_goes_on_from_the_finished_loop(go_on, control):
    still = go_on('zsmmd_control', **{'joint.optimizer.lr': 0.0, 'joint.optimizer.weight_decay': 0.0,
                                      'joint.generator.optimizer.lr': 0.0})
    for file, changing in (('model.pth', ('running', 'num_batches')), ('generator.pth', ())):
        before = torch.load(control['joint'] / file, weights_only=True)['state_dict']
        after = state(still, file)
        assert all(torch.equal(before[name], after[name]) for name in before
                   if not any(part in name for part in changing))


def test_the_record_tells_what_was_fed_and_labels_are_read_for_the_layout_only(go_on):
    with audit.collect() as access:
        folders = go_on()
    said = json.loads((folders['joint_online'] / 'summary.json').read_text())
    assert sum(said['feedback']['candidates'].values()) > 0 and 0 <= said['feedback']['purity'] <= 1
    assert len(said['tables']) == 2
    access.pop('val')
    assert set(access) == {'train for layout'} and audit.level(access) == 'layout'


@pytest.fixture
def loop():
    """A loop whose classifier is the identity: the class of a feature is its largest coordinate."""
    made = object.__new__(OnlineLoop)
    made.conv = nn.Conv2d(3, 3, 1)
    made.conv.load_state_dict({'weight': torch.eye(3)[:, :, None, None], 'bias': torch.zeros(3)})
    made.judge = Judge(lambda rows: rows, UNSEEN)
    made.settings = dict(gate=dict(type='rank', share=0.5), power=2.0, per_image=2, weight=3.0, ramp=0.5)
    made.queues, made.wanted = Queues(2, 8, 3, CPU), mask_of(UNSEEN, IGNORE + 1, CPU)
    made.place = made.wanted.long().cumsum(0) - 1
    made.stream, made.right = torch.Generator().manual_seed(0), torch.zeros(2, dtype=torch.int64)
    made.total, made.done = 8, [0]
    return made


def test_a_queue_holds_confident_pixels_of_images_with_unseen_classes(loop):
    features = torch.zeros(2, 3, 2, 3)
    features[:, 1] = torch.tensor([[6.0, 5, 4], [3, 2, 1]])  # all are predicted as class 1
    labels = torch.tensor([[[1, 2, 1], [0, 0, 0]]] * 2)
    loop.collect(features, Layout(labels, labels, torch.tensor([True, False]), torch.zeros(2)))
    kept = loop.queues.features[0][loop.queues.weights[0] > 0]
    assert loop.queues.added.tolist() == [2, 0]  # of the three that pass, two of an image; none of the seen-only one
    assert set(kept[:, 1].tolist()) <= {6.0, 5.0, 4.0} and len(kept) == 2
    confidence = kept.softmax(dim=1)[:, 1]
    torch.testing.assert_close(loop.queues.weights[0][loop.queues.weights[0] > 0], confidence ** 2)
    assert loop.right.tolist() == [int(sum(value != 5 for value in kept[:, 1].tolist())), 0]


def test_the_weight_grows_to_its_full_size(loop):
    found = []
    for step in range(8):
        loop.done[0] = step
        found.append(loop.weight())
    assert found == [0.75, 1.5, 2.25, 3, 3, 3, 3, 3]
    loop.settings['ramp'] = 0.0
    assert loop.weight() == 3


@pytest.mark.parametrize(('changes', 'message'), [
    ({'layout': 'relabel', 'unseen_images': 'drop'}, "only layout 'ground-truth' shows images with unseen classes"),
    ({'feedback': {'queue': 7, 'per_image': 4}}, 'a queue of 7 is too short for a batch: 8 are needed')])
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainZSMMDJointly(**{
            'feedback': {'queue': 8, 'per_image': 4}, 'model': {}, 'loss': {}, 'vectors': {}, 'generator': {},
            'optimizer': {}, 'pipeline': [], 'loader': {}, 'unseen_images': 'keep', 'layout': 'ground-truth',
            'batch_size': 2, 'unseen_weight': 1, 'iterations': 1, **changes})
