from types import SimpleNamespace

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample

from zs_methods.registry import MODELS

CONFIG = dict(
    type='zs_methods.DeepLabV3PlusHead', in_channels=(8, 16), in_index=(0, 1), channels=12, low_channels=4,
    dilations=(1, 2), num_classes=5, norm_cfg=dict(type='BN'), loss_decode=dict(type='zs_methods.WeightedCrossEntropy'))


def inputs():
    return torch.randn(2, 8, 10, 9), torch.randn(2, 16, 5, 5)


def test_features_are_what_the_last_convolution_sees():
    head = MODELS.build(CONFIG).eval()
    x = inputs()
    features = head.forward_features(x)
    assert features.shape == (2, 12, 10, 9)
    assert features.min() >= 0
    torch.testing.assert_close(head(x), head.conv_seg(features))


def test_element_wise_dropout_in_front_of_the_classifier_while_training():
    head = MODELS.build({**CONFIG, 'dropout_ratio': 0.5})
    seen = []
    head.conv_seg.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    features = torch.ones(1, 12, 10, 9)
    head.train().cls_seg(features)
    share = (seen[0] == 0).float().mean(dim=(2, 3))
    assert 0.3 < share.mean() < 0.7
    assert ((share > 0) & (share < 1)).all()  # not whole channels


def test_initialisation_by_fan_in_reaches_every_convolution():
    torch.manual_seed(0)
    head = MODELS.build({**CONFIG, 'channels': 64, 'fan_in_init': True})
    head.init_weights()
    convolutions = [module for module in head.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == 8
    for conv in convolutions:
        expected = (2 / conv.weight[0].numel()) ** 0.5
        assert abs(conv.weight.std().item() / expected - 1) < 0.25
    plain = MODELS.build({**CONFIG, 'channels': 64})
    plain.init_weights()
    assert plain.conv_seg.weight.std() < 0.02


def test_calibration_takes_gamma_from_the_probability_of_its_classes():
    torch.manual_seed(0)
    plain, same, calibrated = (MODELS.build({**CONFIG, 'calibration': c}).eval() for c in (
        None, {'classes': [0, 2], 'gamma': 0.0}, {'classes': [0, 2], 'gamma': 0.3}))
    logits, metas = torch.randn(2, 5, 6, 7), [{'img_shape': (12, 14)}]
    expected = plain.predict_by_feat(logits, metas)
    assert expected.shape == (2, 5, 12, 14)
    assert torch.equal(same.predict_by_feat(logits, metas).argmax(1), expected.argmax(1))
    taken = expected.softmax(1) - calibrated.predict_by_feat(logits, metas)
    torch.testing.assert_close(taken, torch.tensor([0.3, 0, 0.3, 0, 0])[:, None, None].expand_as(taken))
    assert (calibrated.predict_by_feat(logits, metas).argmax(1) != expected.argmax(1)).any()


def samples(labels):
    return [SegDataSample(gt_sem_seg=PixelData(data=each[None])) for each in labels]


@pytest.mark.parametrize('ignored', ['some', 'none', 'all'])
def test_losses_and_accuracy_are_those_of_mmseg(ignored):
    torch.manual_seed(0)
    head, labels = MODELS.build(CONFIG), torch.randint(5, (2, 18, 16))
    logits = torch.randn(2, 5, 9, 8, requires_grad=True)
    labels[{'some': (slice(None), slice(7)), 'none': slice(0), 'all': slice(None)}[ignored]] = 255
    ours = head.loss_by_feat(logits, samples(labels))
    expected = BaseDecodeHead.loss_by_feat(head, logits, samples(labels))
    assert ours.keys() == expected.keys() == {'loss_ce', 'acc_seg'}
    for name in ours:
        assert ours[name].shape == expected[name].shape and torch.equal(ours[name], expected[name])
    assert not ours['acc_seg'].requires_grad


def test_losses_of_one_name_add_up_and_a_sampler_is_obeyed():
    torch.manual_seed(0)
    loss, logits, labels = CONFIG['loss_decode'], torch.randn(2, 5, 9, 8), torch.randint(5, (2, 18, 16))
    twice = MODELS.build({**CONFIG, 'loss_decode': [loss, {**loss, 'loss_weight': 2.0}]})
    once = MODELS.build(CONFIG).loss_by_feat(logits, samples(labels))['loss_ce']
    torch.testing.assert_close(twice.loss_by_feat(logits, samples(labels))['loss_ce'], 3 * once)
    called = []
    twice.sampler = SimpleNamespace(sample=lambda *args: called.append(args))
    twice.loss_by_feat(logits, samples(labels))
    assert called
