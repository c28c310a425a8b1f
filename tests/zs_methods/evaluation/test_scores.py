import numpy as np
import pytest

from zs_methods.evaluation.scores import (
    confusion_matrix,
    harmonic,
    pack_sparse,
    per_class_iou,
    scores,
    sparse,
    unpack_sparse,
)
from zs_methods.registry import METRICS


def test_confusion_matrix_equals_a_loop_and_skips_ignored_pixels():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, 4, (6, 7)).astype(np.uint8), rng.integers(0, 4, (6, 7))
    truth[0] = 255
    expected = np.zeros((4, 4), int)
    for t, p in zip(truth.ravel(), prediction.ravel(), strict=True):
        if t != 255:
            expected[t, p] += 1
    assert (confusion_matrix(truth, prediction, 4) == expected).all()


def test_scores_of_a_matrix_worked_out_by_hand():
    confusion = np.array([[8, 2, 0], [1, 4, 0], [3, 0, 2]])
    result = scores(confusion, unseen=[2])
    iou = [8 / 14, 4 / 7, 2 / 5]
    assert result['seen'] == pytest.approx({'pa': 100 * 12 / 15, 'ma': 100 * (0.8 + 0.8) / 2,
                                            'miou': 100 * (iou[0] + iou[1]) / 2})
    assert result['unseen'] == pytest.approx({'pa': 40.0, 'ma': 40.0, 'miou': 40.0})
    assert result['overall']['miou'] == pytest.approx(100 * sum(iou) / 3)
    seen, unseen = result['seen']['miou'], result['unseen']['miou']
    assert result['hiou'] == pytest.approx(2 * seen * unseen / (seen + unseen))


def test_overall_is_the_class_weighted_mean_of_seen_and_unseen():
    confusion = np.random.default_rng(1).integers(1, 50, (6, 6))
    result = scores(confusion, unseen=[1, 4])
    for name in ('ma', 'miou'):
        assert result['overall'][name] == pytest.approx((4 * result['seen'][name] + 2 * result['unseen'][name]) / 6)


NOTHING = {'pa': None, 'ma': None, 'miou': None}


def test_a_class_without_ground_truth_is_left_out_though_it_was_predicted():
    confusion = np.array([[5, 0, 1], [0, 4, 0], [0, 0, 0]])
    assert np.isnan(per_class_iou(confusion)).tolist() == [False, False, True]
    for unseen in ([], [2], [1, 2]):
        assert scores(confusion, unseen)['overall']['miou'] == pytest.approx(100 * (5 / 6 + 1) / 2)
    assert scores(confusion, unseen=[1, 2])['unseen']['miou'] == 100


def test_what_was_not_measured_is_none_and_what_was_missed_is_zero():
    confusion = np.array([[5, 0, 1], [0, 4, 0], [0, 0, 0]])
    found = scores(confusion, unseen=[2])
    assert (found['unseen'], found['hiou']) == (NOTHING, None) and found['seen'] == found['overall']
    found = scores(confusion, unseen=[0, 1])
    assert (found['seen'], found['hiou']) == (NOTHING, None) and found['unseen'] == found['overall']
    missed = scores([[0, 3], [2, 0]], unseen=[1])
    assert missed['unseen'] == {'pa': 0, 'ma': 0, 'miou': 0} and missed['hiou'] == 0
    assert scores(np.zeros((3, 3)), unseen=[2]) == {**dict.fromkeys(('seen', 'unseen', 'overall'), NOTHING),
                                                    'hiou': None}


@pytest.mark.parametrize('seed', range(20))
def test_a_score_is_there_if_and_only_if_its_classes_have_ground_truth(seed):
    rng = np.random.default_rng(seed)
    confusion = rng.integers(0, 9, (6, 6)) * (rng.random((6, 1)) < 0.4)  # most rows are empty
    unseen = np.flatnonzero(rng.random(6) < 0.4)
    found, present = scores(confusion, unseen), np.flatnonzero(confusion.sum(axis=1))
    there = {'seen': set(present) - set(unseen), 'unseen': set(present) & set(unseen), 'overall': set(present)}
    for group, classes in there.items():
        assert all((value is not None) == bool(classes) for value in found[group].values())
        assert all(value is None or 0 <= value <= 100 for value in found[group].values())
    assert (found['hiou'] is not None) == bool(there['seen'] and there['unseen'])
    assert found['hiou'] == harmonic(found['seen']['miou'], found['unseen']['miou'])


def test_the_harmonic_mean_of_what_was_measured():
    assert harmonic(0, 0) == harmonic(50, 0) == 0 and harmonic(40, 60) == 48
    assert harmonic(None, 0) is harmonic(50, None) is harmonic(None, None) is None


def test_counts_stay_exact_where_float32_would_not():
    confusion = np.diag([2**24 + 1, 1])
    assert scores(confusion, [1])['seen']['pa'] == 100
    assert confusion_matrix(np.zeros(3, np.uint8), np.zeros(3, int), 2).dtype == np.int64


def test_sparse_packing_is_lossless():
    matrices = np.random.default_rng(2).integers(0, 3, (5, 4, 4))
    assert (unpack_sparse(pack_sparse([sparse(matrix) for matrix in matrices]), 5, 4) == matrices).all()
    assert unpack_sparse(pack_sparse([]), 0, 4).shape == (0, 4, 4)


def test_metric_adds_up_images_like_one_matrix():
    import torch
    metric = METRICS.build(dict(type='zs_methods.ZeroShotMetric', unseen=[2]))
    metric.dataset_meta = {'classes': ['a', 'b', 'c']}
    rng, total = np.random.default_rng(3), np.zeros((3, 3), int)
    for _ in range(4):
        truth, prediction = rng.integers(0, 3, (1, 5, 5)), rng.integers(0, 3, (1, 5, 5))
        metric.process({}, [{'gt_sem_seg': {'data': torch.from_numpy(truth)},
                             'pred_sem_seg': {'data': torch.from_numpy(prediction)}}])
        total += confusion_matrix(truth, prediction, 3)
    result = metric.evaluate(4)
    assert result['gzs3/hiou'] == pytest.approx(scores(total, [2])['hiou'])
    assert result['gzs3/seen_miou'] == pytest.approx(scores(total, [2])['seen']['miou'])


def test_metric_says_nan_of_what_it_did_not_measure():
    import torch
    metric = METRICS.build(dict(type='zs_methods.ZeroShotMetric', unseen=[2]))
    metric.dataset_meta = {'classes': ['a', 'b', 'c']}
    labels = {'data': torch.zeros(1, 4, 4, dtype=torch.long)}
    metric.process({}, [{'gt_sem_seg': labels, 'pred_sem_seg': labels}])
    result = metric.evaluate(1)
    assert result['gzs3/seen_miou'] == 100
    assert all(np.isnan(result[f'gzs3/{name}']) for name in ('unseen_miou', 'unseen_pa', 'unseen_ma', 'hiou'))
