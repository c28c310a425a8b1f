import torch

from zs_methods.models.pixels import draw_runs, resized_labels


def runs(labels, count, length):
    classes, at, inside = draw_runs(torch.tensor(labels), count, length)
    return sorted((row[kept].tolist(), id_.item()) for id_, row, kept in zip(classes, at, inside, strict=True))


def test_runs_are_contiguous_labelled_pixels_of_one_label():
    """A pixel without label is left out, and ends no run."""
    labels = [7, 7, 255, 7, 2, 255, 255, 2, 0, 7]
    assert runs(labels, 10, 8) == [([0, 1, 3], 7), ([4, 7], 2), ([8], 0), ([9], 7)]


def test_longer_runs_are_cut():
    assert runs([4] * 7 + [1], 10, 3) == [([0, 1, 2], 4), ([3, 4, 5], 4), ([6], 4), ([7], 1)]


def test_some_of_many_runs_are_drawn_anew_each_time():
    torch.manual_seed(0)
    labels = [i % 2 for i in range(100)]
    first, second = runs(labels, 10, 4), runs(labels, 10, 4)
    assert len(first) == len(second) == 10
    assert len({tuple(at) for at, _ in first}) == 10
    assert first != second


def test_no_labelled_pixel_is_no_error():
    classes, at, inside = draw_runs(torch.full((6,), 255), 4, 5)
    assert classes.shape == (0,) and at.shape == inside.shape == (0, 5)


def test_labels_keep_their_ids_at_every_size():
    labels = torch.tensor([[[0, 255], [19, 3]]])
    large = resized_labels(labels, (8, 6))
    assert torch.equal(large[0, ::4, ::3], labels[0]) and set(large.unique().tolist()) == {0, 3, 19, 255}
    assert torch.equal(resized_labels(large, (2, 2)), labels)
