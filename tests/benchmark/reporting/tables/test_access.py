"""Label access in reports."""

from __future__ import annotations

import pytest
from fakes import fake_access, fake_record
from pages import one_section

from benchmark.reporting.tables import access
from zs_methods.protocols import ACCESS, PROTOCOLS, Protocol


def test_access_scale_is_that_of_the_protocols() -> None:
    assert access.ACCESS == ACCESS


@pytest.mark.parametrize('card', PROTOCOLS.values(), ids=lambda card: card.name)
@pytest.mark.parametrize('setting', ['inductive', 'transductive'])
def test_allowed_access_is_that_of_the_card(card: Protocol, setting: str) -> None:
    assert access.allowed(card.model_dump(), setting) == card.allowed(setting)


@pytest.mark.parametrize(('protocol', 'setting', 'declared', 'measured', 'marks'), [
    ('zs3-official', 'inductive', 'layout', 'layout', ''),
    ('zs3-official', 'inductive', 'layout', 'pixels', ' (more than declared, more than the card allows)'),
    ('zs3-clean', 'inductive', 'layout', 'layout', ' (more than the card allows)'),
    ('zs3-clean', 'transductive', 'image-oracle', 'image-oracle', ''),
    ('zs3-clean', 'inductive', 'image-oracle', 'image-oracle', ' (more than the card allows)'),
    ('spnet', 'inductive', 'image-filter', 'ignore-mask', ' (more than declared)'),
    ('spnet', 'inductive', 'ignore-mask', 'image-filter', '')])
def test_access_beyond_card_or_declaration(protocol: str, setting: str, declared: str, measured: str, marks: str
                                           ) -> None:
    record = fake_record(label_access=fake_access(measured), protocol=protocol)
    record.method.reads_unseen_gt, record.method.setting = declared, setting
    (row,) = access.levels(one_section([record])).to_dict('records')
    assert row['measured'] == f'{measured}{marks}' and row['declares'] == declared
    assert row['allowed'] == PROTOCOLS[protocol].allowed(setting)


def test_access_is_one_line_for_ks_that_are_alike() -> None:
    records = [fake_record(k=k, label_access=fake_access(level)) for k, level in
               ((2, 'none'), (4, 'none'), (6, 'image-filter'))]
    rows = access.levels(one_section(records)).to_dict('records')
    assert [(row['measured'], row['at K']) for row in rows] == [('none', '2, 4'), ('image-filter', '6')]


def test_access_counts_training_and_tells_other_purposes_apart() -> None:
    def subset(pixels: int, **counts: int) -> dict:
        return {'images': 10, 'images_dropped': 0, 'images_masked': 0, 'pixels_masked': 0, 'images_chosen': 0, **counts,
                'unseen_pixels': {'dotted blue': pixels, 'striped red': pixels} if pixels else {}}

    stages = {'seen': {'train': subset(0, images_dropped=7)},
              'loop': {'train': subset(0, images_chosen=3), 'train for layout': subset(40)},
              'pseudo': {'train for diagnosis': subset(500)}, 'evaluate': {'val': subset(9000)}}
    leaking = fake_record('zs5', label_access={'level': 'layout', 'stages': stages})
    oracle = fake_record('oracle', label_access=fake_access('pixels', {'dotted blue': 33}))
    rows = access.counts(one_section([leaking, oracle])).to_dict('records')
    assert rows[0] == {'K': '2', 'method': 'zs5', 'images': '30', 'images dropped': '7', 'images chosen': '3',
                       'unseen pixels: training': '0', 'layout': '80', 'diagnosis only': '1,000'}
    assert (rows[1]['unseen pixels: training'], rows[1]['layout']) == ('33', '0')
    (plain,) = access.counts(one_section([fake_record()])).to_dict('records')
    assert list(plain) == ['K', 'method', 'images', 'images dropped']
