"""Predictions and confidences of a classifier, with or without the weight that it was trained with."""

import torch

from zs_methods.datasets.spec import IGNORE
from zs_methods.methods.zsmmd.judge import Judge, leading
from zs_methods.stages.projection import mask_of


def test_without_a_weight_it_is_the_joint_prediction():
    scores = torch.randn(50, 6)
    classes, confidence = Judge(lambda rows: rows, (1, 4))(scores)
    torch.testing.assert_close(confidence, scores.softmax(dim=1).max(dim=1).values)
    assert torch.equal(classes, scores.argmax(dim=1))


def test_the_weight_of_unseen_classes_is_taken_out_of_the_odds():
    features = torch.tensor([[0.6, 0.4], [0.1, 0.9], [0.05, 0.95]]).log()
    classes, confidence = Judge(lambda rows: rows, (1,), trained_with=10)(features)
    assert classes.tolist() == [0, 0, 1]
    torch.testing.assert_close(confidence, torch.tensor([0.6 / 0.64, 0.1 / 0.19, 0.095 / 0.145]))
    assert torch.equal(features, torch.tensor([[0.6, 0.4], [0.1, 0.9], [0.05, 0.95]]).log())  # as it was


def test_only_the_leading_unseen_class_of_an_image_is_agreed_upon():
    maps = torch.tensor([[[0, 0, 1, 1], [0, 2, 1, 0]], [[0, 0, 0, 0], [0, 2, 0, 0]], [[0, 0, 0, 0], [0, 0, 0, 0]]])
    wanted = mask_of((1, 2), IGNORE + 1, torch.device('cpu'))
    assert torch.equal(leading(maps, wanted, 0.2), (maps == 1))
    assert torch.equal(leading(maps, wanted, 0.1), (maps == 1) | ((maps == 2) & (torch.arange(3) == 1)[:, None, None]))
