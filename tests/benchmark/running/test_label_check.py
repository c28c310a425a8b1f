"""Measured label access against what is allowed."""

from __future__ import annotations

import pytest

from benchmark.running.label_check import beyond
from zs_methods.evaluation import LAST

NOTHING = {'unseen_pixels': {}, 'images_dropped': 0, 'images_masked': 0, 'images_chosen': 0}


@pytest.mark.parametrize(('subset', 'counts', 'allowed', 'level'), [
    ('train', {}, 'none', ''),
    ('train', {'images_dropped': 2}, 'image-filter', ''),
    ('train', {'images_dropped': 2}, 'none', 'image-filter'),
    ('train', {'images_chosen': 1}, 'image-filter', 'image-oracle'),
    ('train', {'unseen_pixels': {'cat': 1}}, 'layout', 'pixels'),
    ('train for layout', {'unseen_pixels': {'cat': 1}}, 'layout', ''),
    ('train for diagnosis', {'unseen_pixels': {'cat': 1}}, 'none', '')])
def test_what_is_beyond_the_allowed(subset: str, counts: dict, allowed: str, level: str) -> None:
    access = {subset: {**NOTHING, **counts}}
    assert beyond('seen', access, allowed) == level
    assert beyond(LAST, access, allowed) == ''
