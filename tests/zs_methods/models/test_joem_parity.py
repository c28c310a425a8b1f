"""JoEm against writings of its own code's formulas (cvlab-yonsei/JoEm 06ee1fc) in numpy and plain torch.

No expected value comes from the losses, the head or the helpers that are tested.
"""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from zs_methods.registry import MODELS

EXACT = dict(rtol=1e-5, atol=1e-5)


def nearest(labels, size):
    """Nearest neighbour of one map (H, W): row i comes from row floor(i H / h)."""
    height, width = labels.shape
    rows = [i * height // size[0] for i in range(size[0])]
    columns = [j * width // size[1] for j in range(size[1])]
    return labels[rows][:, columns]


def bilinear(length, size):
    """The matrix (size, length) of linear interpolation whose pixels are areas, that is align_corners=False."""
    matrix = np.zeros((size, length))
    for i in range(size):
        at = max((i + 0.5) * length / size - 0.5, 0)
        low = min(int(at), length - 1)
        matrix[i, low] += 1 - (at - low)
        matrix[i, min(low + 1, length - 1)] += at - low
    return torch.tensor(matrix, dtype=torch.float64)


def resized(maps, size):
    """Bilinear interpolation of (N, C, h, w)."""
    return torch.einsum('ih,nchw,jw->ncij', bilinear(maps.shape[2], size[0]), maps, bilinear(maps.shape[3], size[1]))


def expected_bar(features, labels, vectors, encoder, ratio):
    """Embeddings are laid out at the truncated share of the features' size, blended, and then encoded."""
    _, _, height, width = features.shape
    padded = torch.cat([vectors, torch.zeros(1, vectors.shape[1])]).double()
    terms = []
    for image, own in zip(features, labels, strict=True):
        small = nearest(own.numpy(), (int(height * ratio), int(width * ratio)))
        small = torch.from_numpy(np.where(small == 255, len(vectors), small))
        blended = resized(padded[small].permute(2, 0, 1)[None], (height, width))[0].permute(1, 2, 0)
        target = blended @ encoder.weight.double().T + encoder.bias.double()
        kept = torch.from_numpy(nearest(own.numpy(), (height, width)) != 255)
        terms.append((target[kept] - image.double().permute(1, 2, 0)[kept]) ** 2)
    return torch.cat(terms).mean()  # over pixels and channels


@pytest.mark.parametrize(('ratio', 'size', 'image'), [
    (0.25, (10, 14), (40, 56)), (0.25, (11, 7), (43, 27)), (0.5, (11, 13), (44, 52)), (1.0, (6, 8), (24, 32))])
def test_boundary_aware_regression(ratio, size, image):
    torch.manual_seed(0)
    labels = torch.randint(0, 5, (2, 4, 4)).repeat_interleave(image[0], 1)[:, ::4].repeat_interleave(image[1], 2)[
        :, :, ::4]
    labels[torch.rand(labels.shape) < 0.2] = 255
    features = torch.randn(2, 6, *size, requires_grad=True)
    vectors, encoder = torch.randn(5, 4), nn.Linear(4, 6)
    inputs = [features, encoder.weight, encoder.bias]
    expected = expected_bar(features, labels, vectors, encoder, ratio)
    prototypes = encoder(torch.cat([vectors, torch.zeros(1, 4)]))
    found = MODELS.build(dict(type='zs_methods.BARLoss', ratio=ratio))(features, labels, prototypes)
    torch.testing.assert_close(found, expected.float(), **EXACT)
    for ours, theirs in zip(torch.autograd.grad(found, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(ours, theirs, **EXACT)


@pytest.mark.parametrize('context', [False, True])
def test_semantic_consistency(context):
    """Pascal-Context's script takes the batch mean of every class alone, so that it divides by their number twice."""
    torch.manual_seed(1)
    vectors, prototypes = torch.rand(6, 5), torch.randn(6, 4, requires_grad=True)
    expected = 0
    for i in range(6):
        wanted = np.exp(-7 * np.linalg.norm(vectors.numpy()[i] - vectors.numpy(), axis=1))
        wanted = torch.from_numpy(wanted / wanted.sum())
        own = prototypes.double()
        squares = ((own[i] - own) ** 2).sum(dim=1)
        distance = torch.where(squares > 0, squares.clamp(min=1e-30).sqrt(), squares)
        found = -distance - (-distance).exp().sum().log()
        term = (wanted * (wanted.log() - found)).sum()
        expected = expected + (term / 6 if context else term)
    expected = 0.3 * expected / 6
    loss = MODELS.build(dict(
        type='zs_methods.SemanticConsistencyLoss', temperature=7.0, loss_weight=0.3, divided=context))
    ours = loss(vectors, prototypes)
    torch.testing.assert_close(ours, expected.float(), **EXACT)
    torch.testing.assert_close(
        torch.autograd.grad(ours, prototypes)[0], torch.autograd.grad(expected, prototypes)[0], **EXACT)


def build(**settings):
    torch.manual_seed(0)
    head = MODELS.build({**dict(
        type='zs_methods.JoEmHead', in_channels=(4, 8), in_index=(0, 1), channels=70, low_channels=3, dilations=(1, 2),
        dropouts=(0.0, 0.0), dropout_ratio=0.1, num_classes=6, norm_cfg=dict(type='BN'), vector_dim=4, unseen=[1, 3],
        background=0, sigma=0.5, align_corners=True, loss_decode=dict(type='zs_methods.WeightedCrossEntropy')),
        **settings})
    head.vectors.normal_()
    return head


def stages_of_backbone(head, size=(7, 9)):
    """Made-up outputs of a backbone, from which the head makes features."""
    return torch.randn(2, 4, *size), torch.randn(2, 8, 3, 4)


@pytest.mark.parametrize('ignored', [[], [0]])
@pytest.mark.parametrize('sigma', [0.5, 0.7, 1.0])
@torch.no_grad()
def test_decision(sigma, ignored):
    """Features are interpolated to the size of the image; of the two nearest classes, the smaller shrunk distance."""
    head = build(sigma=sigma, ignored=ignored).eval()
    inputs = stages_of_backbone(head)
    pixels = head.forward_features(inputs).permute(0, 2, 3, 1).reshape(-1, 70)
    head.vectors.copy_(torch.randn(6, 4))
    wanted = pixels[torch.randperm(len(pixels))[:6]]  # prototypes lie near features
    head.semantic_encoder.weight.copy_(torch.linalg.lstsq(head.vectors, wanted - wanted.mean(dim=0)).solution.T)
    head.semantic_encoder.bias.copy_(wanted.mean(dim=0))
    features = resized(head.forward_features(inputs).double(), (33, 41)).permute(0, 2, 3, 1).reshape(-1, 70).numpy()
    prototypes = (head.vectors @ head.semantic_encoder.weight.T + head.semantic_encoder.bias).double().numpy()
    classes = [c for c in range(6) if c not in ignored]
    distances = ((features[:, None] - prototypes[None, classes]) ** 2).sum(axis=2)
    expected, margins = [], []
    for row in distances:
        nearest_two = np.argsort(row, kind='stable')[:2]
        shrunk = [row[i] * (sigma if classes[i] in (1, 3) else 1) for i in nearest_two]
        expected.append(classes[nearest_two[int(shrunk[1] < shrunk[0])]])
        margins.append(abs(shrunk[1] - shrunk[0]))
    scores = head.predict(inputs, [dict(img_shape=(33, 41))] * 2, {})
    clear = np.array(margins) > 1e-4
    assert clear.mean() > 0.99 and len(set(expected)) > 2
    assert (scores.argmax(dim=1).reshape(-1).numpy() == np.array(expected))[clear].all()
    if sigma == 1.0:
        found = -scores.permute(0, 2, 3, 1).reshape(-1, 6).numpy()[:, classes]
        np.testing.assert_allclose(found, distances, rtol=1e-5, atol=1e-4)


def test_loss_and_its_gradients():
    """CE at the size of the labels + BAR + alpha SC, on features behind the dropout, for every parameter."""
    head = build(loss_bar=dict(ratio=0.5), loss_sc=dict(temperature=5.0, loss_weight=0.1))
    labels = torch.randint(0, 6, (2, 3, 3)).repeat_interleave(9, 1).repeat_interleave(12, 2)
    labels[:, :4] = 255
    inputs, samples = stages_of_backbone(head), [SegDataSample(gt_sem_seg=PixelData(data=own[None])) for own in labels]
    torch.manual_seed(5)
    losses = head.loss(inputs, samples, {})
    ours = losses['loss_ce'] + losses['loss_bar'] + losses['loss_sc']
    torch.manual_seed(5)
    features = nn.functional.dropout(head.forward_features(inputs), 0.1)
    weight, bias = head.conv_seg.weight[:, :, 0, 0], head.conv_seg.bias
    logits = torch.einsum('nchw,kc->nkhw', features, weight) + bias[:, None, None]
    logits = nn.functional.interpolate(logits, size=labels.shape[1:], mode='bilinear', align_corners=True)
    kept = labels != 255
    right = logits.permute(0, 2, 3, 1)[kept]
    expected = (right.exp().sum(dim=1).log() - right[torch.arange(len(right)), labels[kept]]).mean()
    expected = expected + expected_bar(features, labels, head.vectors, head.semantic_encoder, 0.5).float()
    seen = [2, 4, 5]  # without background
    encoded = head.vectors[seen] @ head.semantic_encoder.weight.T + head.semantic_encoder.bias
    for i in range(3):
        wanted = (-5 * (head.vectors[seen][i] - head.vectors[seen]).norm(dim=1)).softmax(0)
        others = [j for j in range(3) if j != i]
        distance = torch.zeros(3).index_put((torch.tensor(others),), (encoded[i] - encoded[others]).norm(dim=1))
        expected = expected + 0.1 / 3 * (wanted * (wanted.log() - (-distance).log_softmax(0))).sum()
    torch.testing.assert_close(ours, expected, **EXACT)
    names, parameters = zip(*head.named_parameters(), strict=True)
    for name, one, other in zip(names, torch.autograd.grad(ours, parameters), torch.autograd.grad(expected, parameters),
                                strict=True):
        torch.testing.assert_close(one, other, **EXACT, msg=lambda text, name=name: f'{name}: {text}')


def test_the_semantic_encoder_starts_as_published():
    encoder = build(vector_dim=300).semantic_encoder
    assert (encoder.bias == 0.01).all()
    bound = (6 / (300 + 70)) ** 0.5
    assert encoder.weight.abs().max() <= bound
    assert encoder.weight.std().item() == pytest.approx(bound / 3 ** 0.5, rel=0.02)
