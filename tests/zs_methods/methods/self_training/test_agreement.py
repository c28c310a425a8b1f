"""STRICT's agreement of six views against a writing of its code's rule (giuseppepastore10/STRICT bc18093).

No expected value comes from the teacher, the stage or the loss that are tested.
"""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zs_methods.configs import load_config
from zs_methods.methods.self_training.pseudo_label import PseudoLabel
from zs_methods.methods.self_training.teacher import Teacher
from zs_methods.registry import MODELS

UNSEEN, SEEN = (2, 4), (0, 1, 3)
COPIES = load_config('strict', 'voc', 'r101').self_training.copies
SIZE = (26, 38)


class Network(nn.Module):
    """Scores of five classes at a quarter of the size, which change with scale and mirroring."""

    align_corners = False

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.convolution = nn.Conv2d(3, 5, 5, stride=4, padding=2)
        self.decode_head = lambda features: features
        self.decode_head.num_classes = 5

    def extract_feat(self, images):
        return self.convolution(images)


def views(network, images):
    """Scores of the six views at the size of the images: each of three scales, and its mirror."""
    for scale in (1, 1.5, 1.75):
        for mirror in (False, True):
            view = images.flip(3) if mirror else images
            if scale != 1:
                view = F.interpolate(view, scale_factor=scale, mode='bilinear', align_corners=False)
            scores = network.convolution(view)
            if mirror:
                scores = scores.flip(3)
            yield F.interpolate(scores, size=SIZE, mode='bilinear', align_corners=False)


@pytest.fixture
def scene():
    """A network, images, and the labels that the card shows: seen classes, and 255."""
    network = Network()
    torch.manual_seed(4)
    images = F.interpolate(torch.randn(3, 3, 5, 7), size=SIZE, mode='bilinear') * 3
    shown = torch.tensor(SEEN)[torch.randint(0, 3, (3, *SIZE))]
    shown[torch.rand(3, *SIZE) < 0.7] = 255
    return network, images, shown


@torch.no_grad()
def test_a_hidden_pixel_gets_the_unseen_class_on_which_six_views_agree(scene):
    network, images, shown = scene
    votes = np.stack([scores[:, list(UNSEEN)].argmax(dim=1).numpy() for scores in views(network, images)])
    agreed = (votes == votes[0]).all(axis=0)
    expected = np.where(shown == 255, np.where(agreed, np.array(UNSEEN)[votes[0]], 255), shown)
    first = next(views(network, images))[:, list(UNSEEN)].softmax(dim=1).amax(dim=1)

    stage = PseudoLabel([], 'mask', p=100, restrict=True, copies=COPIES)
    counts = torch.zeros(2, 5, dtype=torch.int64)
    labels, kept, confidence = stage._candidates(Teacher(network, UNSEEN, None), images, shown, counts)
    found = np.where(shown == 255, np.where(kept, labels, 255), shown)
    assert (found == expected).all()
    hidden = shown == 255
    torch.testing.assert_close(confidence[hidden], first[hidden], rtol=1e-5, atol=1e-5)
    assert counts[0].sum() == hidden.sum() and counts[1].tolist() == [
        int((expected == c).sum()) if c in UNSEEN else 0 for c in range(5)]
    assert {2, 4, 255} <= set(np.unique(expected)) and 0.1 < agreed.mean() < 0.9


@torch.no_grad()
def test_every_view_has_a_say(scene):
    """Without any one of the five copies more pixels keep a label."""
    network, images, shown = scene
    kept = []
    for copies in (COPIES, *(COPIES[:i] + COPIES[i + 1:] for i in range(5))):
        stage = PseudoLabel([], 'mask', p=100, restrict=True, copies=copies)
        counts = torch.zeros(2, 5, dtype=torch.int64)
        kept.append(int(stage._candidates(Teacher(network, UNSEEN, None), images, shown, counts)[1].sum()))
    assert min(kept[1:]) > kept[0] > 0


def test_the_student_learns_from_shown_and_agreed_labels_alike(scene):
    """The mean over all labelled pixels, whatever the origin of the label."""
    network, images, shown = scene
    with torch.no_grad():
        votes = torch.stack([scores[:, list(UNSEEN)].argmax(dim=1) for scores in views(network, images)])
        agreed = (votes == votes[0]).all(dim=0)
    labels = torch.where(shown == 255, torch.where(agreed, torch.tensor(UNSEEN)[votes[0]], 255), shown)
    scores = torch.randn(3, 5, *SIZE, requires_grad=True)
    loss = MODELS.build(load_config('strict', 'voc', 'r101').model.decode_head.loss_decode | dict(per_batch=False))
    ours = loss(scores, labels)
    rows = scores.permute(0, 2, 3, 1)[labels != 255]
    expected = -(rows.softmax(dim=1)[torch.arange(len(rows)), labels[labels != 255]]).log().mean()
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.autograd.grad(ours, scores)[0], torch.autograd.grad(expected, scores)[0],
                               rtol=1e-5, atol=1e-5)
