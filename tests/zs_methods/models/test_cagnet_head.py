"""Tests of CaGNet's head: which part learns from which loss, and batches without this or that."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead
from zs_methods.registry import MODELS


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = MODELS.build(dict(
        type='zs_methods.CaGNetHead', in_channels=(4, 8), in_index=(0, 1), channels=6, low_channels=3, dilations=(1, 2),
        dropouts=(0.0, 0.0), dropout_ratio=0.1, num_classes=5, norm_cfg=dict(type='BN'), vector_dim=4, shared_dim=7,
        contextual=dict(channels=4), generator=dict(hidden_dims=(8, 8), dropouts=(0.0, 0.1)), runs=16, run_length=5,
        loss_decode=dict(type='zs_methods.WeightedCrossEntropy')))
    head.vectors.normal_()
    return head


def inputs():
    torch.manual_seed(1)
    return torch.randn(2, 4, 8, 8), torch.randn(2, 8, 4, 4)


def samples(labels):
    return [SegDataSample(gt_sem_seg=PixelData(data=map_[None])) for map_ in labels]


def learning(head, loss):
    """Names of the head's parts that a loss changes."""
    head.zero_grad()
    loss.backward(retain_graph=True)
    return {name.split('.')[0] for name, value in head.named_parameters()
            if value.grad is not None and value.grad.abs().sum() > 0}


MADE_BEFORE = {'aspp', 'low', 'decoder'}


def test_every_loss_trains_its_own_parts(head):
    losses = head.loss(inputs(), samples(torch.randint(0, 5, (2, 32, 32))), {})
    assert {name for name in losses if name.startswith('loss')} == {
        'loss_ce', 'loss_kl', 'loss_content', 'loss_adversarial', 'loss_discriminator'}
    assert learning(head, losses['loss_ce']) == MADE_BEFORE | {'contextual', 'shared', 'conv_seg'}
    assert learning(head, losses['loss_kl']) == MADE_BEFORE | {'contextual'}
    assert learning(head, losses['loss_content']) == {'generator'}
    assert learning(head, losses['loss_adversarial']) == {'generator'}
    assert learning(head, losses['loss_discriminator']) == {'shared', 'realness'}
    classes, real, latents = torch.tensor([1, 4]), torch.rand(2, 5, 6), torch.rand(2, 5, 6)
    fake = head.generative_losses(classes, real, latents, torch.ones(2, 5, dtype=torch.bool), fake_weight=0.25)
    assert learning(head, fake['loss_ce_fake']) == {'shared', 'conv_seg'}


@pytest.mark.parametrize('factor', [1.0, 0.5, 0.0])
def test_cross_entropy_trains_what_is_before_the_classifier_with_a_weight_of_its_own(head, factor):
    def gradients(weight):
        head.backbone_weight = weight
        head.zero_grad()
        torch.manual_seed(2)
        head.loss(inputs(), samples(torch.arange(2 * 32 * 32).reshape(2, 32, 32) % 5), {})['loss_ce'].backward()
        return {name: value.grad.clone() for name, value in head.named_parameters() if value.grad is not None}

    whole, part = gradients(1.0), gradients(factor)
    torch.testing.assert_close(part['conv_seg.weight'], whole['conv_seg.weight'])
    torch.testing.assert_close(part['shared.0.weight'], whole['shared.0.weight'])
    name = 'decoder.2.conv.weight'
    torch.testing.assert_close(part.get(name, torch.zeros_like(whole[name])), factor * whole[name])


def test_adversarial_losses_are_distances_of_a_sigmoid_to_its_target(head):
    real, latents = torch.rand(2, 2, 16, 6)
    inside = torch.ones(2, 16, dtype=torch.bool)
    for score in (0.0, -1.5):  # one score for all pixels, before the sigmoid
        with torch.no_grad():
            head.realness.weight.zero_()
            head.realness.bias.fill_(score)
        chance = torch.tensor(score).sigmoid()
        losses = head.generative_losses(torch.tensor([1, 4]), real, latents, inside)
        torch.testing.assert_close(losses['loss_adversarial'], 1 - chance)
        torch.testing.assert_close(losses['loss_discriminator'], (1 - chance) + chance)
    head.eval()
    with torch.no_grad():
        head.realness.weight.normal_()
    fake = head.generator(head.vectors[[1, 4]][:, None].expand(-1, 16, -1), latents).reshape(-1, 6)
    losses = head.generative_losses(torch.tensor([1, 4]), real, latents, inside)
    scores = [(F.relu(x @ head.shared[0].weight[:, :, 0, 0].T + head.shared[0].bias) @ head.realness.weight[0, :, 0, 0]
               + head.realness.bias).sigmoid() for x in (real.reshape(-1, 6), fake)]
    torch.testing.assert_close(losses['loss_discriminator'], (scores[0] - 1).abs().mean() + scores[1].abs().mean())
    torch.testing.assert_close(losses['loss_adversarial'], (scores[1] - 1).abs().mean())


