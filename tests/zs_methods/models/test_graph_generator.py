"""Tests of label maps as graphs, and of the generator on them."""

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from zs_methods.models import GMMNGenerator, GraphGenerator
from zs_methods.stages.graph import build_graph, components


def graph_of(*rows):
    return build_graph(torch.tensor([rows]))


def brute_force(labels):
    """Components and neighbours of one label map, pixel by pixel."""
    height, width = labels.shape
    around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    nodes, first = np.full(labels.shape, -1), []
    for start in np.ndindex(height, width):
        if nodes[start] < 0:
            todo, nodes[start] = [start], len(first)
            while todo:
                y, x = todo.pop()
                for i, j in around:
                    at = (y + i, x + j)
                    if 0 <= at[0] < height and 0 <= at[1] < width and nodes[at] < 0 and labels[at] == labels[start]:
                        nodes[at] = len(first)
                        todo.append(at)
            first.append(start)
    adjacency = np.zeros((len(first),) * 2)
    for y, x in np.ndindex(height, width):
        for i, j in around:
            if 0 <= y + i < height and 0 <= x + j < width and nodes[y, x] != nodes[y + i, x + j]:
                adjacency[nodes[y, x], nodes[y + i, x + j]] = 1
    return nodes, first, adjacency


def test_two_regions_that_touch_are_neighbours():
    graph = graph_of([3, 3, 7], [3, 3, 7])
    assert graph.adjacency.tolist() == [[0, 1], [1, 0]]
    assert graph.labels.tolist() == [3, 7]
    assert graph.first.tolist() == [0, 2]
    assert graph.connected.tolist() == [True]


def test_a_label_that_touches_at_a_corner_is_one_component_and_other_labels_there_are_neighbours():
    graph = graph_of([1, 1, 2], [1, 1, 2], [2, 2, 3])
    assert graph.labels.tolist() == [1, 2, 3]  # the two parts of 2 meet at a corner
    assert graph.adjacency[0, 2] == graph.adjacency[2, 0] == 1  # 1 and 3 do nowhere else
    assert graph.adjacency.diagonal().sum() == 0


def test_regions_apart_are_components_of_their_own_without_an_edge():
    graph = graph_of([1, 0, 1])
    assert graph.labels.tolist() == [1, 0, 1]
    assert graph.adjacency.tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]


def test_a_single_region_is_not_connected_and_images_are_apart():
    graph = build_graph(torch.tensor([[[5, 5]], [[5, 255]]]))
    assert graph.connected.tolist() == [False, True]
    assert graph.images.tolist() == [0, 1, 1]
    assert graph.labels.tolist() == [5, 5, 255]  # ignored regions are nodes
    assert graph.adjacency.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize('seed', range(6))
def test_graphs_of_random_masks_equal_a_search_pixel_by_pixel(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3 + seed, (2, 9, 7)).repeat(1 + seed % 2, axis=2)
    graph, offset = build_graph(torch.from_numpy(labels)), 0
    for i, image in enumerate(labels):
        nodes, first, adjacency = brute_force(image)
        mine = slice(offset, offset + len(first))
        assert (graph.nodes[i].numpy() - offset == nodes).all()
        assert (graph.adjacency[mine, mine].numpy() == adjacency).all()
        assert graph.adjacency[mine].sum() == adjacency.sum()
        assert graph.first[mine].tolist() == [i * image.size + y * image.shape[1] + x for y, x in first]
        assert graph.labels[mine].tolist() == [image[at] for at in first]
        offset += len(first)
    assert len(graph.first) == offset
    assert torch.equal(components(torch.from_numpy(labels).byte())[0], graph.nodes)


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
