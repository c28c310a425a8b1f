from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from zs_methods.datasets.rare_classes import repeat_factors
from zs_methods.datasets.spec import load_spec
from zs_methods.registry import DATA_SAMPLERS, DATASETS

UNSEEN = load_spec('shapes').unseen(4)
SEEN = next(c for c in range(1, 16) if c not in UNSEEN)


@pytest.fixture
def dataset(micro_root):
    def build(mode='mask', **settings):
        init_default_scope('mmseg')
        return DATASETS.build(dict(
            type='zs_methods.ZeroShotDataset', spec='shapes', data_root=str(micro_root / 'shapes'), subset='train',
            unseen=UNSEEN, unseen_images=mode, pipeline=[], **settings))
    return build


def sampler(dataset, **settings):
    return DATA_SAMPLERS.build(dict(type='zs_methods.RepeatFactorSampler', dataset=dataset, **settings))


def test_the_rarest_class_of_an_image_decides():
    present = np.zeros((100, 4), dtype=bool)
    present[:, 0] = True  # background
    present[:16, 1] = True
    present[10:11, 2] = True
    present[50:, 3] = False  # occurs nowhere
    factors = repeat_factors(present, 0.64)
    assert np.allclose(factors[:10], 2) and np.isclose(factors[10], 8)
    assert np.allclose(factors[11:16], 2) and np.allclose(factors[16:], 1)


def test_unseen_classes_have_no_say(dataset):
    for mode in ('drop', 'mask', 'keep'):
        assert not dataset(mode).presence()[:, UNSEEN].any()


def test_presence_is_that_of_the_labels_handed_out(dataset):
    data = dataset()
    classes = range(len(data.spec.classes))
    assert np.array_equal(data.presence(), [np.isin(classes, data.labels(index)) for index in range(len(data))])


def test_presence_reads_pseudo_labels_where_an_image_has_them_and_counts_no_access(dataset, tmp_path):
    Image.fromarray(np.full((8, 8), SEEN, np.uint8)).save(tmp_path / '00003.png')
    data = dataset(pseudo_labels=str(tmp_path))
    index = [Path(data.get_data_info(i)['img_path']).stem for i in range(len(data))].index('00003')
    counted = data.ledger.counts()
    assert np.flatnonzero(data.presence()[index]).tolist() == [SEEN]
    assert np.array_equal(np.delete(data.presence(), index, 0), np.delete(dataset().presence(), index, 0))
    assert np.array_equal(data.ledger.counts(), counted)


def test_images_are_drawn_in_proportion_to_their_factors(dataset):
    drawn = sampler(dataset(), threshold=0.5, seed=0)
    counts = np.bincount(list(islice(iter(drawn), 200 * len(drawn))), minlength=len(drawn))
    expected = drawn.factors.numpy() / drawn.factors.numpy().mean() * 200
    assert expected.max() > 1.5 * expected.min()
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_the_order_follows_from_the_seed(dataset):
    data = dataset()
    orders = [list(islice(iter(sampler(data, seed=seed)), 100)) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize('threshold', [0, -0.1, 1.5])
def test_a_threshold_that_is_no_share_is_refused(dataset, threshold):
    with pytest.raises(ValueError, match='threshold must be above 0 and at most 1'):
        sampler(dataset(), threshold=threshold)