def test_content_loss_is_that_of_the_code_with_its_kernel_weights(head):
    """Mean over runs of the root of sum_v w^T K_v w, with the code's w of 1 / 2m and -1 / 2m in two columns."""
    head.eval()
    real, latents = torch.rand(3, 5, 6), torch.randn(3, 5, 6)
    inside = torch.arange(5) < torch.tensor([5, 3, 1])[:, None]
    classes = torch.tensor([0, 3, 3])
    expected = []
    for i, m in enumerate((5, 3, 1)):
        z = torch.cat([head.generator(head.vectors[classes[i]].expand(m, -1), latents[i, :m]), real[i, :m]])
        w = torch.tensor([[1.0, -1.0]] * m + [[-1.0, 1.0]] * m) / (2 * m)
        kernel = sum(torch.exp(-torch.cdist(z, z).square() / (2 * v)) for v in (2, 5, 10, 20, 40, 60))
        expected.append(((w @ w.T) * kernel).sum().sqrt())
    ours = head.generative_losses(classes, real, latents, inside)['loss_content']
    torch.testing.assert_close(ours, 50 * sum(expected) / 3, rtol=1e-3, atol=1e-4)


def test_what_is_outside_of_a_run_counts_nowhere(head):
    head.eval()
    real, latents = torch.rand(2, 5, 6), torch.randn(2, 5, 6)
    inside = torch.arange(5) < torch.tensor([5, 2])[:, None]
    before = head.generative_losses(torch.tensor([0, 3]), real, latents, inside)
    changed = head.generative_losses(torch.tensor([0, 3]), torch.where(inside[..., None], real, 9.0),
                                     torch.where(inside[..., None], latents, 9.0), inside)
    for name, value in before.items():
        torch.testing.assert_close(changed[name], value, rtol=1e-5, atol=1e-5)  # sums in another order


def test_what_cagnet_adds_is_drawn_by_fan_in_without_bias(head):
    head.init_weights()
    deviation = (head.shared[0].weight.std() * (6 / 2)**0.5).item()
    assert deviation == pytest.approx(1, abs=0.4)
    assert all(part.bias.abs().max() == 0 for part in (head.shared[0], head.conv_seg, head.realness))


@pytest.mark.parametrize('labels', ['one class', 'missing classes', 'one pixel', 'all ignored', 'one ignored image'])
def test_losses_and_gradients_are_finite(head, labels):
    maps = {'one class': torch.full((2, 32, 32), 3), 'missing classes': torch.randint(0, 2, (2, 32, 32)) * 4,
            'one pixel': torch.full((2, 32, 32), 255), 'all ignored': torch.full((2, 32, 32), 255),
            'one ignored image': torch.randint(0, 5, (2, 32, 32))}[labels]
    if labels == 'one pixel':
        maps[1, 4, 4] = 2
    if labels == 'one ignored image':
        maps[0] = 255
    losses = head.loss(inputs(), samples(maps), {})
    total = sum(value for name, value in losses.items() if name.startswith('loss'))
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(value.grad).all() for value in head.parameters() if value.grad is not None)
    if labels == 'all ignored':
        assert losses['loss_content'] == losses['loss_adversarial'] == losses['loss_discriminator'] == 0


def test_features_of_the_classifier_are_contextual_ones(head):
    head.eval()
    batch = inputs()
    plain = DeepLabV3PlusHead.forward_features(head, batch)
    assert plain.min() < 0  # no ReLU at the decoder's end
    mean, log_variance = head.contextual(plain)
    expected = torch.sigmoid(plain + plain * torch.sigmoid(mean))
    torch.testing.assert_close(head.forward_features(batch), expected)
    torch.testing.assert_close(head.forward(batch), head.cls_seg(expected))
    torch.testing.assert_close(head.bank_features(batch), torch.cat([plain, mean, log_variance], dim=1))


def test_latent_is_drawn_in_training_and_its_mean_otherwise(head):
    batch = inputs()
    assert not torch.equal(head.forward_features(batch), head.forward_features(batch))
    head.eval()
    assert torch.equal(head.forward_features(batch), head.forward_features(batch))
    encoded = head.encode(batch)
    standard = (encoded.draw() - encoded.mean) / (0.5 * encoded.log_variance).exp()
    assert abs(standard.mean()) < 0.15 and abs(standard.std() - 1) < 0.1


def test_single_pixels_are_classified_like_maps(head):
    head.eval()
    features = torch.rand(2, 6, 3, 4)
    rows = head.classify(features.permute(0, 2, 3, 1).reshape(-1, 6))
    torch.testing.assert_close(rows, head.cls_seg(features).permute(0, 2, 3, 1).reshape(-1, 5))
