"""Tests of the generator on graphs of label maps."""

import torch
from torch.nn.functional import one_hot

from zs_methods.models import GMMNGenerator, GraphGenerator


def generator(**settings):
    torch.manual_seed(0)
    return GraphGenerator(4, 5, noise_dim=3, hidden_dim=6, **settings)


def test_published_size_and_the_identity_is_the_plain_generator():
    assert sum(p.numel() for p in GraphGenerator(300, 256).parameters()) == 219_648
    graph, plain = generator(), GMMNGenerator(4, 5, noise_dim=3, hidden_dim=6)
    plain.load_state_dict(graph.state_dict())
    vectors = torch.randn(7, 4)
    torch.testing.assert_close(graph(vectors, torch.Generator().manual_seed(1), torch.eye(7)),
                               plain(vectors, torch.Generator().manual_seed(1)))


def test_a_layer_is_the_adjacency_times_the_transformed_nodes_plus_the_bias():
    model, vectors = generator(dropout=0.0), torch.randn(3, 4)
    adjacency = torch.tensor([[0., 1, 1], [1, 0, 0], [1, 0, 0]])
    noise = torch.rand(3, 3, generator=torch.Generator().manual_seed(2))
    x = torch.cat([vectors, noise], dim=1)
    for linear, activation in ((model.hidden, lambda h: torch.where(h > 0, h, 0.2 * h)), (model.output, lambda h: h)):
        x = activation(adjacency @ (x @ linear.weight.T) + linear.bias)
    torch.testing.assert_close(model(vectors, torch.Generator().manual_seed(2), adjacency), x)


def test_without_self_loops_the_own_vector_comes_back_at_the_second_hop():
    model, adjacency = generator(dropout=0.0), torch.tensor([[0., 1, 0], [1, 0, 1], [0, 1, 0]])

    def influence(adjacency):
        vectors = one_hot(torch.arange(3), 4).float().requires_grad_()
        model(vectors, torch.Generator().manual_seed(3), adjacency)[0].sum().backward()
        return vectors.grad.abs().sum(dim=1) > 0

    assert influence(adjacency).tolist() == [True, False, True]  # itself, and the neighbour of its neighbour
    assert influence(torch.zeros(3, 3)).tolist() == [False] * 3  # nothing but the bias is left
