"""What a page says of unseen classes that the backbone's pre-training shows."""

from __future__ import annotations

from fakes import fake_network, fake_record
from pages import page

VOC = ['background', 'dog', 'cow', 'cat', 'sofa']


def access(text: str) -> str:
    """The section on label access."""
    return text[text.index('### Label access'):].split('\n### ')[0]


def test_unseen_classes_that_imagenet_shows_are_listed(tmp_path) -> None:
    text = access(page([fake_record(dataset='voc', classes=VOC, network=fake_network())], tmp_path, 'voc'))
    (dog,) = [line for line in text.splitlines() if line.startswith('- dog: ')]
    assert 'Chihuahua' in dog
    assert '2 of 2 unseen classes have categories of their own in ImageNet-1k' in text


def test_a_backbone_from_scratch_has_seen_nothing(tmp_path) -> None:
    text = access(page([fake_record(dataset='voc', classes=VOC)], tmp_path, 'voc'))
    assert 'The backbone was not pre-trained.' in text and 'Chihuahua' not in text


def test_what_nobody_judged_is_said(tmp_path) -> None:
    mine = fake_record(dataset='voc', classes=['background', 'dog', 'unicorn', 'cat', 'sofa'], network=fake_network())
    assert 'is not known' in access(page([mine], tmp_path, 'voc'))


def test_how_many_it_shows_stands_beside_the_table_of_a_k(tmp_path) -> None:
    page([fake_record(dataset='voc', classes=VOC, network=fake_network())], tmp_path, 'voc')
    text = (tmp_path / 'voc.md').read_text()
    assert ('2 of 2 unseen classes have categories of their own in the pre-training: [which](voc/protocol.md).'
            in text[text.index('### K='):text.index('|   rank')])
    page([fake_record(dataset='voc', classes=VOC)], tmp_path, 'voc')
    assert 'have categories' not in (tmp_path / 'voc.md').read_text()
