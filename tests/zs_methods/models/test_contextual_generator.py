"""CaGNet's module, feature and generator against a plain writing of the table of its code, and their parts."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from zs_methods.models.decode_heads.cagnet_head import Encoded
from zs_methods.models.generators.contextual_generator import kl_to_unit
from zs_methods.registry import MODELS


def module(**settings):
    torch.manual_seed(0)
    return MODELS.build({'type': 'zs_methods.ContextualModule', 'feature_dim': 6, 'channels': 32, **settings})


def generator(**settings):
    torch.manual_seed(0)
    return MODELS.build({'type': 'zs_methods.ContextualGenerator', 'vector_dim': 3, 'feature_dim': 6,
                         'hidden_dims': (12, 11, 10, 9, 8), **settings})


def plain_latent(h, weights):
    """Mean and log-variance of features h, with the weights in the order of the table."""
    c1, c2, c3, gate, pool, mean, log_variance = weights
    s1 = F.conv2d(1 / (1 + torch.exp(-h)), c1, padding=1).clamp(min=0)
    s2 = F.conv2d(s1, c2, padding=2, dilation=2).clamp(min=0)
    s3 = F.conv2d(s2, c3, padding=5, dilation=5).clamp(min=0)
    logits = F.conv2d(torch.cat([s1, s2, s3], 1), gate, padding=1).clamp(min=0)
    scale = 1 / (1 + torch.exp(-logits))
    gated = [s * scale[:, i, None] for i, s in enumerate((s1, s2, s3))]
    pooled = torch.einsum('nchw,dc->ndhw', torch.cat(gated, 1), pool[:, :, 0, 0]).clamp(min=0)
    return F.conv2d(pooled, mean, padding=1), F.conv2d(pooled, log_variance, padding=1).clamp(min=0)


def plain_feature(h, latent):
    return torch.sigmoid(h + h * torch.sigmoid(latent))


def plain_generator(a, z, weights):
    """Six layers without dropout."""
    x = torch.cat([a, z], -1)
    for i in range(0, len(weights), 2):
        x = x @ weights[i].T + weights[i + 1]
        x = torch.where(x > 0, x, 0.2 * x) if i < len(weights) - 2 else torch.sigmoid(x)
    return x


def assert_same(ours, theirs, ours_of, theirs_of):
    """Values, and gradients of a weighted sum, to 1e-5."""
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    direction = torch.randn_like(ours)
    gradients = [torch.autograd.grad((values * direction).sum(), of, retain_graph=True)
                 for values, of in ((ours, ours_of), (theirs, theirs_of))]
    for mine, other in zip(*gradients, strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('part', ['mean', 'log-variance', 'feature'])
def test_module_agrees_with_a_plain_writing_of_the_table(part):
    contextual = module().double()
    weights = [weight.detach().clone().requires_grad_() for weight in contextual.parameters()]
    ours_h = torch.randn(2, 6, 15, 15, dtype=torch.float64, requires_grad=True)
    plain_h = ours_h.detach().clone().requires_grad_()
    noise = torch.randn_like(ours_h)
    mean, log_variance = contextual(ours_h)
    plain_mean, plain_log_variance = plain_latent(plain_h, weights)
    pairs = {'mean': (mean, plain_mean), 'log-variance': (log_variance, plain_log_variance)}
    if part == 'feature':
        latent = mean + (log_variance / 2).exp() * noise
        ours = Encoded(ours_h, mean, log_variance).contextual(latent)
        plain = plain_feature(plain_h, plain_mean + torch.sqrt(torch.exp(plain_log_variance)) * noise)
        assert ours.min() > 0 and ours.max() < 1
        pairs[part] = ours, plain
    names = [name for name, _ in contextual.named_parameters()]
    used = [i for i, name in enumerate(names)
            if part == 'feature' or not name.startswith({'mean': 'log_variance', 'log-variance': 'mean'}[part])]
    ours_of, plain_of = (list(contextual.parameters()), weights)
    assert_same(*pairs[part], [ours_h, *(ours_of[i] for i in used)], [plain_h, *(plain_of[i] for i in used)])


def test_generator_agrees_with_a_plain_writing_of_the_table():
    made = generator().double().eval()
    weights = [weight.detach().clone().requires_grad_() for weight in made.parameters()]
    assert len(weights) == 12
    vectors, latents = torch.randn(7, 3).double(), torch.randn(7, 6).double()
    assert_same(made(vectors, latents), plain_generator(vectors, latents, weights), list(made.parameters()), weights)


def test_published_sizes():
    with torch.device('meta'):
        made = MODELS.build(dict(type='zs_methods.ContextualGenerator', vector_dim=600, feature_dim=600))
        contextual = MODELS.build(dict(type='zs_methods.ContextualModule', feature_dim=600))
    assert sum(weight.numel() for weight in made.parameters()) == 4_720_088
    assert [layer.p for layer in made.layers if isinstance(layer, torch.nn.Dropout)] == [0.1, 0.1, 0.3, 0.5, 0.5]
    assert [tuple(weight.shape) for weight in contextual.parameters()] == [
        (256, 600, 3, 3), (256, 256, 3, 3), (256, 256, 3, 3), (3, 768, 3, 3), (600, 768, 1, 1), (600, 600, 3, 3),
        (600, 600, 3, 3)]


def test_every_hidden_layer_needs_a_dropout_rate():
    with pytest.raises(ValueError, match='as many dropouts'):
        generator(dropouts=(0.1,))


def test_kl_is_zero_for_a_unit_gaussian_and_agrees_with_torch_otherwise():
    labelled = torch.ones(2, 4, 5, dtype=torch.bool)
    assert kl_to_unit(torch.zeros(2, 3, 4, 5), torch.zeros(2, 3, 4, 5), labelled).item() == 0
    mean, log_variance = torch.randn(2, 2, 3, 4, 5)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_unit(mean, log_variance, labelled), expected.mean())
    labelled[1] = False
    torch.testing.assert_close(kl_to_unit(mean, log_variance, labelled), expected[0].mean())
    assert kl_to_unit(mean, log_variance, labelled & False).item() == 0


def test_context_reaches_as_far_as_the_convolutions_together():
    features = torch.randn(1, 6, 27, 27, requires_grad=True)
    mean, log_variance = module()(features)
    assert mean.shape == log_variance.shape == features.shape
    mean[0, :, 13, 13].sum().backward()
    rows, columns = features.grad[0].abs().sum(dim=0).nonzero().T
    reach = (13 - 10, 13 + 10) * 2  # 1 + 2 + 5 of the scales, 1 of the gate and 1 of the mean to each side
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == reach


def test_generated_features_depend_on_class_vector_and_latent():
    made = generator().eval()
    vectors, latents = torch.randn(4, 5, 3), torch.randn(4, 5, 6)
    first = made(vectors, latents)
    assert first.shape == (4, 5, 6)
    assert first.min() > 0 and first.max() < 1
    assert not torch.allclose(first, made(vectors + 1, latents))
    assert not torch.allclose(first, made(vectors, latents + 1))
