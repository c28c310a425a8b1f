import torch

from zs_methods.models.pixels import draw_per_class, resized_labels


def test_draws_pixels_of_every_class_and_only_those():
    torch.manual_seed(0)
    labels = torch.tensor([7, 255, 2, 2, 7, 255, 0, 2])
    classes, at = draw_per_class(labels, 200)
    assert classes.tolist() == [0, 2, 7]
    assert at.shape == (3, 200)
    assert [sorted(set(row.tolist())) for row in at] == [[6], [2, 3, 7], [0, 4]]
    counts = torch.bincount(at[1])[[2, 3, 7]]
    assert (counts > 40).all()  # 66.7 expected, deviation 6.7


def test_nothing_to_draw_is_no_error():
    classes, at = draw_per_class(torch.full((6,), 255), 4)
    assert len(classes) == 0 and at.shape == (0, 4)


def test_labels_keep_their_ids_at_every_size():
    labels = torch.tensor([[[0, 255], [19, 3]]])
    large = resized_labels(labels, (8, 6))
    assert torch.equal(large[0, ::4, ::3], labels[0]) and set(large.unique().tolist()) == {0, 3, 19, 255}
    assert torch.equal(resized_labels(large, (2, 2)), labels)
