"""Connected components of label maps; against a search pixel by pixel in the tests of ZS3Net-GC's graph."""

import torch

from zs_methods.stages.components import components


def test_components_follow_the_raster_order_image_after_image():
    nodes, first, pairs = components(torch.tensor([[[5, 5, 7], [7, 5, 7]], [[5, 5, 5], [5, 5, 5]]]))
    assert nodes.tolist() == [[[0, 0, 1], [2, 0, 1]], [[3, 3, 3], [3, 3, 3]]]
    assert first.tolist() == [0, 2, 3, 6]
    assert {tuple(sorted(pair)) for pair in pairs.tolist()} == {(0, 1), (0, 2)}


def test_a_corner_joins_equal_labels_and_makes_neighbours_of_others():
    nodes, _, pairs = components(torch.tensor([[[1, 2], [2, 3]]]))
    assert nodes.tolist() == [[[0, 1], [1, 2]]]
    assert {tuple(sorted(pair)) for pair in pairs.tolist()} == {(0, 1), (0, 2), (1, 2)}
