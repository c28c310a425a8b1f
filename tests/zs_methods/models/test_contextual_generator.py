import torch
from torch.distributions import Normal, kl_divergence

from zs_methods.models.generators.contextual_generator import kl_to_unit
from zs_methods.registry import MODELS


def module(**settings):
    torch.manual_seed(0)
    return MODELS.build({'type': 'zs_methods.ContextualModule', 'feature_dim': 6, 'channels': 32, **settings})


def test_kl_is_zero_for_a_unit_gaussian_and_agrees_with_torch_otherwise():
    assert kl_to_unit(torch.zeros(2, 3), torch.zeros(2, 3)).item() == 0
    mean, log_variance = torch.randn(2, 3), torch.randn(2, 3)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(kl_to_unit(mean, log_variance), expected)


def test_context_reaches_as_far_as_the_dilations_together():
    features = torch.randn(1, 6, 25, 25, requires_grad=True)
    mean, log_variance = module()(features)
    assert mean.shape == log_variance.shape == features.shape
    mean[0, :, 12, 12].sum().backward()
    rows, columns = features.grad[0].abs().sum(dim=0).nonzero().T
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 20, 4, 20)  # 1 + 2 + 5 to each side


def test_scale_selector_weighs_the_scales_at_every_pixel():
    """With all weight on the first scale, the latent sees no further than its dilation."""
    contextual = module()
    with torch.no_grad():
        contextual.selector.weight.zero_()
        contextual.selector.bias.copy_(torch.tensor([200.0, 0.0, 0.0]))
    features = torch.randn(1, 6, 25, 25, requires_grad=True)
    contextual(features)[0][0, :, 12, 12].sum().backward()
    rows = features.grad[0].abs().sum(dim=0).nonzero()[:, 0]
    assert (rows.min(), rows.max()) == (11, 13)


def test_generated_features_depend_on_class_vector_and_latent():
    torch.manual_seed(0)
    generator = MODELS.build(dict(
        type='zs_methods.ContextualGenerator', vector_dim=3, feature_dim=6, hidden_dim=8)).eval()
    vectors, latents = torch.randn(4, 5, 3), torch.randn(4, 5, 6)
    first = generator(vectors, latents)
    assert first.shape == (4, 5, 6)
    assert not torch.allclose(first, generator(vectors + 1, latents))
    assert not torch.allclose(first, generator(vectors, latents + 1))
