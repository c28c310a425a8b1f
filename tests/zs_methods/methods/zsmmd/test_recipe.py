"""ZS-MMD's card: it follows the source of the candidates, and what was measured agrees with it."""


import pytest

from zs_methods.configs import load_config
from zs_methods.datasets import audit
from zs_methods.protocols import PROTOCOLS
from zs_methods.registry import METHODS
from zs_methods.task import Task


def method(root, source):
    config = load_config('zsmmd', 'shapes', 'tiny')
    config.merge_from_dict({'recursion.feedback.source': source})
    protocol = PROTOCOLS['zs3-clean']
    return METHODS.get('zsmmd')(config, Task.create('shapes', 2, root, protocol), protocol)


def test_unknown_source_is_refused_while_planning(micro_root):
    with pytest.raises(ValueError, match="'thin-air' is not known; known: synthetic, seen-images, unlabelled"):
        method(micro_root, 'thin-air')


def test_card_follows_the_source(micro_root):
    cards = {source: method(micro_root, source) for source in ('synthetic', 'seen-images', 'unlabelled')}
    assert {source: (card.setting, card.reads_unseen_gt) for source, card in cards.items()} == {
        'synthetic': ('inductive', 'none'), 'seen-images': ('inductive', 'none'),
        'unlabelled': ('transductive', 'image-oracle')}
    for source, card in cards.items():
        assert sum('(source ' in line for line in card.deviations) == 1
        assert any(f'(source {source})' in line for line in card.deviations)


def test_measured_label_access_is_what_the_card_says(recurse):
    levels = {}
    for source in ('seen-images', 'unlabelled'):
        with audit.collect() as access:
            recurse(source, **{'recursion.diagnosis.images': 40})
        assert access['train for diagnosis']['images_unseen'] > 0
        levels[source] = audit.level({subset: counts for subset, counts in access.items() if subset != 'val'})
    assert levels == {'seen-images': 'none', 'unlabelled': 'image-oracle'}  # beyond what the trunk reads
