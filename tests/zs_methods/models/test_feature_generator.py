"""The contract of a generator: it comes back as it was left, with the vectors that it goes with."""

import pytest
import torch
from torch import nn

from zs_methods.models import FeatureGenerator
from zs_methods.registry import MODELS

CPU = torch.device('cpu')


@pytest.fixture
def registered():
    """A generator in closed form, whose only parameter is a buffer."""
    @MODELS.register_module()
    class Shifted(FeatureGenerator):

        def __init__(self, vector_dim, feature_dim, scale=1.0):
            super().__init__()
            self.scale = scale
            self.register_buffer('weight', torch.zeros(vector_dim, feature_dim))

        def sample(self, vectors, count, stream):
            noise = torch.rand(len(vectors), count, 1, generator=stream)
            return (vectors @ self.weight)[:, None] + self.scale * noise

    @MODELS.register_module()
    class Stray(nn.Linear):

        def __init__(self, vector_dim, feature_dim):
            super().__init__(vector_dim, feature_dim)


@pytest.mark.parametrize('kind', ['Shifted', 'GMMNGenerator', 'GraphGenerator'])
def test_it_comes_back_as_it_was_left(registered, tmp_path, kind):
    vectors = torch.randn(5, 4)
    generator = FeatureGenerator.build(dict(type=f'zs_methods.{kind}'), vectors, 6)
    for value in generator.state_dict().values():
        nn.init.normal_(value)
    generator.save(tmp_path)
    again = FeatureGenerator.load(tmp_path, CPU)
    assert type(again) is type(generator) and again.config == generator.config
    assert torch.equal(again.vectors, vectors) and again.state_dict().keys() == generator.state_dict().keys()
    first, second = (one.sample(one.vectors[[3, 1]], 7, torch.Generator().manual_seed(2)) for one in (generator, again))
    assert first.shape == (2, 7, 6) and torch.equal(first, second)
    assert torch.unique(first[0], dim=0).shape[0] == 7


def test_the_file_holds_config_weights_and_vectors_as_plain_data(registered, tmp_path):
    generator = FeatureGenerator.build(dict(type='zs_methods.Shifted', scale=2.0), torch.ones(3, 4), 6)
    generator.save(tmp_path)
    saved = torch.load(tmp_path / 'generator.pth', weights_only=True)
    assert saved['config'] == dict(type='zs_methods.Shifted', scale=2.0, vector_dim=4, feature_dim=6)
    assert list(saved['state_dict']) == ['weight'] and saved['vectors'].shape == (3, 4)


def test_initial_weights_come_from_the_global_stream():
    config, vectors = dict(type='zs_methods.GMMNGenerator', noise_dim=3, hidden_dim=5), torch.ones(2, 4)
    torch.manual_seed(7)
    ours = FeatureGenerator.build(config, vectors, 6)
    torch.manual_seed(7)
    plain = MODELS.build(dict(**config, vector_dim=4, feature_dim=6))
    assert all(torch.equal(plain.state_dict()[name], value) for name, value in ours.state_dict().items())


def test_what_is_no_generator_is_refused(registered):
    with pytest.raises(TypeError, match=r'zs_methods\.Stray is no generator: it must extend FeatureGenerator'):
        FeatureGenerator.build(dict(type='zs_methods.Stray'), torch.ones(2, 4), 6)
