"""Which methods are set against which, by what they say of themselves."""

from __future__ import annotations

from typing import Any

from benchmark.records.files import MethodCard
from benchmark.reporting.tables.contrasts import (
    across_settings,
    baseline,
    continued,
    contrasts,
    generators,
    title,
)


def card(*compared_with: str, setting: str = 'inductive', **facts: Any) -> MethodCard:
    return MethodCard(summary='', role='method', setting=setting, reads_unseen_gt='none',
                      compared_with=list(compared_with), **facts)


def test_the_baseline_is_what_most_are_compared_with() -> None:
    assert baseline({}) == baseline({'a': card(), 'b': card('not there')}) == ''
    assert baseline({'a': card(), 'b': card('a'), 'c': card('a', 'b')}) == 'a'
    assert baseline({'b': card('a'), 'a': card('b')}) == 'a'
    # A generator's control is not what others are set against.
    cards = {'net': card('fit', generates=True), 'other': card('fit', 'net', generates=True), 'fit': card()}
    assert baseline(cards) == 'net'


def test_all_others_are_set_against_the_baseline_once() -> None:
    cards = {'net': card('fit', generates=True), 'fit': card('net'), 'silent': card(),
             'new': card('net', 'gone', 'new')}
    assert contrasts(cards) == [('new', 'net', ''), ('silent', 'net', '')]
    assert generators(cards) == [('net', 'fit', '')]
    assert contrasts({'a': card('b'), 'b': card('a'), 'c': card('b')}) == [('a', 'b', ''), ('c', 'b', '')]


def test_what_shows_something_comes_first_and_of_that_what_continues_another() -> None:
    cards = {'net': card(), 'a': card('net', shows={'net': 'what an angle adds'}),
             'z': card('net', shows={'net': 'what the zenith adds'}, continues='net'), 'm': card('net'),
             'd': card('z', 'net', shows={'z': 'what dust adds', 'gone': 'nothing'}, continues='z')}
    assert contrasts(cards) == [('d', 'z', 'what dust adds'), ('z', 'net', 'what the zenith adds'),
                                ('a', 'net', 'what an angle adds'), ('d', 'net', ''), ('m', 'net', '')]


def test_generators_against_what_makes_no_features_baseline_first() -> None:
    cards = {'a': card('fit', 'net', generates=True),
             'b': card('net', 'fit', generates=True, shows={'net': 'what b adds'}),
             'net': card('fit', generates=True), 'fit': card(), 'other': card('fit')}
    assert [pair[:2] for pair in generators(cards)] == [('net', 'fit'), ('b', 'fit'), ('a', 'fit')]


def test_a_continued_generator_is_told_plainly_against_one_of_its_setting() -> None:
    cards = {'net': card(generates=True, title='Net'), 'on': card(generates=True, continues='net'),
             'told': card(generates=True, continues='net', setting='transductive'), 'flat': card(continues='net'),
             'lost': card(generates=True, continues='gone')}
    assert continued(cards) == [('on', 'net', '')]
    assert title(cards, 'net') == 'Net' and title(cards, 'on') == 'on'


def test_only_what_continues_another_is_paired_across_settings() -> None:
    more = {'setting': 'transductive'}
    cards = {'net': card('fit', generates=True), 'fit': card('net'),
             'told': card('net', 'fit', generates=True, continues='net', shows={'net': 'what more adds'}, **more),
             'far': card('net', 'told', continues='told', **more), 'silent': card('told', continues='told', **more),
             'lost': card('net', continues='gone', **more), 'ring': card('ring', continues='ring', **more),
             'loop': card('fit', 'silent', generates=True, **more)}  # what makes no features is a rival here
    assert across_settings(cards) == [('far', 'net', ''), ('told', 'net', 'what more adds')]
    assert contrasts(cards) == [('far', 'told', ''), ('loop', 'silent', ''), ('silent', 'told', '')]
    assert generators(cards) == [('net', 'fit', '')]
