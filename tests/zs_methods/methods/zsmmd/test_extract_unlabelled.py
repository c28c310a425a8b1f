"""Pixel features of images that are read without labels."""

import json

import numpy as np


def summary(folders, stage):
    return json.loads((folders[stage] / 'summary.json').read_text())


def test_unlabelled_bank_holds_a_sample_of_every_image_and_no_label(recurse):
    folders = recurse('unlabelled', **{'recursion.unlabelled.per_image': 5})
    with np.load(folders['unlabelled'] / 'bank.npz') as bank:
        assert sorted(bank) == ['features', 'images', 'positions', 'sizes']
        images = len(bank['sizes'])
        assert (np.bincount(bank['images'], minlength=images) == 5).all()
        pairs = set(zip(bank['images'].tolist(), bank['positions'].tolist(), strict=True))
        assert len(pairs) == len(bank['images'])
        assert (bank['positions'] < bank['sizes'].prod(axis=1)[bank['images']]).all()
    limited = recurse('unlabelled', **{'recursion.unlabelled.limit': 2 * images})
    assert summary(limited, 'unlabelled')['per_image'] == 2
