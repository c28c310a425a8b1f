"""Tests of JoEm's prediction by prototypes."""

import pytest
import torch

from zs_methods.registry import MODELS


def build(sigma=0.5, **settings):
    torch.manual_seed(0)
    head = MODELS.build({**dict(
        type='zs_methods.JoEmHead', in_channels=(4, 8), in_index=(0, 1), channels=6, low_channels=3, dilations=(1, 2),
        dropouts=(0.0, 0.0), dropout_ratio=0.1, num_classes=5, norm_cfg=dict(type='BN'), vector_dim=4, unseen=[1, 3],
        background=0, sigma=sigma), **settings})
    head.vectors.normal_()
    return head.eval()


def decided(head, distances):
    """The decision for rows of squared distances (n, C)."""
    return head.decide(-distances.T[None, :, :, None]).argmax(dim=1).flatten()


def by_brute_force(distances, unseen, ignored, sigma):
    answers = []
    for row in distances.tolist():
        allowed = [c for c in range(len(row)) if c not in ignored]
        first, second = sorted(allowed, key=lambda c: row[c])[:2]
        answers.append(min((first, second), key=lambda c: row[c] * (sigma if c in unseen else 1)))
    return answers


@pytest.mark.parametrize('ignored', [[], [0], [0, 1]])
@pytest.mark.parametrize('sigma', [0.3, 0.5, 1.0])
def test_decision_agrees_with_brute_force(sigma, ignored):
    torch.manual_seed(1)
    distances = torch.rand(500, 5) * 3
    head = build(sigma, ignored=ignored)
    assert decided(head, distances).tolist() == by_brute_force(distances, [1, 3], ignored, sigma)


def test_sigma_one_is_the_nearest_prototype_and_less_prefers_unseen_classes():
    torch.manual_seed(2)
    distances = torch.rand(500, 5)
    nearest = decided(build(1.0), distances)
    assert torch.equal(nearest, distances.argmin(dim=1))
    shrunk = decided(build(0.5), distances)
    changed = shrunk != nearest
    assert changed.any() and torch.isin(shrunk[changed], torch.tensor([1, 3])).all()
    second = distances.topk(2, dim=1, largest=False).indices[:, 1]
    assert torch.equal(shrunk[changed], second[changed])


def test_an_unseen_class_behind_the_two_nearest_stays_behind():
    distances = torch.tensor([[1.0, 1.2, 1.1, 9.0, 9.0]])  # 0.5 * 1.2 would be the smallest of all
    assert decided(build(0.5), distances).tolist() == [0]


def test_scores_are_negative_squared_distances_to_the_encoded_vectors():
    head = build()
    features = torch.randn(2, 6, 3, 4)
    prototypes = head.semantic_encoder(head.vectors)
    expected = -(features[:, None] - prototypes[None, :, :, None, None]).square().sum(dim=2)
    torch.testing.assert_close(head.cls_seg(features), expected, rtol=1e-4, atol=1e-4)
    head.train()
    head.dropout.eval()
    torch.testing.assert_close(head.cls_seg(features), head.conv_seg(features))


def test_ignored_classes_are_never_predicted_not_even_after_interpolation():
    head = build(ignored=[0, 2])
    with torch.no_grad():  # prototypes of the ignored classes sit on the features, the others far away
        features = torch.randn(1, 6, 4, 4) * 0.01
        head.semantic_encoder.weight.zero_()
        head.semantic_encoder.bias.zero_()
        head.vectors.copy_(torch.eye(5, 4) * 0)
        head.vectors[[1, 3, 4], 0] = torch.tensor([1.0, 2.0, 3.0])
        head.semantic_encoder.weight[:, 0] = 1e3
        scores = head.predict_by_feat(head.cls_seg(features), [{'img_shape': (7, 9)}])
    larger = torch.nn.functional.interpolate(scores, size=(20, 31), mode='bilinear')
    for map_ in (scores, larger):
        assert torch.isfinite(map_).all()
        assert not torch.isin(map_.argmax(dim=1), torch.tensor([0, 2])).any()


def test_relations_are_those_of_seen_classes_without_background():
    assert build(ignored=[]).related == [2, 4]
    assert build(background=None).related == [0, 2, 4]


@pytest.mark.parametrize('settings', [dict(sigma=0.0), dict(sigma=1.2), dict(calibration=dict(classes=[0], gamma=0.1))])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match='sigma'):
        build(**settings)
