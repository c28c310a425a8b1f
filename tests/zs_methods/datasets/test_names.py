"""How names and paths are shown, and which are the same."""

import pytest

from zs_methods.datasets.names import composed, shown, visible


@pytest.mark.parametrize(('text', 'seen'), [
    ('plain  name.png', 'plain  name.png'), ('caf\u00e9', 'caf\u00e9'), ('caf\udce9', 'caf\\xe9'),
    ('a\nb', 'a\\nb'), ('a\u202eb', 'a\\u202eb')])
def test_what_cannot_be_seen_has_its_code(text, seen):
    assert visible(text) == seen
    seen.encode()


def test_a_message_is_one_short_line():
    assert shown('a  b\n\udcff' + 'x' * 500) == 'a b \\xff' + 'x' * 392 + '...'


def test_accents_have_one_form():
    assert composed('cafe\u0301') == composed('caf\u00e9') == 'caf\u00e9'
    assert composed('A') != composed('a') and composed('\udce9') == '\udce9'
