"""Label maps as graphs, against a search pixel by pixel."""

import numpy as np
import pytest
import torch

from zs_methods.methods.zs3_gc.graph import build_graph
from zs_methods.stages.components import components


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
