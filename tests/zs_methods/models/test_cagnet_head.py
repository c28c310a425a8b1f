"""Tests of CaGNet's head: which part learns from which loss, and batches without this or that."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from zs_methods.models.decode_heads.deeplabv3plus_head import DeepLabV3PlusHead
from zs_methods.registry import MODELS


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = MODELS.build(dict(
        type='zs_methods.CaGNetHead', in_channels=(4, 8), in_index=(0, 1), channels=6, low_channels=3, dilations=(1, 2),
        dropouts=(0.0, 0.0), dropout_ratio=0.1, num_classes=5, norm_cfg=dict(type='BN'), vector_dim=4, shared_dim=7,
        contextual=dict(channels=4), generator=dict(hidden_dim=8), samples=16,
        loss_decode=dict(type='zs_methods.WeightedCrossEntropy', loss_weight=0.5)))
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
    assert learning(head, losses['loss_content']) == MADE_BEFORE | {'contextual', 'generator'}
    assert learning(head, losses['loss_adversarial']) == MADE_BEFORE | {'contextual', 'generator'}
    assert learning(head, losses['loss_discriminator']) == {'shared', 'realness'}


def test_discriminator_is_trained_towards_one_for_real_and_zero_for_generated(head):
    real, latents = torch.rand(2, 2, 16, 6)
    with torch.no_grad():
        head.realness.weight.zero_()
        head.realness.bias.fill_(1.0)  # all looks real
    fooled = head.generative_losses(torch.tensor([1, 4]), real, latents)
    torch.testing.assert_close(fooled['loss_adversarial'], torch.tensor(0.0))
    torch.testing.assert_close(fooled['loss_discriminator'], torch.tensor(1.0))
    with torch.no_grad():
        head.realness.bias.fill_(0.25)
    losses = head.generative_losses(torch.tensor([1, 4]), real, latents)
    torch.testing.assert_close(losses['loss_adversarial'], torch.tensor(0.75**2))
    torch.testing.assert_close(losses['loss_discriminator'], torch.tensor(0.75**2 + 0.25**2))


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


def test_features_are_weighted_by_their_context(head):
    head.eval()
    batch = inputs()
    plain = DeepLabV3PlusHead.forward_features(head, batch)
    mean, log_variance = head.contextual(plain)
    expected = plain * (1 + mean.sigmoid())
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
