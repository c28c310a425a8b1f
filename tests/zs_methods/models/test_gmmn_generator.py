import pytest
import torch

from zs_methods.registry import MODELS


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def build(**settings):
    return MODELS.build(dict(type='zs_methods.GMMNGenerator', **{
        'vector_dim': 300, 'feature_dim': 256, **settings}))


def test_has_the_published_number_of_parameters():
    assert sum(p.numel() for p in build().parameters()) == 219_648


def test_samples_are_a_pure_function_of_the_stream_and_vary_within_it():
    generator, vectors, source = build(), torch.randn(3, 300), stream()
    first, second = generator.sample(vectors, 5, source), generator.sample(vectors, 5, source)
    assert first.shape == (3, 5, 256)
    assert not torch.equal(first, second)
    torch.manual_seed(123)
    assert torch.equal(first, generator.sample(vectors, 5, stream()))


def test_dropout_is_active_also_in_evaluation_mode():
    generator = build(noise_dim=1, dropout=0.5).eval()
    torch.nn.init.zeros_(generator.hidden.weight)
    samples = generator.sample(torch.zeros(1, 300), 2, stream())[0]
    assert not torch.equal(samples[0], samples[1])


def test_noise_is_uniform_or_gaussian():
    # With weights that copy the noise, the range of the output tells the distribution.
    for noise, below_zero in (('uniform', False), ('gaussian', True)):
        generator = build(vector_dim=1, feature_dim=1, noise_dim=1, hidden_dim=1, noise=noise, dropout=0.0)
        for layer, weight in ((generator.hidden, [[0.0, 1.0]]), (generator.output, [[1.0]])):
            layer.weight.data = torch.tensor(weight)
            layer.bias.data.zero_()
        out = generator.sample(torch.zeros(1, 1), 500, stream())
        assert (out.min() < 0).item() == below_zero
        assert (out.max() > 1).item() == below_zero
    with pytest.raises(ValueError, match='uniform'):
        build(noise='pink')
