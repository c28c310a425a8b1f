"""What is taken for unseen classes: a faithful sample of all predictions, and no label read."""

import numpy as np
import pytest
import torch

from zs_methods.datasets import audit, load_spec
from zs_methods.methods.zsmmd.gather_candidates import GatherCandidates
from zs_methods.protocols import PROTOCOLS
from zs_methods.stages.network import build_dataset, load_network
from zs_methods.stages.parts import load_classifier
from zs_methods.task import Task

CPU, UNSEEN = torch.device('cpu'), load_spec('shapes').unseen(2)


def bank(folders):
    with np.load(folders['candidates_1'] / 'bank.npz', allow_pickle=False) as found:
        return dict(found)


@pytest.fixture(scope='module')
def gathered(recurse):
    return recurse()


def predictions(folders, root):
    """The judge's class of every pixel of every training image, one image at a time."""
    network, judge = load_network(folders['seen'], CPU), load_classifier(folders['judge_1'], CPU)
    pipeline = [dict(type='LoadImageFromFile', color_type='color_ignore_orientation'), dict(type='PackSegInputs')]
    dataset = build_dataset(Task.create('shapes', 2, root, PROTOCOLS['zs3-clean']), 'train', pipeline, 'keep')
    with torch.no_grad():
        for index in range(len(dataset)):
            data = network.data_preprocessor({name: [value] for name, value in dataset[index].items()}, False)
            features = network.decode_head.forward_features(network.extract_feat(data['inputs']))[0]
            yield judge(features.flatten(1).T).softmax(dim=1).max(dim=1)


def test_all_that_is_predicted_as_an_unseen_class_is_there_with_its_confidence(gathered, micro_root, said):
    found = bank(gathered)
    assert sorted(found) == ['classes', 'confidence', 'features', 'images', 'pixels', 'positions', 'sizes']
    assert len(found['sizes']) == 60  # all training images, none picked by its labels
    expected = {}
    for image, (confidence, classes) in enumerate(predictions(gathered, micro_root)):
        for c in UNSEEN:
            expected |= {(image, at): (c, confidence[at].item()) for at in (classes == c).nonzero()[:, 0].tolist()}
    places = list(zip(found['images'].tolist(), found['positions'].tolist(), strict=True))
    assert len(expected) > 100 and abs(len(set(places) ^ set(expected))) <= 4  # batches round differently
    shared = [(at, expected[place]) for at, place in enumerate(places) if place in expected]
    assert all(found['classes'][at] == c for at, (c, _) in shared)
    np.testing.assert_allclose(found['confidence'][[at for at, _ in shared]], [q for _, (_, q) in shared], atol=1e-4)
    assert (found['pixels'] == 1).all()
    assert sum(said(gathered, 'candidates_1')['predicted'].values()) == len(places)


def test_a_sample_stands_for_all_and_a_rare_class_keeps_more_of_each_image(recurse, gathered):
    whole, sample = bank(gathered), bank(recurse(**{'recursion.candidates.per_image': 4}))
    groups = [(bank['images'].astype(int) * 256 + bank['classes'], bank['pixels']) for bank in (whole, sample)]
    counts = [np.bincount(group, pixels, minlength=60 * 256) for group, pixels in groups]
    np.testing.assert_allclose(*counts, rtol=1e-5)
    assert np.bincount(groups[1][0]).max() == 4
    limited = bank(recurse(**{'recursion.candidates.limit': 30}))
    rows = [np.bincount(bank['classes'], minlength=21)[list(UNSEEN)] for bank in (whole, limited)]
    assert (rows[1] == np.minimum(rows[0], 30)).all()
    np.testing.assert_allclose(np.bincount(limited['classes'], limited['pixels'], minlength=21)[list(UNSEEN)], rows[0],
                               rtol=1e-5)


def test_agreement_leaves_one_class_to_an_image(recurse, gathered):
    some, whole = bank(recurse(**{'recursion.agreement': 0.05})), bank(gathered)
    pairs = set(zip(some['images'].tolist(), some['classes'].tolist(), strict=True))
    assert 0 < len(some['classes']) < len(whole['classes'])
    assert len({image for image, _ in pairs}) == len(pairs)


def test_synthetic_features_count_for_the_class_they_were_generated_for(recurse, said):
    folders = recurse('synthetic')
    found = bank(folders)
    assert sorted(found) == ['classes', 'confidence', 'features', 'pixels']
    classes = load_classifier(folders['judge_1'], CPU)(torch.from_numpy(found['features'])).argmax(dim=1).numpy()
    assert (classes == found['classes']).mean() > 0.999 and (np.bincount(found['classes']) <= 1024).all()
    assert said(folders, 'candidates_1')['images'] == 0


@pytest.mark.parametrize(('source', 'images', 'level'), [
    ('unlabelled', 'all', 'none'), ('unlabelled', 'dropped', 'image-oracle'), ('seen-images', 'all', 'image-filter'),
    ('synthetic', 'all', 'none')])
def test_no_mask_is_read_and_images_are_chosen_only_as_declared(recurse, source, images, level):
    with audit.collect() as access:
        recurse(source, **{'recursion.images': images})  # judge, candidates and generator; the trunk is there
    assert audit.level(access) == level
    assert not any(counts['images'] or counts['unseen_pixels'] for counts in access.values())
    assert bool(access) == (source != 'synthetic')


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match='give either unseen_images or generator'):
        GatherCandidates('judge_1')
    with pytest.raises(ValueError, match='are numbers from 1, got 0'):
        GatherCandidates('judge_1', unseen_images='keep', per_image=0)
