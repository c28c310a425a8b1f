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


def test_a_class_without_ground_truth_is_left_out_and_harmonic_of_zeros_is_zero():
    confusion = np.array([[5, 0, 1], [0, 4, 0], [0, 0, 0]])
    assert np.isnan(per_class_iou(confusion)).tolist() == [False, False, True]
    assert scores(confusion, unseen=[2])['unseen']['miou'] == 0
    assert scores(confusion, unseen=[])['seen']['miou'] == pytest.approx(100 * (5 / 6 + 1) / 2)
    assert harmonic(0, 0) == 0


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
