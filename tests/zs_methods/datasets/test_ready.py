"""Tests of zs_methods.datasets.ready."""

from zs_methods.datasets import load_spec
from zs_methods.datasets.micro import write_micro
from zs_methods.datasets.ready import counts, ensure


def test_only_an_embedded_data_set_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr('zs_methods.datasets.shapes_generator.generate', lambda root, progress: f'made in {root.name}')
    assert ensure(load_spec('shapes'), tmp_path / 'here') == 'made in here'
    assert ensure(load_spec('voc'), tmp_path) == ''


def test_images_there_are_counted_beside_the_published_ones(tmp_path):
    write_micro(tmp_path, {'train': 5, 'val': 3, 'unlabelled': 2})
    found = counts(load_spec('shapes'), tmp_path)
    assert {subset: part['images'] for subset, part in found.items()} == {'train': 5, 'val': 3, 'unlabelled': 2}
